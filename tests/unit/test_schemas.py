"""What the door says of an order it cannot take: where, which rule, and a Chinese sentence."""

import json
import re
from typing import Any

import pytest

from app.domain.problems import FieldError, InvalidOrder, Malformed
from app.intake.field_errors import SENTENCES, field_error
from app.intake.schemas import OrderIn, canonical_json, check_order, read_order
from tests.deployment.orders import new_order, order_body, prepared

ITEM = {"sku": "A", "quantity": 1}


def _errors(**fields: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidOrder) as refused:
        read_order(json.dumps({"phone": "13800138000", "items": [ITEM], **fields}).encode())
    return [(error.pointer, error.code, error.detail) for error in refused.value.errors]


@pytest.mark.parametrize(
    ("fields", "pointer", "code", "detail"),
    [
        ({"phone": 13800138000}, "/phone", "string_type", "须为文本"),
        ({"phone": "12345"}, "/phone", "phone", "手机号须为 1 开头的 11 位号码，隐私号可带 -分机"),
        ({"phone": "138****1234"}, "/phone", "phone_masked", "手机号已被打码，无法联系顾客"),
        ({"phone": "1" * 41}, "/phone", "string_too_long", "最多 40 个字符"),
        ({"items": []}, "/items", "too_short", "至少 1 项"),
        ({"items": [ITEM] * 501}, "/items", "too_long", "最多 500 项"),
        ({"items": {}}, "/items", "list_type", "须为数组"),
        ({"items": ["A"]}, "/items/0", "model_type", "须为对象"),
        ({"items": [{"quantity": 1}]}, "/items/0/sku", "missing", "缺少必填字段"),
        ({"items": [ITEM, {"sku": " ", "quantity": 1}]}, "/items/1/sku", "string_too_short", "不能为空"),
        ({"items": [{"sku": "A\u0000", "quantity": 1}]}, "/items/0/sku", "string_pattern_mismatch", "含有控制字符"),
        ({"items": [{"sku": "A", "quantity": 0}]}, "/items/0/quantity", "greater_than_equal", "不能小于 1"),
        ({"items": [{"sku": "A", "quantity": 100_000}]}, "/items/0/quantity", "less_than_equal", "不能大于 99999"),
        ({"items": [{"sku": "A", "quantity": 1.5}]}, "/items/0/quantity", "int_from_float", "须为整数"),
        ({"items": [{"sku": "A", "quantity": "两"}]}, "/items/0/quantity", "int_parsing", "须为整数"),
        ({"items": [{"sku": "A", "quantity": None}]}, "/items/0/quantity", "int_type", "须为整数"),
        ({"items": [{"sku": "A", "quantity": float("nan")}]}, "/items/0/quantity", "finite_number", "须为整数"),
        (
            {"items": [{"sku": "A", "quantity": 1, "unit_price": "1.005"}]},
            "/items/0/unit_price",
            "money",
            '金额须为非负的元，最多两位小数，例如 "599.00"',
        ),
        ({"total": -1}, "/total", "money", '金额须为非负的元，最多两位小数，例如 "599.00"'),
        ({"client_order_id": "k" * 129}, "/client_order_id", "string_too_long", "最多 128 个字符"),
        ({"client_order_id": 7}, "/client_order_id", "string_type", "须为文本"),
        ({"recipient": []}, "/recipient", "model_type", "须为对象"),
        ({"recipient": {"phone": "1"}}, "/recipient/phone", "extra_forbidden", "不认识的字段"),
        ({"payment": {"status": "maybe"}}, "/payment/status", "literal_error", "只能是 'paid', 'unpaid' or 'cod' 之一"),
        (
            {"placed_at": "2026-11-22T10:00:00"},
            "/placed_at",
            "timezone_aware",
            "时间须带时区，例如 2026-11-22T10:00:00+08:00",
        ),
        (
            {"placed_at": "yesterday"},
            "/placed_at",
            "datetime_from_date_parsing",
            "时间格式错误，例如 2026-11-22T10:00:00+08:00",
        ),
        ({"placed_at": 1e30}, "/placed_at", "datetime_parsing", "时间格式错误，例如 2026-11-22T10:00:00+08:00"),
        ({"placed_at": []}, "/placed_at", "datetime_type", "须为带时区的时间"),
        ({"a/b~c": 1}, "/a~1b~0c", "extra_forbidden", "不认识的字段"),
    ],
)
def test_a_wrong_field_is_named_by_pointer_code_and_sentence(
    fields: dict[str, Any], pointer: str, code: str, detail: str
):
    assert _errors(**fields) == [(pointer, code, detail)]


