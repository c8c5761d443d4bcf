"""The shape of the database: up, down, twice and at once, on both engines; and it is the shape the tables say."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, select

from app.store.database.engine import Engines, open_engines
from app.store.database.migrate import current, migrate, newest
from app.store.tables import METADATA, Pause
from tests.deployment import Deployment
from tests.deployment.orders import new_order
from tests.harness.next_program import REVISION, next_migrations

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engines]:
    """An empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'deep' / 'new.db'}"
    else:
        make: Callable[[str], str] = request.getfixturevalue("new_postgresql")
        url = make("template0")
    engines = open_engines(url)
    yield engines
    engines.dispose()


def _tables(engines: Engines) -> set[str]:
    with engines.reader.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_an_empty_database_is_brought_to_the_newest_shape_and_again_to_nothing(nothing: Engines):
    assert current(nothing) is None
    assert migrate(nothing) == current(nothing) == newest()
    assert _tables(nothing) == {table.name for table in METADATA.sorted_tables}
    assert migrate(nothing, "base") == "base"
    assert _tables(nothing) == set()
    assert migrate(nothing) == newest()


def test_the_migrations_make_what_the_tables_say(nothing: Engines):
    migrate(nothing)
    with nothing.reader.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, METADATA)
    # SQLite reports no conditions of indexes; there Alembic can only compare the columns.
    assert found == []


def test_migrating_twice_changes_nothing_and_keeps_the_orders(nothing: Engines, tmp_path: Path):
    """P13"""
    migrate(nothing)
    deployment = Deployment(tmp_path, engines=nothing)
    deployment.door.take(new_order("A"))
    assert migrate(nothing) == newest()
    assert deployment.door.take(new_order("A"))[0].replayed


def test_what_the_first_release_wrote_is_brought_along(nothing: Engines):
    """P13, P18: live and drill rows are told apart, a batch in the making keeps its counts, a message its meaning."""
    migrate(nothing, "0002")
    at = "2026-11-22 02:00:00.000000" + ("" if nothing.is_sqlite else "+00")
    yes, no = ("1", "0") if nothing.is_sqlite else ("true", "false")
    blob = "x'00'" if nothing.is_sqlite else "'\\x00'"
    statements = [
        f"INSERT INTO incident (id, name, drill, reason, opened_by, opened_at) VALUES (1, 'E', {no}, '', '', '{at}')",
        f"INSERT INTO incident (id, name, drill, reason, opened_by, opened_at) VALUES (2, 'D', {yes}, '', '', '{at}')",
        *(
            f"INSERT INTO batch (id, incident_id, kind, columns, state, window_from, window_to, claimed_at, "
            f"lease_until, orders, rows, total_fen, held, manifest) VALUES ({n}, {n}, 'regular', 'generic', 'claiming', "
            f"'{at}', '{at}', '{at}', '{at}', 1, 1, 0, 3, '{{\"look_alikes\": 2, \"unfit\": 1}}')"
            for n in (1, 2)
        ),
        *(
            f"INSERT INTO orders (id, number, incident_id, client_id, idempotency_key, fingerprint, look_alike, "
            f"phone_index, phone_last4, priority, sealed, received_at, state, batch_id) VALUES ({n}, 'LB{n}', {n}, 'c', "
            f"'k', {blob}, {blob}, {blob}, '0000', 'high', {blob}, '{at}', 'batched', {n})"
            for n in (1, 2)
        ),
        *(f"INSERT INTO batch_order (batch_id, order_id) VALUES ({n}, {n})" for n in (1, 2)),
        *(
            f"INSERT INTO message (once, incident_id, kind, channel, target, lane, order_id, content, state, created_at, "
            f"due_at, attempts, asked) VALUES ('{kind}', {n}, '{kind}', '{kind.partition('_')[2]}', '', 2, {n}, "
            f"'{{}}', 'pending', '{at}', '{at}', 0, 0)"
            for n, kind in ((1, "order_wecom"), (2, "order_sms"), (1, "coupon_sms"), (2, "alert_email"))
        ),
        f"INSERT INTO lease (name, holder, until) VALUES ('pause:wecom:r', '45009', '{at}'), "
        f"('pause:ahead:wecom:r', '7', '{at}'), ('leader', 'me', '{at}')",
        f"INSERT INTO audit (at, actor, action, subject, address, detail) VALUES ('{at}', 'it', 'a', 's', '', '{{}}')",
    ]
    with nothing.writer.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    migrate(nothing)
    with nothing.reader.connect() as connection:
        rows = {table: connection.execute(select(METADATA.tables[table])).all() for table in METADATA.tables}
    for table in ("orders", "batch", "batch_order"):
        assert [row.drill for row in rows[table]] == [False, True], table
    assert [(row.look_alikes, row.unfit, row.held, row.manifest) for row in rows["batch"]] == [(2, 1, 3, None)] * 2
    assert [(row.once, row.subject, row.channel, row.drill) for row in sorted(rows["message"])] == [
        ("order_wecom", "order", "wecom", False),
        ("order_sms", "notice", "sms", True),
        ("coupon_sms", "coupon", "sms", False),
        ("alert_email", "alert", "email", True),
    ]
    assert [(row.name, row.reason, row.fault) for row in rows["pause"]] == [("wecom:r", "45009", False)]
    assert [row.name for row in rows["lease"]] == ["leader"]
    orders = {(row.id, row.client_id, None) for row in rows["orders"]}  # a list of its storefront has each
    assert {(row.order_id, row.client_id, row.place) for row in rows["order_place"]} == orders
    assert [(row.way, row.chained_at) for row in rows["audit"]] == [("", None)]
    if nothing.is_sqlite:
        with nothing.reader.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    migrate(nothing, "0002")
    with nothing.reader.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT kind FROM message ORDER BY id").scalars().all()
    assert kinds == ["order_wecom", "order_sms", "coupon_sms", "alert_email"]


