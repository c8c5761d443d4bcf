"""One unit of work is one transaction; leases and incidents are guarded by the database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.access.clients import NameTaken, TooManyKeys, add_client, rotate_key
from app.store.database.engine import Engines, open_engines, ping
from app.store.database.sqlite import UnsafeDatabase, require_safe_sqlite
from app.store.tables import METADATA, Audit, Instance, Lease
from app.store.unit_of_work import Store, UnitOfWork
from app.worker.leader import LASTS, Leadership
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, REHEARSAL, TEN, ZONE, hours, minutes, seconds
from tests.deployment.orders import new_order


def test_what_a_unit_of_work_wrote_is_kept(store: Store):
    with store.writing() as uow:
        uow.access.keep_fact("a", "1")
    with store.reading() as uow:
        assert uow.access.fact("a") == "1"


def test_an_error_rolls_everything_back(store: Store):
    def write_and_fail(uow: UnitOfWork) -> None:
        uow.access.keep_fact("a", "1")
        uow.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), store.writing() as uow:
        write_and_fail(uow)
    with store.reading() as uow:
        assert uow.access.fact("a") is None


def test_a_reader_cannot_write(deployment: Deployment):
    with pytest.raises(DBAPIError, match=r"(?i)read-?only"), deployment.store.reading() as uow:
        uow.access.keep_fact("a", "1")
    assert deployment.rows.count(Instance) == 0


def test_a_reader_sees_the_store_while_a_writer_is_at_work(store: Store):
    with store.writing() as writing:
        writing.access.keep_fact("a", "1")
        writing.flush()
        with store.reading() as reading:
            assert reading.access.fact("a") is None


def test_the_database_answers_a_ping(deployment: Deployment):
    ping(deployment.engines)
    deployment.engines.dispose()
    ping(deployment.engines)


# ---- SQLite's pragmas: the mistakes of P1 and P2


@pytest.mark.parametrize("which", ["writer", "reader"])
def test_every_connection_flushes_at_each_commit_and_waits_for_its_turn(sqlite: Engines, which: str):
    """P1: a pragma set on one connection only would leave the others unsafe."""
    engine: Engine = getattr(sqlite, which)
    connections = [engine.raw_connection() for _ in range(3)]
    for connection in connections:
        found = [
            connection.cursor().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
        assert found == ["wal", 2, 1, 5000]
        connection.close()


def test_a_writer_locks_before_it_reads(sqlite: Engines):
    """P2: a deferred transaction that reads first fails at its first write when somebody else has written."""
    other = sqlite.writer.raw_connection()
    cursor = other.cursor()
    cursor.execute("PRAGMA busy_timeout=1")
    with sqlite.writer.connect() as first:
        first.exec_driver_sql("SELECT 1")
        with pytest.raises(Exception, match="locked"):
            cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((3, 50, 7), True),
        ((3, 44, 6), True),
        ((3, 51, 2), False),
        ((3, 50, 6), False),
        ((3, 44, 5), False),
        ((3, 40, 1), False),
    ],
)
def test_a_sqlite_with_the_wal_reset_bug_is_refused(version: tuple[int, ...], *, safe: bool):
    if safe:
        require_safe_sqlite(version)
    else:
        with pytest.raises(UnsafeDatabase, match=".".join(map(str, version))):
            require_safe_sqlite(version)


def test_a_database_that_cannot_keep_a_log_is_refused():
    engines = open_engines("sqlite://")  # in memory there is no write-ahead log
    with pytest.raises(UnsafeDatabase, match="journal_mode"):
        ping(engines)
    engines.dispose()


# ---- leases


def test_a_lease_has_one_holder_until_it_ends(store: Store):
    assert _take(store, "a", TEN)
    assert not _take(store, "b", TEN + seconds(19))
    assert _take(store, "a", TEN + seconds(19))  # renewed
    assert not _take(store, "b", TEN + seconds(38))
    assert _take(store, "b", TEN + seconds(40))
    assert not _take(store, "a", TEN + seconds(41))


def test_a_lease_from_before_the_clock_was_set_back_is_as_good_as_ended(store: Store):
    """P11: nobody waits an hour for a clock to catch up."""
    assert _take(store, "a", TEN)
    assert _take(store, "b", TEN - hours(1))


def test_a_lease_that_was_given_up_is_free(deployment: Deployment):
    assert _take(deployment.store, "a", TEN)
    with deployment.store.writing() as uow:
        uow.leases.give_up("role", holder="b")  # not his to give
    assert not _take(deployment.store, "b", TEN)
    with deployment.store.writing() as uow:
        uow.leases.give_up("role", holder="a")
        assert uow.leases.get("role") is None
    assert _take(deployment.store, "b", TEN)
    assert [lease.holder for lease in deployment.rows.all(select(Lease))] == ["b"]


def test_a_pause_is_kept_for_everybody(store: Store):
    with store.writing() as uow:
        assert uow.pauses.get("wecom:r") is None
        uow.pauses.pause("wecom:r", reason="x" * 300, until=TEN, now=TEN)
        uow.pauses.pause("wecom:r", reason="45009", until=TEN + seconds(60), now=TEN)
    with store.reading() as uow:
        assert uow.pauses.holds("wecom:r", now=TEN, longest=minutes(2))
        assert not uow.pauses.holds("wecom:r", now=TEN + seconds(60), longest=minutes(2))
        assert not uow.pauses.holds("wecom:r", now=TEN - minutes(10), longest=minutes(2))  # the clock was set back
        assert uow.pauses.faults() == []


def test_a_pause_is_not_cut_short_unless_it_is_from_before_the_clock_was_set_back(store: Store):
    for at, wait, until in (
        (TEN, minutes(50), TEN + minutes(50)),
        (TEN, minutes(1), TEN + minutes(50)),
        (TEN, minutes(55), TEN + minutes(55)),
        (TEN + minutes(56), minutes(1), TEN + minutes(57)),  # over: the new one counts
        (TEN - hours(2), minutes(1), TEN - minutes(119)),  # from before the clock was set back
    ):
        with store.writing() as uow:
            uow.pauses.pause("wecom:r", reason="45009", until=at + wait, now=at, longest=hours(1))
            pause = uow.pauses.get("wecom:r")
            assert pause is not None
            assert (pause.until, pause.since) == (until, at)


def test_of_those_who_pause_at_once_the_longest_counts_and_none_fails(store: Store):
    """Twenty text messages are answered together, and each is recorded in a transaction of its own."""
    together = threading.Barrier(8)

    def pause(n: int) -> None:
        together.wait()
        with store.writing() as uow:
            uow.pauses.pause("sms:", reason="limit", until=TEN + minutes(n), now=TEN, fault=n == 3)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(pause, (1, 5, 3, 8, 2, 7, 6, 4)))
    with store.reading() as uow:
        known = uow.pauses.get("sms:")
        assert known is not None
        assert (known.until, known.fault) == (TEN + minutes(8), True)


def test_a_limit_hides_no_fault_and_a_fault_takes_the_place_of_a_limit(store: Store):
    said = [("45009", False), ("93000", True), ("45009", False), ("93004", True)]
    known = []
    for n, (reason, fault) in enumerate(said):
        at = TEN + minutes(10 * n)
        with store.writing() as uow:
            uow.pauses.pause("wecom:r", reason=reason, until=at + minutes(5), now=at, fault=fault)
            pause = uow.pauses.get("wecom:r")
            assert pause is not None
            known.append((pause.reason, pause.fault, pause.since))
    begun = TEN + minutes(10)
    assert known == [("45009", False, TEN), ("93000", True, begun), ("93000", True, begun), ("93004", True, begun)]


def test_a_pause_is_lifted_only_by_an_attempt_that_began_after_it(store: Store):
    with store.writing() as uow:
        uow.pauses.pause("sms:", reason="limit", until=TEN + minutes(1), now=TEN, attempt=20)
        uow.pauses.lift("sms:", by_attempt=19)
        uow.pauses.lift("sms:", by_attempt=20)
        assert uow.pauses.get("sms:") is not None
        uow.pauses.lift("sms:", by_attempt=21)
    with store.reading() as uow:
        assert uow.pauses.get("sms:") is None


def test_a_fault_that_goes_on_keeps_the_moment_it_began_until_something_gets_through(store: Store):
    for n in range(3):
        with store.writing() as uow:
            at = TEN + minutes(5 * n)
            uow.pauses.pause("wecom:r", reason="93000", until=at + minutes(5), now=at, fault=True)
    with store.reading() as uow:
        assert [(fault.name, fault.since) for fault in uow.pauses.faults()] == [("wecom:r", TEN)]
    with store.writing() as uow:
        uow.pauses.lift("wecom:r", by_attempt=1)
    with store.reading() as uow:
        assert uow.pauses.get("wecom:r") is None


def test_no_mixture_of_live_and_drill_can_be_written(deployment: Deployment):
    """P18: by constraint, whatever a query forgets."""
    deployment.door.take(new_order("LIVE"))
    deployment.door.take(new_order("DRILL", caller=REHEARSAL))
    batch = {"kind": "regular", "columns": "generic", "state": "claiming", "window_from": TEN, "window_to": TEN}
    batch |= {"claimed_at": TEN, "lease_until": TEN, "orders": 0, "rows": 0, "total_fen": 0, "held": 0}
    message = {"subject": "order", "channel": "wecom", "target": "", "lane": 2, "content": {}, "state": "pending"}
    message |= {"created_at": TEN, "due_at": TEN, "attempts": 0, "asked": 0}
    tables = METADATA.tables
    with deployment.engines.writer.begin() as connection:
        connection.execute(insert(tables["batch"]), [{"id": 1, "incident_id": 1, "drill": False, **batch}])
    mixtures = [
        insert(tables["batch"]).values(id=2, incident_id=1, drill=True, **batch),
        insert(tables["batch_order"]).values(batch_id=1, order_id=2, drill=False),
        insert(tables["batch_order"]).values(batch_id=1, order_id=2, drill=True),
        update(tables["orders"]).where(tables["orders"].c.id == 2).values(batch_id=1),
        update(tables["orders"]).where(tables["orders"].c.id == 2).values(incident_id=1),
        insert(tables["message"]).values(once="a", order_id=2, drill=False, **message),
        insert(tables["message"]).values(once="b", batch_id=1, drill=True, **message),
        insert(tables["message"]).values(once="c", incident_id=2, drill=False, **message),
        insert(tables["coupon"]).values(code="C", worth="", added_at=TEN, order_id=2, drill=False),
    ]
    for mixture in mixtures:
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"), deployment.engines.writer.begin() as connection:
            connection.execute(mixture)
    with deployment.engines.writer.begin() as connection:
        connection.execute(insert(tables["batch_order"]).values(batch_id=1, order_id=1, drill=False))


async def test_one_worker_of_two_is_the_leader_and_the_other_follows_when_it_dies(deployment: Deployment):
    """P8: one leader, and a dead one is replaced."""
    first, second = (Leadership(deployment.store, deployment.clock, holder=name) for name in ("one", "two"))
    done: list[str] = []

    async def job() -> int:
        done.append("done")
        return 1

    await first.renew()
    await second.renew()
    assert (first.is_mine, second.is_mine) == (True, False)
    assert (await first.only(job)(), await second.only(job)()) == (1, 0)
    deployment.clock.at += LASTS + seconds(1)
    await second.renew()
    await first.renew()
    assert (first.is_mine, second.is_mine) == (False, True)
    second.give_up()
    await first.renew()
    assert first.is_mine
    assert done == ["done"]


def _take(store: Store, holder: str, now: object) -> bool:
    with store.writing() as uow:
        return uow.leases.take("role", holder=holder, now=now, until=now + timedelta(seconds=20))  # type: ignore[arg-type, operator]


# ---- incidents, keys, audit


def test_a_second_open_incident_of_a_kind_is_refused_by_the_database(store: Store):
    with store.writing() as uow:
        live = uow.incidents.open(drill=False, reason="", by="it", now=TEN, zone=ZONE)
        drill = uow.incidents.open(drill=True, reason="", by="it", now=TEN, zone=ZONE)
    assert (live.name, drill.name) == ("E20261122-1", "D20261122-2")
    with pytest.raises(IntegrityError), store.writing() as uow:
        uow.incidents.open(drill=False, reason="", by="it", now=TEN, zone=ZONE)


def test_the_incident_people_mean_is_the_open_live_one_else_the_newest(deployment: Deployment):
    with deployment.store.writing() as uow:
        assert uow.incidents.latest() is None
        live = uow.incidents.open(drill=False, reason="", by="it", now=TEN, zone=ZONE)
        drill = uow.incidents.open(drill=True, reason="", by="it", now=TEN, zone=ZONE)
    with deployment.store.writing() as uow:
        latest = uow.incidents.latest()
        assert latest is not None
        assert latest.name == live.name
        uow.incidents.close(latest, by="it", now=TEN)
        uow.flush()
        newest = uow.incidents.latest()
        assert newest is not None
        assert newest.name == drill.name
        assert uow.incidents.named(live.name) is latest
        assert [incident.name for incident in uow.incidents.page()] == [drill.name, live.name]


def test_a_client_has_two_keys_at_most_and_a_revoked_one_makes_room(store: Store):
    with store.writing() as uow:
        issued = add_client(uow, "tmall", scope="intake", drill=False, by=IT, now=TEN)
        client = uow.access.client_named("tmall")
        assert client is not None
        second = rotate_key(uow, client.name, by=IT, now=TEN + seconds(1))
        with pytest.raises(TooManyKeys):
            rotate_key(uow, client.name, by=IT, now=TEN)
        with pytest.raises(NameTaken):
            add_client(uow, "tmall", scope="ops", drill=False, by=IT, now=TEN)
        assert uow.access.revoke(issued.key_id, now=TEN)
        assert not uow.access.revoke(issued.key_id, now=TEN)
        assert [key.id for key in uow.access.keys_of(client.id, active=True)] == [second.key_id]
        assert [key.id for key in uow.access.keys_of(client.id)] == [issued.key_id, second.key_id]
        assert {key.id for key, _ in uow.access.active_keys()} == {"k1", second.key_id}


def test_only_the_hash_of_a_key_is_kept(deployment: Deployment):
    with deployment.store.writing() as uow:
        issued = add_client(uow, "tmall", scope="intake", drill=False, by=IT, now=TEN)
    secret = issued.key.removeprefix(f"lbk_{issued.key_id}_")
    with deployment.engines.reader.connect() as connection:
        kept = [str(row) for row in connection.exec_driver_sql("SELECT * FROM client_key")]
    assert any(issued.key_id in row for row in kept)
    assert all(secret not in row for row in kept)


def test_deeds_are_written_down_and_read_back(deployment: Deployment):
    with deployment.store.writing() as uow:
        uow.audit.record("batch.download", by=OPS, at=TEN, subject="B1", detail={"rows": 3})
        uow.audit.record("batch.announce", by=OPS, at=TEN, subject="B1")
        uow.audit.record("batch.download", by=IT, at=TEN, subject="B2")
    with deployment.store.reading() as uow:
        assert [(deed.actor, deed.detail) for deed in uow.audit.of("B1", "batch.download")] == [("ops", {"rows": 3})]
        assert [deed.action for deed in uow.audit.of("B1")] == ["batch.download", "batch.announce"]
        assert {
            subject: len(deeds) for subject, deeds in uow.audit.of_each(["B1", "B2"], "batch.download").items()
        } == {"B1": 1, "B2": 1}
    assert deployment.rows.count(Audit) == 3


def test_an_order_is_another_clients_business_to_nobody_else(deployment: Deployment):
    new = new_order("SHOP-1")
    deployment.door.take(new)
    with deployment.store.reading() as uow:
        assert uow.orders.numbered(new.number, client_id="c1") is not None
        assert uow.orders.numbered(new.number, client_id="c2") is None