def test_all_wrong_fields_are_told_at_once():
    assert [pointer for pointer, _, _ in _errors(phone="x", total="y", nonsense=1)] == ["/phone", "/total", "/nonsense"]


def test_every_sentence_is_chinese_and_an_unforeseen_error_has_one_too():
    for sentence in SENTENCES.values():
        assert re.search("[\u4e00-\u9fff]", sentence)
    unforeseen = {"type": "unheard_of", "loc": ("x",), "msg": "", "input": 1}
    assert field_error(unforeseen) == FieldError("/x", "unheard_of", "内容有误")  # type: ignore[arg-type]


@pytest.mark.parametrize("body", [b"", b"nul", b"{", b"\xff\xfe", b'{"phone":"\\ud800"}', b"[" * 5000])
def test_what_is_no_json_is_malformed(body: bytes):
    with pytest.raises(Malformed, match=r"请求体不是有效的 JSON（.+）。"):
        read_order(body)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null"])
def test_json_that_is_no_object_is_no_order(body: bytes):
    with pytest.raises(InvalidOrder) as refused:
        read_order(body)
    assert refused.value.errors == (FieldError("", "model_type", "须为对象"),)


def test_the_least_order_has_a_phone_and_an_item():
    order = read_order(b'{"phone":"13800138000","items":[{"sku":"A","quantity":1}]}')
    assert canonical_json(order) == b'{"phone":"13800138000","items":[{"sku":"A","quantity":1}]}'


def test_money_becomes_fen_phones_become_plain_and_blanks_go():
    order = check_order(order_body(phone="+86 138-0013-8000", total=599.99, buyer="  nick  ", client_order_id=" S-1 "))
    assert (order.phone, order.total, order.buyer, order.client_order_id) == ("13800138000", 59_999, "nick", "S-1")


@pytest.mark.parametrize("blank", ["", "  ", "\t", None])
def test_a_blank_client_order_id_is_none(blank: str | None):
    """Two orders with an empty number must not become one order."""
    assert read_order(json.dumps(order_body(None, client_order_id=blank)).encode()).client_order_id is None


def test_a_mapped_order_is_checked_by_the_same_rules():
    with pytest.raises(InvalidOrder) as refused:
        check_order({"phone": "x", "items": []})
    assert [error.pointer for error in refused.value.errors] == ["/phone", "/items"]


def test_the_documented_example_is_a_valid_order():
    example = OrderIn.model_json_schema()["examples"][0]
    assert read_order(json.dumps(example).encode()).total == 59_900


def test_a_sum_that_no_column_holds_is_refused_and_not_stored():
    """One such order in a commit would take all others down with it."""
    items = [{"sku": "A", "quantity": 99_999, "unit_price": "9999999999.99"}] * 500
    with pytest.raises(InvalidOrder) as refused:
        new_order("A", items=items, total=None)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/items", "total_too_large")]


def test_without_any_key_each_order_gets_one_of_our_making():
    """Then only the look-alike check protects from a retry, which is why the key is asked for."""
    one, two = (prepared(order_body(None)) for _ in range(2))
    assert one.number != two.number
    assert one.idempotency_key.startswith("auto-")
    assert (one.fingerprint, one.look_alike) == (two.fingerprint, two.look_alike)
