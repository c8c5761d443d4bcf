"""The whole way of an order, door to ledger, through real processes, a real SDK and providers that behave like theirs."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.checker import NUMBER
from tests.harness.lifeboat_process import Boat, boat
from tests.harness.processes import REPOSITORY
from tests.harness.providers import COUPON, NOTICE, Providers, providers, where_it_is_noon
from tests.harness.waiting import until

PROFILE = REPOSITORY / "examples" / "profiles" / "nested-json-fen.toml"
SAMPLE = REPOSITORY / "examples" / "profiles" / "nested-json-fen.sample.json"
MAIN_PHONE, SECOND_PHONE = "13800138001", "13900139002"
ONCE_A_DAY = "1440"
"""Minutes between the worker's own batches: at midnight, where it is noon now. Here somebody asks for them."""


@pytest.fixture
def fakes() -> Iterator[Providers]:
    with providers() as serving:
        yield serving


@pytest.fixture
def lifeboat(tmp_path: Path, fakes: Providers) -> Iterator[Boat]:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / PROFILE.name).write_bytes(PROFILE.read_bytes())
    settings = {name.removeprefix("LIFEBOAT_").lower(): value for name, value in fakes.settings().items()}
    settings |= {"timezone": where_it_is_noon(), "profiles_dir": str(profiles), "batch_every_minutes": ONCE_A_DAY}
    with boat(tmp_path, **settings) as running:
        yield running


def test_an_order_comes_home(lifeboat: Boat, fakes: Providers):
    """The main system is down; the shop changes its host; in the end every order is home, and it is proved."""
    key = lifeboat.cli_json("clients", "add", "tmall")["key"]
    assert lifeboat.cli_json("coupons", "generate", "10", "--worth", "20 元")["added"] == 10
    three = the_shop_is_answered_as_always(lifeboat, key)
    people_hear_of_it(fakes, *three)
    with lifeboat.ops() as ops:
        batch = it_takes_the_batch(ops, fakes, *three)
        the_results_come_back(lifeboat, ops, batch, *three)
        the_failed_one_comes_home_too(ops, batch, three[2])
    assert ledger(lifeboat) == {"accepted": 3, "imported": 3}
    assert lifeboat.stop() == 0


def the_shop_is_answered_as_always(lifeboat: Boat, key: str) -> tuple[str, str, str]:
    """The shop posts what it always posted, where it always posted it, and hears what it always heard."""
    first = drop_in(lifeboat, key, trade_no="TM20261122-000187", phone=MAIN_PHONE, fen=119800)
    number = first["data"]["orderId"]
    assert first["code"] == 0
    assert first["data"]["tradeNo"] == "TM20261122-000187"
    assert NUMBER.fullmatch(number)
    assert drop_in(lifeboat, key, trade_no="TM20261122-000187", phone=MAIN_PHONE, fen=119800) == first, "a retry"
    second = drop_in(lifeboat, key, trade_no="TM20261122-000188", phone=SECOND_PHONE, fen=9900)["data"]["orderId"]
    third = drop_in(lifeboat, key, trade_no="TM20261122-000189", phone=SECOND_PHONE, fen=5000)["data"]["orderId"]
    assert len({number, second, third}) == 3
    return number, second, third


def people_hear_of_it(fakes: Providers, number: str, second: str, third: str) -> None:
    """The group hears of all three, the big one with the people who must act; each customer is calmed, once."""
    until(lambda: {number, second, third} <= named_in(fakes), why="the group has not heard")
    big = next(m for m in fakes.group_messages() if number in m["content"])
    assert "高优处理" in big["content"]
    assert big["mentioned_list"] == ["zhangsan"]
    assert MAIN_PHONE not in json.dumps(fakes.group_messages(), ensure_ascii=False)
    until(lambda: len(fakes.texts()) >= 4, why="the customers have not been told")
    texts = {(text["phone"], text["template"]): text for text in fakes.texts()}
    assert len(fakes.texts()) == len(texts) == 4, "one notice and one coupon for each phone"
    assert texts[MAIN_PHONE, NOTICE]["values"] == {"number": number}
    assert texts[SECOND_PHONE, NOTICE]["values"] == {"number": second}
    codes = {texts[phone, COUPON]["values"]["code"] for phone in (MAIN_PHONE, SECOND_PHONE)}
    assert len(codes) == 2
    assert all(codes)


