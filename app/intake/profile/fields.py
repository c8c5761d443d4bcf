"""The fields of the canonical order as a profile may fill them, and how a foreign value becomes one."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, get_args, get_type_hints

from pydantic import AwareDatetime, BaseModel

from app.domain.money import NotMoney, fen_of_fen, yuan
from app.intake.profile.expression import BadValue
from app.intake.schemas import ItemIn, OrderIn, Yuan

Kind = Literal["text", "money", "time", "whole"]
Unit = Literal["yuan", "fen"]
Convert = Callable[[Any], Any]


def _fields_of(model: type[BaseModel], *, before: str = "") -> Iterator[tuple[str, Kind]]:
    """Yield the fields of a canonical model by path; lines are left to a profile's ``[items]``."""
    for name, annotation in get_type_hints(model, include_extras=True).items():
        if name not in model.model_fields:
            continue
        parts = list(_parts_of(annotation))
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if not inner:
            yield before + name, _kind_of(parts)
        elif inner != [ItemIn]:
            yield from _fields_of(inner[0], before=f"{before}{name}.")


def _parts_of(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - any type
    yield annotation
    for part in get_args(annotation):
        yield from _parts_of(part)


def _kind_of(parts: Sequence[Any]) -> Kind:
    if Yuan in parts:
        return "money"
    if AwareDatetime in parts:
        return "time"
    return "whole" if int in parts else "text"


ORDER_FIELDS: dict[str, Kind] = dict(_fields_of(OrderIn))
ITEM_FIELDS: dict[str, Kind] = dict(_fields_of(ItemIn))
ALL_FIELDS: dict[str, Kind] = ORDER_FIELDS | {f"items.{name}": kind for name, kind in ITEM_FIELDS.items()}
"""What a profile may fill follows from the canonical order: a field added there can be mapped without a line here."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS = 10**11
"""Larger numbers are milliseconds: as seconds they would lie beyond the year 5138, as milliseconds after March 1973."""
_NO_TIME = re.compile(r"0+(?:\.0+)?|0000[-/]00[-/]00.*|0001[-/]01[-/]01.*|-[0-9]+(?:\.[0-9]+)?")
"""Nothing, the year 0 of MySQL, the year 1 of .NET, and counts of seconds before 1970: -62135596800 is .NET's again."""
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})(?:([0-9]{2})(?:[0-9]{3})?)?)?")
"""As a count of milliseconds, twelve digits that begin with 20 would lie in 1976."""
_LOCAL = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]+)?)?)?"
)
_NUMBER = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,6})?")
_YEARS = range(1970, 3000)
"""Other years are how programs say "no time", or "no end"; which of these can be an order's depends on the clock."""

_WRONG_FEN = "金额须为非负整数，单位分，例如 59900"
_WRONG_TIME = "时间格式错误，例如 2026-11-22 10:00:00、2026-11-22T10:00:00+08:00 或 Unix 秒/毫秒"


def converter(kind: Kind, *, unit: Unit, zone: tzinfo) -> Convert:
    """Return what turns a foreign value into one that ``OrderIn`` checks; it returns None for a missing value.

    Missing is null, a blank text, an empty array or object (PHP writes ``[]`` for no object), and for a time also zero.
    """
    match kind:
        case "text":
            return text_of
        case "whole":
            return whole_of
        case "money":
            return money_from_fen if unit == "fen" else money_from_yuan
        case "time":
            return lambda value: time_of(value, zone)


def text_of(value: Any) -> Any:  # noqa: ANN401 - what is no text is left for OrderIn to refuse
    """Return a text; a number becomes its digits, since many systems send SKUs and phones as numbers."""
    if isinstance(value, str):
        return value if value and not value.isspace() else None
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, int):
        try:
            return str(value)
        except ValueError:  # more than 4,300 digits
            raise BadValue("string_too_long", "数字过长") from None
    return None if value is None or value in ([], {}) else value


def whole_of(value: Any) -> Any:  # noqa: ANN401 - what is no number is left for OrderIn to refuse
    """Return a whole number or its digits; ``"2.00"`` is 2, true is not 1."""
    if isinstance(value, bool):
        raise BadValue("int_type", "须为整数")
    if isinstance(value, str):
        return _without_idle_zeros(value.strip()) or None
    return value


def money_from_yuan(value: Any) -> Any:  # noqa: ANN401 - what is no money is left for OrderIn to refuse
    """Return an amount of yuan; ``599.0000``, as decimal columns print it, is ``599``."""
    if isinstance(value, str):
        return _without_idle_zeros(value.strip()) or None
    return value


def money_from_fen(value: Any) -> str | None:  # noqa: ANN401 - anything may come
    """Return an amount of fen as yuan, by whole numbers only."""
    if isinstance(value, str):
        value = _without_idle_zeros(value.strip()) or None
    if value is None:
        return None
    try:
        return yuan(fen_of_fen(value))
    except (NotMoney, ValueError):  # ValueError: a text of more than 4,300 digits
        raise BadValue("money", _WRONG_FEN) from None


def _without_idle_zeros(text: str) -> str:
    return text.rstrip("0").removesuffix(".") if "." in text else text


def time_of(value: Any, zone: tzinfo) -> datetime | None:  # noqa: ANN401 - anything may come
    """Read a time: ISO, ``YYYY-MM-DD HH:MM:SS`` (local in ``zone``), ``YYYYMMDDHHMMSS``, unix seconds or milliseconds.

    Raises:
        BadValue: it is none of these.
    """
    if isinstance(value, bool):
        raise BadValue("datetime_type", _WRONG_TIME)
    if isinstance(value, int | float) and value < 0:
        return None
    if isinstance(value, int | float):
        value = repr(value).removesuffix(".0") if abs(value) < 10**14 else "?"
    if isinstance(value, str):
        value = value.strip()
        if not value or _NO_TIME.fullmatch(value):
            return None
        try:
            read = _read_time(value, zone)
        except (ValueError, OverflowError):
            raise BadValue("datetime_parsing", _WRONG_TIME) from None
        return read if read.year in _YEARS else None
    if value is None or value in ([], {}):
        return None
    raise BadValue("datetime_type", _WRONG_TIME)


def _read_time(text: str, zone: tzinfo) -> datetime:
    found = _LOCAL.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is not None:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    if _NUMBER.fullmatch(text):
        whole, _, fraction = text.partition(".")
        number = int(whole)
        if number >= _FIRST_MILLISECONDS:
            return _EPOCH + timedelta(milliseconds=number)
        return _EPOCH + timedelta(seconds=number, microseconds=int(fraction.ljust(6, "0") or 0))
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=zone)


def translated(table: dict[str, str]) -> Convert:
    """Return what looks a value up in a table: ``"*"`` stands for any other value, ``""`` for a missing one."""
    known = "、".join(key for key in table if key not in {"*", ""})

    def translate(value: Any) -> str | None:  # noqa: ANN401 - anything may come
        if isinstance(value, bool):
            value = "true" if value else "false"
        plain = text_of(value)
        if plain is None:
            return table.get("")
        found = table.get(plain.strip()) if isinstance(plain, str) else None
        found = table.get("*") if found is None else found
        if found is None:
            raise BadValue("value", f"对照表 [values] 里没有这个取值，已有：{known}")
        return found

    return translate
