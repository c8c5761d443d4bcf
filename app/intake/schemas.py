"""The canonical order as storefronts send it: unknown fields are refused, money becomes fen, phones are normalised."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from app.domain.money import fen_of_yuan
from app.domain.order import PaymentStatus
from app.domain.phone import phone_of
from app.domain.problems import FieldError, InvalidOrder, Malformed
from app.intake.field_errors import field_error


def _blank_is_missing(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_MONEY_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "string", "pattern": r"^\d{1,10}(\.\d{1,2})?$"}, {"type": "number", "minimum": 0}],
    "examples": ["599.00"],
}

Yuan = Annotated[int, BeforeValidator(fen_of_yuan), WithJsonSchema(_MONEY_SCHEMA)]
_PHONE_SCHEMA: dict[str, Any] = {
    "type": "string",
    "maxLength": 40,
    "description": "大陆手机号，可带 +86、空格、连字符；隐私号带 -分机。打码的号码不收。",
    "examples": ["13800138000", "13800138000-6762"],
}
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(phone_of), WithJsonSchema(_PHONE_SCHEMA)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=_NO_CONTROLS)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_NO_CONTROLS)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Reference = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=128, pattern=_NO_CONTROLS)] | None,
    BeforeValidator(_blank_is_missing),
]
"""An id of somebody else's; a blank one is none."""


_DIGITS = re.compile(r"[-+0-9.eE_\s]*")


def _written(value: object) -> object:
    """Refuse counts of seconds, which pydantic would read: 20261122100000, the digits of a date, is none."""
    count = isinstance(value, int | float) or (
        isinstance(value, str) and "-" not in value[1:] and _DIGITS.fullmatch(value)
    )
    if count:
        raise PydanticCustomError("datetime_parsing", "a count, and no written time")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
"""ISO 8601 with date, time and zone; whether it is a time that can be depends on the clock, see ``accept.py``."""


class Strict(BaseModel):
    """Refuses fields it does not know: a misspelt field is a lost field."""

    model_config = ConfigDict(extra="forbid")


class ItemIn(Strict):
    """One line: ``sku`` and ``quantity`` at the least; ``unit_price`` in yuan."""

    sku: Code
    quantity: Annotated[int, Field(ge=1, le=99_999)]
    name: ShortText | None = None
    unit_price: Yuan | None = None


class RecipientIn(Strict):
    """Where the goods go."""

    name: ShortText | None = None
    province: Short | None = None
    city: Short | None = None
    district: Short | None = None
    address: ShortText | None = None


class PaymentIn(Strict):
    """What the storefront knows of the payment."""

    status: PaymentStatus | None = None
    paid_at: Moment | None = None
    transaction_id: Short | None = None


class OrderIn(Strict):
    """An order. Only ``phone`` and the items' ``sku`` and ``quantity`` are required; money is yuan."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "client_order_id": "SHOP-20261122-0001",
                    "phone": "13800138000",
                    "items": [{"sku": "A-1001", "name": "跑步鞋 42", "quantity": 1, "unit_price": "599.00"}],
                    "total": "599.00",
                    "freight": "0.00",
                    "discount": "0.00",
                    "recipient": {
                        "name": "张三",
                        "province": "浙江省",
                        "city": "杭州市",
                        "district": "西湖区",
                        "address": "文三路 1 号",
                    },
                    "payment": {
                        "status": "paid",
                        "paid_at": "2026-11-22T10:00:00+08:00",
                        "transaction_id": "4200001234",
                    },
                    "buyer": "nick",
                    "note": "尽快发货",
                    "placed_at": "2026-11-22T10:00:00+08:00",
                }
            ]
        },
    )

    phone: Phone
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=500)]
    client_order_id: Reference = None
    total: Yuan | None = None
    freight: Yuan | None = None
    discount: Yuan | None = None
    recipient: RecipientIn | None = None
    payment: PaymentIn | None = None
    buyer: ShortText | None = None
    note: Text | None = None
    placed_at: Moment | None = None


class EarlierPaymentIn(PaymentIn):
    """A payment as the first releases took it."""

    paid_at: AwareDatetime | None = None


class EarlierOrderIn(OrderIn):
    """An order as the first releases took it, counts of seconds for times included: it may only be a retry."""

    payment: EarlierPaymentIn | None = None
    placed_at: AwareDatetime | None = None
    _errors: list[FieldError] = PrivateAttr(default_factory=list)

    @property
    def errors(self) -> list[FieldError]:
        """What is wrong with it today."""
        return self._errors


MOST_TOLD = 50
"""Errors of one order that are named; whoever made more of them mends these first."""

MOST_LOOKED_AT = 500

_TIMES = {("placed_at",), ("payment", "paid_at")}
_EARLIER: TypeAdapter[EarlierOrderIn] = TypeAdapter(EarlierOrderIn)

_ADAPTER: TypeAdapter[OrderIn] = TypeAdapter(OrderIn)
_validate_json = _ADAPTER.validator.validate_json
_to_json = _ADAPTER.serializer.to_json


def read_order(body: bytes) -> OrderIn:
    """Read a canonical order from the bytes of a request, in one pass; an :class:`EarlierOrderIn` may only be a retry.

    Raises:
        Malformed: it is no JSON.
        InvalidOrder: fields are wrong; each is named by its pointer.
    """
    try:
        order: OrderIn = _validate_json(body)
    except ValidationError as error:
        details = _details(error)
        if details[0]["type"] == "json_invalid":
            raise Malformed(f"请求体不是有效的 JSON（{details[0]['ctx']['error']}）。") from None
        errors = _told(details)
        earlier = _as_earlier(body) if all(one["loc"] in _TIMES for one in details) else None
        if earlier is None:
            raise InvalidOrder(errors=errors) from None
        earlier.errors.extend(errors)
        return earlier
    return order


def _details(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong.

    Raises:
        InvalidOrder: that is too much: writing tens of thousands of errors out would keep everybody else waiting.
    """
    count = error.error_count()
    if count > MOST_LOOKED_AT:
        raise InvalidOrder(f"订单内容有 {count} 处错误，请先核对字段名称与层级。") from None
    return error.errors(include_url=False, include_input=False)


def _told(details: Sequence[ErrorDetails]) -> list[FieldError]:
    errors = [field_error(one) for one in details[:MOST_TOLD]]
    if len(details) > MOST_TOLD:
        errors.append(FieldError("", "more", f"另有 {len(details) - MOST_TOLD} 处错误未列出"))
    return errors


def _as_earlier(body: bytes) -> EarlierOrderIn | None:
    try:
        return _EARLIER.validate_json(body)
    except ValidationError:
        return None


def check_order(mapped: dict[str, Any]) -> OrderIn:
    """Check an order that a profile has mapped; the same errors as :func:`read_order`."""
    try:
        return _ADAPTER.validate_python(mapped)
    except ValidationError as error:
        raise InvalidOrder(errors=_told(_details(error))) from None


def canonical_json(order: OrderIn) -> bytes:
    """Return an order as compact JSON, money in fen, fields in one order whatever order they came in."""
    return _to_json(order, exclude_none=True)
