"""Changes fields of a stored order, and checks the whole of it as the door would check it today."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.domain.amended import Amended
from app.domain.clock import Clock
from app.domain.money import yuan
from app.domain.order import Order
from app.domain.problems import FieldError, InvalidOrder
from app.intake.content import content_of, refusal_of_times, wild_times, without_times
from app.intake.schemas import canonical_json, check_order
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderRow

_MONEY = frozenset({"total", "freight", "discount", "unit_price"})
_IDENTITY = "client_order_id"
MOST_CHANGES = 200


class Amender:
    """Makes of a row and of changes what the row is to hold, sealed; the door's own errors say what is wrong."""

    def __init__(self, keyring: Keyring, clock: Clock, *, high_above_fen: int) -> None:
        self._keys = keyring
        self._clock = clock
        self._high_above_fen = high_above_fen

    def __call__(self, row: OrderRow, changes: Mapping[str, object]) -> Amended:
        """Return the amended order; ``changes`` are values by path (``recipient.name``, ``items.0.unit_price``).

        An empty value clears a field, or takes a line of goods out; the line after the last one is a new one. Money is
        in yuan, as storefronts send it. An order that cannot be read any more is begun anew, so that all it needs has
        to be given.

        Raises:
            InvalidOrder: a path leads nowhere, or the order would not pass the door; pointers name the fields.
        """
        if not changes or len(changes) > MOST_CHANGES:
            raise InvalidOrder(f"请给出要补全的字段，一次至多 {MOST_CHANGES} 个。")
        document = self._as_sent(row)
        paths = {tuple(_parts(path)): value for path, value in changes.items()}
        errors = [error for path in sorted(paths, key=_line_by_line) if (error := _put(document, path, paths[path]))]
        if errors:
            raise InvalidOrder(errors=errors)
        document["items"] = [item for item in document.get("items", ()) if item is not None]
        order = check_order(_without_nothing(document))
        wild = wild_times(order, self._clock)
        if changed := [at for at in wild if tuple(at.split("/")) in paths]:
            raise refusal_of_times(changed)
        order = without_times(order, wild)  # what an earlier release took, and nobody has asked about
        content = content_of(order, row.number, canonical_json(order), self._keys, high_above_fen=self._high_above_fen)
        return Amended(content._asdict(), tuple(sorted(".".join(path) for path in paths)))

    def _as_sent(self, row: OrderRow) -> dict[str, Any]:
        try:
            return as_sent(self._keys.open_order(row.sealed, row.number))
        except CannotUnseal:
            return {_IDENTITY: row.client_order_id}


def as_sent(order: Order) -> dict[str, Any]:
    """Return an order as a storefront would send it: without what is not there, money in yuan."""
    document: dict[str, Any] = _shown(asdict(order))
    document["items"] = list(document["items"])
    return document


def _shown(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any value of an order
    match value:
        case dict():
            return {key: _shown(one, key) for key, one in value.items() if one is not None}
        case list() | tuple():
            return [_shown(one) for one in value]
        case datetime():
            return value.isoformat()
        case int() if name in _MONEY:
            return yuan(value)
        case _:
            return value


def _parts(path: str) -> list[str]:
    """Return a path's parts; a JSON pointer, as errors name fields, is as good."""
    return path[1:].split("/") if path.startswith("/") else path.strip().split(".")


def _line_by_line(path: tuple[str, ...]) -> list[tuple[int, str]]:
    """Sort new lines of goods by their number, in whatever order they are given."""
    return [(int(part) if part.isascii() and part.isdigit() else -1, part) for part in path]


def _put(document: dict[str, Any], path: tuple[str, ...], value: object) -> FieldError | None:
    """Put a value into the document; return what is wrong with the path, if anything."""
    pointer = "/" + "/".join(path)
    if path[0] == _IDENTITY:
        return FieldError(pointer, "not_changeable", "外部单号不能修改")
    at: Any = document
    for n, part in enumerate(path):
        key = _key(at, part)
        if key is None:
            return FieldError(pointer, "no_such_field", "没有这个字段或这一行")
        if n == len(path) - 1:
            at[key] = _read(part, value)
            return None
        if at[key] is None:
            at[key] = [] if part == "items" else {}
        at = at[key]
    return None


def _key(at: Any, part: str) -> str | int | None:  # noqa: ANN401 - whatever the path has led to
    """Return the key of a part in what holds it, made where it is not there yet; None where it cannot be."""
    if isinstance(at, dict):
        at.setdefault(part, None)
        return part
    if isinstance(at, list) and part.isascii() and part.isdigit() and int(part) <= len(at):
        if int(part) == len(at):
            at.append({})
        return int(part)
    return None


def _read(part: str, value: object) -> object:
    """Return a value as the door takes it: from a command or a form everything comes as text."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if part == "quantity" and text.isascii() and text.isdigit() else text or None
    return value


def _without_nothing(value: Any) -> Any:  # noqa: ANN401 - any value of an order
    match value:
        case dict():
            return {key: _without_nothing(one) for key, one in value.items() if one is not None}
        case list():
            return [_without_nothing(one) for one in value]
        case _:
            return value
