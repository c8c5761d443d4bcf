"""The two profiles we ship, end to end: a storefront's own request in, the main system's own answer out."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.problems import (
    Busy,
    IdempotencyConflict,
    IntakeClosed,
    InvalidOrder,
    Malformed,
    Problem,
    Unauthenticated,
)
from app.intake.accept import Accepted
from app.intake.profile.explain import explain
from app.intake.profile.profile import ByHeader, ByName, ByQuery, ClientSource, load_profiles, read_profile

EXAMPLES = Path(__file__).parents[2] / "examples" / "profiles"
PROFILES = {profile.name: profile for profile in load_profiles(EXAMPLES)}
FEN = PROFILES["nested-json-fen"]
YUAN = PROFILES["flat-form-yuan"]
FEN_SAMPLE = (EXAMPLES / "nested-json-fen.sample.json").read_bytes()
YUAN_SAMPLE = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEN_O_CLOCK = datetime(2026, 11, 22, 2, 0, 0, 123_456, tzinfo=UTC)


def accepted(*, replayed: bool = False) -> Accepted:
    return Accepted("LB0123456789ABX", "high", TEN_O_CLOCK, replayed)


def with_data(**changes: object) -> bytes:
    payload = json.loads(FEN_SAMPLE)
    payload["data"] |= changes
    return json.dumps(payload).encode()


def test_a_nested_payload_in_fen_becomes_a_canonical_order_in_yuan():
    explained = explain(FEN, FEN_SAMPLE)
    assert explained.problem is None
    assert explained.idempotency_key == "TM20261122-000187"
    assert explained.order == {
        "phone": "13800138000-6762",
        "items": [
            {"sku": "A-1001", "name": "跑步鞋 42", "quantity": 1, "unit_price": "599.00"},
            {"sku": "100200", "name": "运动外套 L", "quantity": 1, "unit_price": "619.00"},
        ],
        "client_order_id": "TM20261122-000187",
        "total": "1198.00",
        "freight": "0.00",
        "discount": "20.00",
        "recipient": {
            "name": "张三",
            "province": "浙江省",
            "city": "杭州市",
            "district": "西湖区",
            "address": "文三路 1 号 2 幢 301",
        },
        "payment": {"status": "paid", "paid_at": "2026-11-22T02:00:12Z", "transaction_id": "4200002123202611220001"},
        "buyer": "跑步的猫",
        "placed_at": "2026-11-22T10:00:05+08:00",
    }


def test_a_flat_form_in_yuan_pairs_its_columns_into_lines():
    explained = explain(YUAN, YUAN_SAMPLE)
    assert explained.problem is None
    assert explained.idempotency_key == "SP20261122000187"
    assert explained.order is not None
    assert explained.order["phone"] == "13800138000"
    assert explained.order["items"] == [
        {"sku": "A-1001", "name": "跑步鞋 42", "quantity": 1, "unit_price": "599.00"},
        {"sku": "B-2002", "name": "袜子", "quantity": 3, "unit_price": "19.90"},
    ]
    assert explained.order["recipient"] == {"name": "李四", "province": "浙江省", "address": "文三路 1 号"}
    assert explained.order["payment"] == {"status": "paid"}


def test_the_answer_has_the_main_systems_shape():
    mapped = FEN.read(FEN_SAMPLE, JSON)
    rendered = FEN.render_accepted(accepted(), mapped.order)
    assert (rendered.status, rendered.content_type) == (200, JSON)
    assert json.loads(rendered.body) == {
        "code": 0,
        "msg": "ok",
        "data": {"orderId": "LB0123456789ABX", "tradeNo": "TM20261122-000187", "createTime": 1795312800123},
    }


def test_a_replay_is_answered_by_the_same_bytes():
    for profile, body, kind in ((FEN, FEN_SAMPLE, JSON), (YUAN, YUAN_SAMPLE, FORM)):
        order = profile.read(body, kind).order
        assert profile.render_accepted(accepted(), order) == profile.render_accepted(accepted(replayed=True), order)


def test_times_in_the_answer_are_local():
    assert json.loads(YUAN.render_accepted(accepted()).body)["order_time"] == "2026-11-22 10:00:00"


@pytest.mark.parametrize(
    ("problem", "status", "shown", "code"),
    [
        (Malformed(), 400, 200, 1001),
        (Unauthenticated(), 401, 200, 1401),
        (IdempotencyConflict(), 422, 200, 1409),
        (Busy(), 503, 503, 5003),
        (IntakeClosed(), 503, 503, 5003),
        (Problem(), 500, 503, 1999),
    ],
)
def test_a_refusal_speaks_the_main_systems_codes_and_a_busy_door_makes_the_storefront_retry(
    problem: Problem, status: int, shown: int, code: int
):
    rendered = FEN.render_problem(problem, status)
    assert rendered.status == shown
    assert json.loads(rendered.body) == {"code": code, "msg": problem.detail, "data": {}}


def test_without_a_fixed_status_a_refusal_keeps_its_own():
    assert YUAN.render_problem(InvalidOrder(), 422).status == 422
    assert YUAN.render_problem(Busy(), 429).status == 429
    busy = YUAN.render_problem(Busy(), 503)
    assert busy.status == 503
    assert json.loads(busy.body)["message"] == "系统繁忙，请 1 秒后用同一单号重试"


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "canonical"),
    [
        ({"buyer": {"mobile": "138****1234"}}, "/data/buyer/mobile", "phone_masked", "phone"),
        ({"buyer": None}, "/data/buyer/mobile", "missing", "phone"),
        ({"payAmount": -1}, "/data/payAmount", "money", "total"),
        ({"payAmount": 1.5}, "/data/payAmount", "money", "total"),
        ({"payAmount": None}, "/data/payAmount", "missing", "total"),
        ({"tradeNo": " "}, "/data/tradeNo", "missing", "client_order_id"),
        ({"payStatus": 9}, "/data/payStatus", "value", "payment.status"),
        ({"payTime": "tomorrow"}, "/data/payTime", "datetime_parsing", "payment.paid_at"),
        ({"details": None}, "/data/details", "missing", "items"),
        ({"details": []}, "/data/details", "too_short", "items"),
        ({"details": "A*1"}, "/data/details", "list_type", "items"),
        ({"details": [{"skuCode": "A", "num": 0}]}, "/data/details/0/num", "greater_than_equal", "items.0.quantity"),
        ({"details": [{"skuCode": "A", "num": True}]}, "/data/details/0/num", "int_type", "items.0.quantity"),
        ({"details": [{"skuCode": "A", "num": 1}, {"num": 1}]}, "/data/details/1/skuCode", "missing", "items.1.sku"),
        ({"details": [{"skuCode": "A", "num": 1}] * 600}, "/data/details", "too_long", "items"),
        ({"receiver": {"name": {"first": "三"}}}, "/data/receiver/name", "string_type", "recipient.name"),
    ],
)
def test_an_error_points_at_the_foreign_field_and_names_ours(
    changes: dict[str, object], pointer: str, code: str, canonical: str
):
    with pytest.raises(InvalidOrder) as caught:
        FEN.read(with_data(**changes), JSON)
    (error,) = caught.value.errors
    assert (error.pointer, error.code) == (pointer, code)
    assert error.detail.endswith(f"（对应应急订单字段 {canonical}）")


def test_all_that_is_wrong_is_told_at_once_in_the_main_systems_shape():
    explained = explain(FEN, b'{"data": {"details": [{"num": "x"}]}}')
    assert explained.order is None
    assert isinstance(explained.problem, InvalidOrder)
    said = json.loads(explained.answer.body)["msg"]
    for pointer in (
        "/data/buyer/mobile",
        "/data/tradeNo",
        "/data/payAmount",
        "/data/details/0/skuCode",
        "/data/details/0/num",
    ):
        assert pointer in said


def test_the_first_phone_with_a_value_counts():
    form = b"mobile=&tel=13900139000&order_sn=1&goods_sn=A&goods_number=1"
    order = YUAN.read(form, FORM).order
    assert order.phone == "13900139000"
    assert order.payment is not None
    assert order.payment.status == "unpaid"


def test_uneven_columns_are_refused_rather_than_paired_wrongly():
    form = b"mobile=13900139000&goods_sn=A&goods_sn=B&goods_number=1"
    with pytest.raises(InvalidOrder) as caught:
        YUAN.read(form, FORM)
    assert [(error.pointer, error.code) for error in caught.value.errors] == [("/goods_sn", "uneven")]


def test_a_single_line_need_not_be_wrapped_in_an_array():
    order = FEN.read(with_data(details={"skuCode": "A", "num": 2}), JSON).order
    assert [(item.sku, item.quantity) for item in order.items] == [("A", 2)]


@pytest.mark.parametrize(
    ("line", "source"), [('name = "tmall"', ByName("tmall")), ('query = "appkey"', ByQuery("appkey"))]
)
def test_a_client_may_also_come_otherwise(line: str, source: ClientSource, tmp_path: Path):
    text = (EXAMPLES / "nested-json-fen.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('\nheader = "X-App-Key"', f"\n{line}"), encoding="utf-8")
    assert read_profile(tmp_path / "mine.toml").client == source


def test_the_samples_ask_for_a_key():
    """Copied as they are, they take orders from nobody else."""
    assert FEN.client == YUAN.client == ByHeader("X-App-Key")
