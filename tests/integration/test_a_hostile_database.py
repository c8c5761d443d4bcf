"""Rows with one impossible value each, in every column: every page, answer and command still tells of all the others."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, LargeBinary
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app.access.clients import add_client
from app.cli.main import app
from app.handback.import_results import import_results
from app.handback.result_lines import ResultFile, ResultLine
from app.store.database.engine import Engines
from app.store.tables import METADATA, Attempt, Incident, JobRun
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.facts import IT, minutes
from tests.deployment.maker import published
from tests.integration.conftest import Run

TIMES = ("9999-12-31 23:59:59.999999", "0001-01-01 00:00:00.000000", "soon")
DOCUMENTS = ('"words"', "[]", "null", '{"files": 5, "checks": "x"}', '{"files": [1], "checks": [null]}', "{}", "{torn")
NUMBERS = (-1, 2**62, "many")
TEXTS = ("?!", "", "<b>")
BLOBS = (b"", b"\x00\xff")
KINDS: tuple[tuple[Any, tuple[Any, ...]], ...] = (
    (JSON, DOCUMENTS),
    (DateTime, TIMES),
    (Boolean, ()),
    (Integer, NUMBERS),
    (LargeBinary, BLOBS),
)
SPOILED = ("orders", "batch", "batch_order", "message", "attempt", "import_result", "alert", "incident", "job_run")
HOW_THEY_ARE_FOUND = {"number", "once", "drill", "fingerprint", "episode"}
"""Columns by which rows are known, or that a constraint guards."""


def impossible(column: Column[Any]) -> tuple[Any, ...]:
    """Return values that no stage writes into a column."""
    kind: Any = getattr(column.type, "impl", column.type)
    return next((values for types, values in KINDS if isinstance(kind, types)), TEXTS)


def bad_values(table: str) -> Iterator[tuple[str, Any]]:
    """Yield (column, value) for each column that tells something; the others hold rows together."""
    for column in METADATA.tables[table].columns:
        if not column.primary_key and not column.foreign_keys and column.name not in HOW_THEY_ARE_FOUND:
            yield from ((column.name, value) for value in impossible(column))


def spoil(engines: Engines, table: str) -> int:
    """Give each bad value to a row of its own, the oldest rows first; return how many there are."""
    spoiled = 0
    for name, value in bad_values(table):
        with engines.writer.connect() as connection:
            try:
                statement = f"UPDATE {table} SET {name} = ? WHERE rowid = ?"  # noqa: S608 - names of ours
                found = connection.exec_driver_sql(statement, (value, spoiled + 1)).rowcount
                connection.commit()
            except DBAPIError:  # a constraint of the table forbids just this value
                continue
        assert found == 1, f"{table} has too few rows: {spoiled + 1}"
        spoiled += 1
    return spoiled


class World:
    """A deployment of whose rows many are bad, and some, the newest of each kind, are good."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = d = deployment
        now = d.clock.now()
        d.door.take(d.door.new())
        number = count(1)
        for _ in bad_values("incident"):
            at = now - minutes(5000 + next(number))
            name = f"E20261101-{next(number)}"
            d.rows.add(Incident(name=name, reason="x", opened_by="it", opened_at=at, closed_at=at, closed_by="it"))
        with d.engines.writer.begin() as connection:  # the open one is the newest
            connection.exec_driver_sql("UPDATE incident SET opened_at = '2026-11-22 01:00:00.000000' WHERE id = 1")
        needed = max(len(list(bad_values(table))) for table in ("orders", "message", "attempt", "import_result"))
        self.numbers = [*d.door.many(needed + 5, at=now)]
        d.notices.composed()
        self.first = published(d.maker.run(now + minutes(1), by=IT)).name
        lines = tuple(ResultLine(n, one, "imported", f"M{n}") for n, one in enumerate(self.numbers, 2))
        import_results(d.store, self.first, ResultFile(lines, (), "0" * 64), by=IT, now=now)
        self.batches = [f"B20261120-{n:04d}-{n}" for n, _ in enumerate(bad_values("batch"), 100)]
        for name in self.batches:
            manifest = {"batch": name, "incident": "E1", "files": [], "checks": []}
            d.maker.add_published(name, sha256="0" * 64, manifest=manifest, orders=1)
        twin = {"phone": "13900139000"}
        held = d.door.take_in_turn(*(d.door.new(**twin) for _ in range(2)), at=now)
        self.good = [*d.door.some(2, at=now), held[0]]
        self.batch = published(d.maker.run(now + minutes(2), by=IT)).name
        self.held = held[1]
        for n, _ in enumerate([*bad_values("attempt"), None], 1):
            d.rows.add(Attempt(message_id=n, number=1, started_at=now, target="x", channel="wecom"))
        with d.store.writing() as uow:
            add_client(uow, "抖音", scope="intake", drill=False, by=IT, now=now)
            for n, _ in enumerate([*bad_values("alert"), None]):
                uow.alerts.fire("disk_low", level="red", text=f"第 {n} 块盘满了", now=now, subject=f"d{n}")
        for n, _ in enumerate(bad_values("job_run")):
            d.rows.add(JobRun(name="batch", due_at=now - minutes(n), started_at=now))
        self.spoiled = {table: spoil(d.engines, table) for table in SPOILED}