REFUSED = ("wecom", "r", "rejected", "wecom:93000")
PAUSES = {
    "a fault that goes on": ("wecom:r", "wecom:93000", [("wecom", "r", "delivered", None), REFUSED], True),
    "a fault that was mended": ("wecom:r", "wecom:93000", [REFUSED, ("wecom", "r", "delivered", None)], False),
    "of another robot": ("wecom:s", "wecom:93000", [REFUSED], False),
    "a message's own fault since": ("wecom:r", "wecom:93000", [REFUSED, ("wecom", "r", "rejected", "40058")], True),
    "a limit": ("wecom:r", "wecom:45009", [REFUSED, ("wecom", "r", "throttled", "wecom:45009")], False),
    "text messages of all clients": ("sms:", "aliyun:x", [("sms", "c1", "rejected", "aliyun:x")], True),
    "a reason longer than it was kept": ("sms:", "x" * 64, [("sms", "c1", "rejected", "x" * 100)], True),
    "nobody tried": ("wecom:r", "wecom:93000", [], False),
}


@pytest.mark.parametrize("case", PAUSES)
def test_a_pause_of_the_first_release_is_a_fault_if_its_channel_still_refuses(
    nothing: Engines, tmp_path: Path, case: str
):
    """Otherwise a revoked robot would be silent after the upgrade, or one mended long ago be reported."""
    name, reason, attempts, fault = PAUSES[case]
    migrate(nothing, "0002")
    ended, until = (f"2026-11-22 02:0{minute}:00.000000" + ("" if nothing.is_sqlite else "+00") for minute in (0, 5))
    no = "0" if nothing.is_sqlite else "false"
    statements = [
        f"INSERT INTO incident (id, name, drill, reason, opened_by, opened_at) VALUES (1, 'E', {no}, '', '', '{ended}')",
        f"INSERT INTO message (id, once, incident_id, kind, channel, target, lane, content, state, created_at, due_at, "
        f"attempts, asked) VALUES (1, 'm', 1, 'order_wecom', 'wecom', 'r', 2, '{{}}', 'sent', '{ended}', '{ended}', 1, 0)",
        f"INSERT INTO lease (name, holder, until) VALUES ('pause:{name}', '{reason}', '{until}')",
        *(
            f"INSERT INTO attempt (message_id, channel, target, number, started_at, finished_at, outcome, reason) VALUES "
            f"(1, '{channel}', '{target}', {n}, '{ended}', '{ended}', '{outcome}', '{why or ''}')"
            for n, (channel, target, outcome, why) in enumerate(attempts)
        ),
    ]
    with nothing.writer.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    migrate(nothing)
    (pause,) = Deployment(tmp_path, engines=nothing).rows.all(select(Pause))
    assert (pause.name, pause.reason, pause.fault) == (name, reason, fault)
    assert pause.until == datetime(2026, 11, 22, 2, 5, tzinfo=UTC)
    if fault:
        assert pause.since == datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    if not attempts:
        assert pause.since != pause.until


