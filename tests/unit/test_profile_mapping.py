"""How single rules of a profile map a payload, and whom they blame."""

import pytest

from app.domain.problems import BadIdempotencyKey, InvalidOrder
from app.intake.profile.build import mapping_of
from app.intake.profile.file import parse_file
from app.intake.profile.mapping import Mapped


def read(payload: object, *, key: str = "no", root: str = "@", lines: str = 'each = "lines"\nsku = "s"') -> Mapped:
    head = f'name = "s"\npath = "/s"\nbody = "json"\nunit = "fen"\nroot = "{root}"\n[idempotency]\nkey = "{key}"\n'
    rules = f'[order]\nphone = "tel"\n[items]\n{lines}\n[constants]\n"items.quantity" = 1\nfreight = "8.00"\n'
    answers = '[answer]\nbody = "ok"\ncontent_type = "text/plain"\n[refusal]\nbody = {}\n'
    return mapping_of(parse_file((head + rules + answers).encode())).read(payload)


def test_a_constant_fills_what_the_payload_has_not_and_is_in_yuan():
    order = read({"tel": "13800138000", "lines": [{"s": "A"}]}).order
    assert order.freight == 800
    assert order.items[0].quantity == 1


@pytest.mark.parametrize(("value", "key"), [("T-1", "T-1"), (42, "42"), (" T ", "T"), ("", None), (None, None)])
def test_the_key_comes_from_the_payload_if_it_is_there(value: object, key: str | None):
    assert read({"tel": "13800138000", "lines": [{"s": "A"}], "no": value}).idempotency_key == key


@pytest.mark.parametrize("value", ["订单1", "a b", "x" * 129, True, {"a": 1}])
def test_a_key_of_another_form_is_refused_by_its_field(value: object):
    with pytest.raises(BadIdempotencyKey) as caught:
        read({"tel": "13800138000", "lines": [{"s": "A"}], "no": value})
    assert caught.value.errors[0].pointer == "/no"


def test_an_order_inside_a_text_is_read_from_there():
    inner = '{"tel": "13800138000", "lines": [{"s": "A"}]}'
    assert read({"biz": inner}, root="from_json(biz)").order.phone == "13800138000"
    with pytest.raises(InvalidOrder) as caught:
        read({"biz": inner.replace("138", "1", 1)}, root="from_json(biz)")
    assert caught.value.errors[0].pointer == "/biz/tel"
    with pytest.raises(InvalidOrder) as caught:
        read({"biz": "{"}, root="from_json(biz)")
    assert caught.value.errors[0].pointer == "/biz"


def test_behind_a_filter_the_array_is_named_because_the_index_is_not_the_payloads():
    with pytest.raises(InvalidOrder) as caught:
        read({"tel": "13800138000", "lines": [{"s": "A"}, {"on": True}]}, lines='each = "lines[?on]"\nsku = "s"')
    (error,) = caught.value.errors
    assert (error.pointer, error.code) == ("/lines", "missing")
    assert "items.0.sku" in error.detail


def test_an_expression_for_the_lines_that_fails_is_told():
    with pytest.raises(InvalidOrder) as caught:
        read({"tel": "13800138000", "lines": "x"}, lines='each = "from_json(lines)"\nsku = "s"')
    assert [(error.pointer, error.code) for error in caught.value.errors] == [("/lines", "expression")]


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        ({"s": "A"}, [("A", None)]),
        ({"s": ["A", "B"]}, [("A", None), ("B", None)]),
        ({"s": ["A", "B"], "n": ["x", "y"]}, [("A", "x"), ("B", "y")]),
    ],
)
def test_columns_pair_by_position(payload: dict[str, object], lines: list[tuple[str, str | None]]):
    order = read({"tel": "13800138000"} | payload, lines='sku = "s"\nname = "n"').order
    assert [(item.sku, item.name) for item in order.items] == lines


@pytest.mark.parametrize("payload", [{"s": ["A", "B"], "n": "x"}, {"s": ["A", "B"], "n": ["x"]}])
def test_columns_of_different_lengths_are_refused(payload: dict[str, object]):
    with pytest.raises(InvalidOrder) as caught:
        read({"tel": "13800138000"} | payload, lines='sku = "s"\nname = "n"')
    assert [(error.pointer, error.code) for error in caught.value.errors] == [("/s", "uneven")]
