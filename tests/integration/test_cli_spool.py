"""``lifeboat spool``: damaged files are salvaged, and records that were set aside find an end, each by a person's word."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from pysqlite3 import dbapi2 as sqlite

from app.bootstrap import Lifeboat
from app.store.commit.order_writer import NewOrder
from app.store.spool.file import Spool
from tests.deployment.facts import TEN
from tests.deployment.orders import new_order, new_orders
from tests.integration.conftest import Run

ROOM = 1 << 24


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool"


def _fill(path: Path, *orders: NewOrder) -> None:
    spool = Spool(path, max_bytes=ROOM)
    spool.write(orders, [TEN] * len(orders))
    spool.close()


def _damaged(
    folder: Path, *orders: NewOrder, spoil: Callable[[bytes], bytes] = lambda data: b"\xff" * 100 + data[100:]
):
    """Make a damaged file that holds ``orders``, as a web process would have set it aside."""
    _fill(folder / "spool-0.db", *orders)
    path = (folder / "spool-0.db").rename(folder / "spool-0.db.damaged-1")
    path.write_bytes(spoil(path.read_bytes()))
    return path


def _without(order: NewOrder) -> Callable[[bytes], bytes]:
    """Spoil the record of one order."""
    key = f'"idempotency_key":"{order.idempotency_key}"'.encode()
    return lambda data: data.replace(key, key[:-2] + b'\x01"')


def _aside(folder: Path, order: NewOrder, *, reason: str) -> None:
    spool = Spool(folder / "spool-0.db", max_bytes=ROOM)
    spool.write([order], [TEN])
    spool.quarantine(spool.oldest(1)[0], reason=reason, now=TEN)
    spool.close()


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def _stored(boat: Lifeboat, *orders: NewOrder) -> int:
    with boat.store.reading() as uow:
        return len(uow.orders.known_numbers([order.number for order in orders]))


def _deeds(boat: Lifeboat, subject: str, action: str) -> list[dict[str, Any]]:
    with boat.store.reading() as uow:
        return [{**deed.detail, "by": deed.actor} for deed in uow.audit.of(subject, action)]


def test_an_empty_spool_has_nothing_to_say(run: Run):
    assert _json(run("spool", "list", "--json")) == {"files": [], "attention": False}
    assert "没有暂存文件" in run("spool", "list").output


def test_the_list_names_what_waits_what_is_aside_and_what_is_damaged(run: Run, folder: Path):
    _damaged(folder, new_order("D"))
    _aside(folder, new_order("A"), reason="idempotency_conflict")
    _fill(folder / "spool-0.db", new_order("W"))
    document = _json(run("spool", "list", "--json", code=1))
    assert document["attention"] is True
    assert [(f["file"], f["state"]) for f in document["files"]] == [
        ("spool-0.db", "open"),
        ("spool-0.db.damaged-1", "damaged"),
    ]
    assert document["files"][0]["waiting"] == 1
    (aside,) = document["files"][0]["set_aside"]
    assert (aside["order_number"], aside["reason"]) == (new_order("A").number, "idempotency_conflict")
    text = run("spool", "list", code=1).output
    assert "损坏，待抢救" in text
    assert "同号不同内容" in text


def test_a_damaged_file_comes_home_whole_and_warns_no_more(run: Run, take: Any, boat: Lifeboat, folder: Path):
    """P6"""
    orders = new_orders(30)
    take(orders[0])
    path = _damaged(folder, *orders)
    assert "损坏" in run("ledger", code=1).output
    done = _json(run("spool", "salvage", path.name, "--json"))
    assert (done["brought"], done["already_there"], done["unreadable"], done["complete"]) == (29, 1, [], True)
    assert _stored(boat, *orders) == 30
    assert (folder / done["renamed_to"]).exists()
    assert not path.exists()
    (deed,) = _deeds(boat, path.name, "spool.salvage")
    assert (deed["brought"], deed["loss_accepted"]) == (29, False)
    assert deed["by"].startswith("cli:")
    run("ledger")
    run("spool", "list")


def test_what_cannot_be_read_is_named_and_keeps_the_file_in_sight(run: Run, take: Any, boat: Lifeboat, folder: Path):
    """P6: nothing is given up but by a person's word; and a retry by the shop makes it whole."""
    orders = new_orders(30)
    path = _damaged(folder, *orders, spoil=_without(orders[7]))
    done = _json(run("spool", "salvage", path.name, "--json", code=1))
    assert (done["brought"], done["unreadable"], done["renamed_to"]) == (29, [orders[7].number], None)
    assert path.exists()
    assert orders[7].number in run("spool", "salvage", path.name, code=1).output
    assert _stored(boat, *orders) == 29
    take(orders[7])
    again = _json(run("spool", "salvage", path.name, "--json"))
    assert (again["brought"], again["already_there"], again["complete"]) == (0, 29, True)