def it_takes_the_batch(ops: httpx.Client, fakes: Providers, number: str, second: str, third: str) -> str:
    """IT takes the batch; the file says what it is, and who takes it twice is told so."""
    manifest = ops.post("/v1/batches").raise_for_status().json()
    batch = str(manifest["batch"])
    assert (manifest["orders"], manifest["held"], manifest["total"]) == (3, 0, "1347.00")
    assert all(check["passed"] for check in manifest["checks"])
    file = ops.get(f"/v1/batches/{batch}/file")
    assert file.headers["etag"] == f'"{manifest["sha256"]}"' == f'"{hashlib.sha256(file.content).hexdigest()}"'
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))
    assert {row["应急单号"] for row in rows} == {number, second, third}
    assert rows[0]["应急单号"] == number, "high priority comes first"
    assert (rows[0]["优先级"], rows[0]["手机号"], rows[0]["渠道"]) == ("高优处理", MAIN_PHONE, "tmall")
    assert (rows[0]["外部单号"], rows[0]["付款状态"]) == ("TM20261122-000187", "已付款")
    fresh = ops.get(f"/v1/batches/{batch}/file", headers={"if-none-match": file.headers["etag"]})
    assert fresh.status_code == httpx.codes.NOT_MODIFIED
    again = ops.get(f"/v1/batches/{batch}/file")
    assert (file.headers["x-previous-downloads"], again.headers["x-previous-downloads"]) == ("0", "1")
    assert again.content == file.content
    until(lambda: any(batch in m["content"] for m in fakes.group_messages()), why="no word of it")
    assert ops.post("/v1/batches").json() == {"batch": None}
    return batch


def the_results_come_back(lifeboat: Boat, ops: httpx.Client, batch: str, number: str, second: str, third: str) -> None:
    """Two rows went into the main system, one was refused; the result comes in two parts, one of them twice."""
    done = [{"order_number": number, "result": "imported", "main_order_number": "M-1"}]
    told = {"applied": 1, "unchanged": 0, "unmatched": [], "conflicts": [], "warnings": [], "ignored": []}
    told |= {"unread": [], "unused_columns": [], "dry_run": False, "would_import": None}
    assert upload(ops, batch, done) == told
    lines = (
        "应急单号,结果,主系统单号,原因",
        f"{number},成功,M-1,",
        f"{second},成功,M-2,",
        f"{third},失败,,商品编码不存在",
    )
    answer = ops.post(
        f"/v1/batches/{batch}/import-results",
        content="\r\n".join(lines).encode("utf-8-sig"),
        headers={"content-type": "text/csv"},
    )
    told = answer.raise_for_status().json()
    assert {name: told[name] for name in ("applied", "unchanged", "unmatched", "conflicts")} == {
        "applied": 2,
        "unchanged": 1,
        "unmatched": [],
        "conflicts": [],
    }
    assert ledger(lifeboat) == {"accepted": 3, "imported": 2, "batched": 1}


def the_failed_one_comes_home_too(ops: httpx.Client, batch: str, third: str) -> None:
    """The failed one alone goes into a repair batch, and whoever asks for it hears its whole way."""
    repair = ops.post(f"/v1/batches/{batch}/repair").raise_for_status().json()
    assert (repair["kind"], repair["orders"]) == ("repair", 1)
    mended = ops.get(f"/v1/batches/{repair['batch']}/file").content.decode("utf-8-sig")
    assert set(NUMBER.findall(mended)) == {third}
    home = [{"order_number": third, "result": "imported", "main_order_number": "M-3"}]
    assert upload(ops, repair["batch"], home)["applied"] == 1
    way = ops.get(f"/v1/orders/{third}").raise_for_status().json()
    assert (way["status"], way["main_order_number"]) == ("imported", "M-3")
    events = [event["event"] for event in way["timeline"]]
    assert [name for name in events if name != "notified"] == ["accepted", "batched", "failed", "batched", "imported"]
    assert "notified" in events
    assert ops.get("/v1/ledger").json()["balanced"] is True


def drop_in(lifeboat: Boat, key: str, *, trade_no: str, phone: str, fen: int) -> dict[str, Any]:
    """Post an order as the shop posts it to the main system."""
    order = json.loads(SAMPLE.read_text(encoding="utf-8"))
    data = order["data"]
    data["tradeNo"], data["buyer"]["mobile"], data["payAmount"] = trade_no, phone, fen
    url, headers = f"{lifeboat.url}/api/order/create", {"x-app-key": key}
    answer = httpx.post(url, json=order, headers=headers, timeout=30.0, trust_env=False)
    return dict(answer.raise_for_status().json())


def named_in(fakes: Providers) -> set[str]:
    """Return the orders the group has heard of."""
    return {number for message in fakes.group_messages() for number in NUMBER.findall(message["content"])}


def upload(ops: httpx.Client, batch: str, results: list[dict[str, str]]) -> dict[str, Any]:
    """Upload results as JSON."""
    return dict(ops.post(f"/v1/batches/{batch}/import-results", json={"results": results}).raise_for_status().json())


def ledger(lifeboat: Boat) -> dict[str, int]:
    """Return the figures of a balanced ledger that are not zero; the command fails if it does not balance."""
    document = lifeboat.cli_json("ledger")
    assert document.pop("balanced") is True
    assert document.pop("incident").startswith("E")
    return {name: count for name, count in document.items() if count}