@pytest.fixture
def world(at_noon: Deployment) -> World:
    return World(at_noon)


async def test_no_page_of_the_console_breaks_over_a_bad_row(world: World, mei: Browser):
    lists = ["/", "/orders", "/orders?span=all", "/orders?state=held", "/batches", "/messages", "/held"]
    own = [f"/orders/{number}" for number in (*world.numbers, *world.good, world.held)]
    batches = (*world.batches, world.first, world.batch)
    own += [f"/batches/{name}{more}" for name in batches for more in ("", "/results")]
    for path in (*lists, *own):
        page = await mei.get(path)
        assert page.status_code in ({200} if path in lists else {200, 404}), path
    for number in world.good:
        assert number in await mei.reads("/orders?span=all")
        assert number in await mei.reads(f"/orders/{number}")
    assert world.held in await mei.reads("/held")
    assert world.batch in await mei.reads("/batches")


async def test_no_answer_breaks_over_a_bad_row(world: World):
    web = world.deployment.web
    with world.deployment.store.writing() as uow:
        key = add_client(uow, "运营", scope="ops", drill=False, by=IT, now=world.deployment.clock.now()).key
    await web.runtime.access.refresh()
    transport = httpx.ASGITransport(web)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test") as client:
        headers = {"authorization": f"Bearer {key}"}
        lists = ["/v1/batches?limit=200", "/v1/alerts?limit=200", "/v1/ledger", "/metrics", "/readyz?verbose=1"]
        own = [f"/v1/orders/{number}" for number in (*world.numbers, *world.good)]
        own += [f"/v1/batches/{name}{end}" for name in (*world.batches, world.batch) for end in ("", "/file")]
        said = {path: await client.get(path, headers=headers) for path in (*lists, *own)}
    assert {path: answer.status_code for path, answer in said.items() if answer.status_code >= 500} == {}
    assert world.batch in {item["batch"] for item in said[lists[0]].json()["items"]}
    newest = said[lists[1]].json()["items"][0]["text"]
    assert newest == f"第 {len(list(bad_values('alert')))} 块盘满了"
    for number in world.good:
        assert said[f"/v1/orders/{number}"].json()["status"] == "batched"
    assert said[f"/v1/batches/{world.batch}/file"].status_code == 200


LISTS = [
    *(("held", "list"), ("held", "list", "--json"), ("ledger",), ("ledger", "--full", "--json"), ("alerts", "list")),
    *(("alerts", "list", "--json"), ("jobs", "list"), ("jobs", "list", "--json"), ("audit", "list"), ("export",)),
    *(("clients", "list"), ("incident", "show"), ("doctor",), ("doctor", "--json"), ("messages", "list")),
    *(("messages", "list", "--state", state) for state in ("pending", "sent", "?!")),
]


def test_no_command_breaks_over_a_bad_row(world: World, run: Run):
    assert run
    asked = [*LISTS, *(("orders", "show", number) for number in (*world.numbers[:40], *world.good))]
    broken = {}
    for words in asked:
        result = CliRunner().invoke(app, list(words))
        if result.exit_code not in (0, 1) or not (result.exception is None or isinstance(result.exception, SystemExit)):
            broken[" ".join(words)] = repr(result.exception)
    assert broken == {}
    assert world.held in CliRunner().invoke(app, ["held", "list", "--json"]).stdout


def test_every_column_of_the_tables_that_people_see_was_tried(world: World):
    assert {table for table, rows in world.spoiled.items() if rows < 3} == set()