def test_a_loss_is_accepted_by_a_person_and_written_down(run: Run, take: Any, boat: Lifeboat, folder: Path):
    orders = new_orders(3)
    take()
    path = _damaged(folder, *orders, spoil=_without(orders[1]))
    assert "已改名" in run("spool", "salvage", path.name, "--accept-loss").output
    (deed,) = _deeds(boat, path.name, "spool.salvage")
    assert (deed["unreadable"], deed["loss_accepted"]) == ([orders[1].number], True)
    assert list(folder.glob("*.salvaged-1")) == [folder / "spool-0.db.salvaged-1"]


def test_an_order_that_contradicts_the_stored_one_is_set_aside_by_a_salvage(run: Run, take: Any, folder: Path):
    """P2: the store's word stands, and the other one waits for a person."""
    take(new_order("A"))
    path = _damaged(folder, new_order("A", total="1.00"))
    done = _json(run("spool", "salvage", path.name, "--json"))
    assert (done["brought"], done["already_there"], done["set_aside"]) == (0, 1, [new_order("A").number])
    run("spool", "list", code=1)


def test_records_that_were_aside_in_a_damaged_file_stay_in_sight(run: Run, take: Any, folder: Path):
    take()
    _aside(folder, new_order("A"), reason="idempotency_conflict")
    path = (folder / "spool-0.db").rename(folder / "spool-0.db.damaged-1")
    for _ in range(2):
        assert _json(run("spool", "salvage", path.name, "--json"))["set_aside"] == [new_order("A").number]
        (folder / "spool-0.db.salvaged-1").rename(path)
    document = _json(run("spool", "list", "--json", code=1))
    assert [len(f["set_aside"]) for f in document["files"] if f["state"] == "open"] == [1]


def test_only_a_damaged_file_of_this_spool_is_salvaged(run: Run, folder: Path):
    _fill(folder / "spool-0.db", new_order())
    for name in ("spool-0.db", "../../etc/passwd", "spool-9.db.damaged-9"):
        assert "没有损坏的暂存文件" in run("spool", "salvage", name, code=1).output


def test_a_record_the_store_refused_comes_home_when_it_is_tried_again(
    run: Run, take: Any, boat: Lifeboat, folder: Path
):
    take()
    _aside(folder, new_order("A"), reason="refused: ValueError")
    assert _json(run("spool", "retry", new_order("A").number, "--json")) == {
        "settled": [new_order("A").number],
        "remaining": [],
    }
    assert _stored(boat, new_order("A")) == 1
    run("spool", "list")


def test_a_contradiction_stays_aside_however_often_it_is_tried(run: Run, take: Any, folder: Path):
    take(new_order("A", total="1.00"))
    _aside(folder, new_order("A"), reason="idempotency_conflict")
    done = _json(run("spool", "retry", "--all", "--json", code=1))
    assert done["remaining"] == [{"order_number": new_order("A").number, "reason": "idempotency_conflict"}]
    assert "仍放在一边" in run("spool", "retry", "--all", code=1).output


def test_a_damaged_record_is_closed_only_once_its_shop_has_sent_the_order_again(run: Run, take: Any, folder: Path):
    take()
    _aside(folder, new_order("A"), reason="damaged")
    run("spool", "retry", "--all", code=1)
    take(new_order("A"))
    assert "已结清 1 笔" in run("spool", "retry", "--all").output
    run("spool", "list")


def test_giving_up_takes_a_reason_and_keeps_the_record(run: Run, take: Any, boat: Lifeboat, folder: Path):
    take()
    number = new_order("A").number
    _aside(folder, new_order("A"), reason="damaged")
    assert "请写明原因" in run("spool", "give-up", number, "--reason", " ", code=1).output
    run("spool", "give-up", number, "--reason", "顾客已换键重下")
    (deed,) = _deeds(boat, number, "spool.give_up")
    assert (deed["reason"], deed["why"], deed["file"]) == ("damaged", "顾客已换键重下", "spool-0.db")
    run("spool", "list")
    connection = sqlite.connect(str(folder / "spool-0.db"))
    kept = connection.execute("SELECT number, why, length(record) > 100 FROM given_up").fetchall()
    connection.close()
    assert kept == [(number, "顾客已换键重下", 1)]
    assert "没有放到一边的记录" in run("spool", "give-up", number, "--reason", "again", code=1).output


def test_a_record_aside_is_shown_without_personal_data(run: Run, folder: Path):
    _aside(folder, new_order("A"), reason="damaged")
    document = _json(run("spool", "show", new_order("A").number, "--json"))
    assert (document["idempotency_key"], document["reason"], document["file"]) == ("A", "damaged", "spool-0.db")
    assert not document.keys() & {"sealed", "phone_last4", "phone_index"}
    assert new_order("A").number in run("spool", "show", new_order("A").number).output


def test_the_list_works_while_the_database_is_away(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """That is when people look."""
    monkeypatch.setenv("LIFEBOAT_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    _fill(folder / "spool-0.db", new_order("W"))
    assert _json(run("spool", "list", "--json"))["files"][0]["waiting"] == 1