def test_an_open_alert_of_a_channel_finds_its_new_name_and_one_numbers_limit_holds_nobody_up(
    nothing: Engines, tmp_path: Path
):
    migrate(nothing, "0004")
    moment = "2026-11-22 02:00:00.000000" + ("" if nothing.is_sqlite else "+00")
    no, yes = ("0", "1") if nothing.is_sqlite else ("false", "true")
    pause = "INSERT INTO pause (name, until, reason, fault, since) VALUES"
    alert = "INSERT INTO alert (fingerprint, episode, version, rule, subject, level, state, text, step) VALUES"
    with nothing.writer.begin() as connection:
        for statement in (
            f"{pause} ('sms:', '{moment}', 'aliyun:isv.BUSINESS_LIMIT_CONTROL', {no}, '{moment}')",
            f"{pause} ('wecom:r', '{moment}', 'wecom:93000', {yes}, '{moment}')",
            f"{alert} ('channel_down:wecom:r', 1, 1, 'channel_down', 'wecom:r', 'orange', 'firing', 'x', 0)",
            f"{alert} ('disk_low', 1, 1, 'disk_low', '', 'orange', 'firing', 'x', 0)",
        ):
            connection.exec_driver_sql(statement)
    migrate(nothing)
    rows = Deployment(tmp_path, engines=nothing).rows
    assert [pause.name for pause in rows.all(select(Pause))] == ["wecom:r"]
    assert [(alert.rule, alert.fingerprint) for alert in rows.alerts()] == [
        ("channel_paused", "channel_paused:wecom:r"),
        ("disk_low", "disk_low"),
    ]
    migrate(nothing, "0004")
    with nothing.writer.begin() as connection:
        rules = connection.exec_driver_sql("SELECT rule FROM alert ORDER BY id").scalars().all()
    assert rules == ["channel_down", "disk_low"]


def test_a_program_leaves_alone_what_a_newer_one_has_migrated(nothing: Engines, tmp_path: Path):
    """P13: during an upgrade, and after a step back, the older program starts and takes orders as before."""
    assert migrate(nothing, scripts=next_migrations(tmp_path)) == REVISION
    assert migrate(nothing) == current(nothing) == REVISION
    deployment = Deployment(tmp_path, engines=nothing)
    assert [
        stored.replayed for stored in (*deployment.door.take(new_order("A")), *deployment.door.take(new_order("A")))
    ] == [False, True]


def test_a_migration_may_take_longer_than_a_question(new_postgresql: Callable[[str], str], tmp_path: Path):
    """P13: an index over ten million orders takes minutes; cut off after half of one, an upgrade would never succeed."""
    slow = next_migrations(tmp_path, more='op.execute("SELECT pg_sleep(0.4)")')
    impatient = create_engine(new_postgresql("template0"), connect_args={"options": "-c statement_timeout=200"})
    try:
        assert migrate(Engines(writer=impatient, reader=impatient), scripts=slow) == REVISION
    finally:
        impatient.dispose()


MIGRATE = "import sys; from app.store.database.engine import open_engines; from app.store.database.migrate import migrate; print(migrate(open_engines(sys.argv[1])))"


def test_processes_that_start_together_migrate_once(nothing: Engines):
    """P13"""
    url = nothing.writer.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, url], stdout=subprocess.PIPE, cwd=ROOT) for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].decode().strip() for process in processes]
    assert answers == [newest()] * 2
    assert current(nothing) == newest()


def test_threads_that_start_together_migrate_once(nothing: Engines):
    """A start that took too long is tried again while the first try is still at it."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            migrate(nothing)
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert current(nothing) == newest()


@pytest.mark.parametrize("index", ["order_number", "one_open_incident", "coupon_once", "live_batch_of_order"])
def test_what_the_promises_rest_on_is_unique_in_the_database(nothing: Engines, index: str):
    """P2, P7, P9: a constraint first, a check second."""
    migrate(nothing)
    with nothing.reader.connect() as connection:
        inspector = inspect(connection)
        unique = {
            found["name"]
            for table in inspector.get_table_names()
            for found in inspector.get_indexes(table)
            if found["unique"]
        }
    assert index in unique
