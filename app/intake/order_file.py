"""Reads a list of orders: rows of one shop number are one order, and what is wrong is named by row and column.

An order's key comes from its shop number; without one from what its row says and where it stands, so that importing a
file again accepts nothing twice, also after a broken row has been mended in its place.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.domain.destroyed_text import is_destroyed
from app.domain.problems import InvalidOrder, Refusal, TooLarge
from app.files.headed_rows import as_name
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement
from app.files.rows_apart import rows_apart
from app.files.sheet_reader import STANDARD
from app.intake.order_sheet_reader import payment_words
from app.intake.schemas import OrderIn, canonical_json, check_order

LABELS = {
    "shop_number": "店铺单号",
    "phone": "手机号",
    "name": "收件人姓名",
    "province": "省",
    "city": "市",
    "district": "区县",
    "address": "详细地址",
    "sku": "商品编码",
    "title": "商品名称",
    "quantity": "数量",
    "unit_price": "单价",
    "total": "订单金额",
    "freight": "运费",
    "discount": "优惠",
    "status": "付款状态",
    "buyer": "买家账号",
    "note": "备注",
}
"""The columns of our template in their order, by field."""

_OF_RECIPIENT = ("name", "province", "city", "district", "address")
_OF_ITEM = {"sku": "sku", "title": "name", "quantity": "quantity", "unit_price": "unit_price"}
_DAMAGED = "已被表格软件改成科学计数、舍入或公式，请把该列设为文本后重新导出"
_AMOUNT = re.compile(r"[¥$]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)元?")


class UnreadableOrders(Refusal):
    """A list of orders cannot be taken at all; the sentence says why."""


class WrongRow(NamedTuple):
    """A row that is passed over: where, in which column, and why."""

    row: int
    column: str
    why: str


@dataclass(frozen=True, slots=True)
class FileOrder:
    """An order of a file: its rows, and the key under which it is one order however often the file is imported."""

    rows: tuple[int, ...]
    order: OrderIn
    key: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """What a file says."""

    name: str
    orders: tuple[FileOrder, ...]
    wrong: tuple[WrongRow, ...]
    columns: Mapping[str, str]
    """What the columns that were used are called there."""
    unused: tuple[str, ...]

    @property
    def without_number(self) -> int:
        """How many orders have no shop number, and are known again only by their row."""
        return sum(1 for one in self.orders if one.order.client_order_id is None)


class _Read(NamedTuple):
    row: int
    cells: dict[str, str]
    damaged: list[str]


def read_orders_apart(data: bytes, name: str, confinement: Confinement = STANDARD_CONFINEMENT) -> OrderFile:
    """Read a list of orders, its bytes in a process of its own.

    Raises:
        UnreadableOrders: it cannot be read, or holds no row.
        TooLarge: it has more bytes than we read.
        Busy: the machine has no room for another process.
    """
    if len(data) > STANDARD.bytes:
        raise TooLarge(f"文件超过 {STANDARD.bytes // 1024 // 1024} MB，请分成几份。")
    found = rows_apart("app.intake.order_sheet_reader", data, confinement, refusal=UnreadableOrders)
    if len(found) < 2:  # noqa: PLR2004 - the columns, and a row
        raise UnreadableOrders("文件里没有一行订单。")
    head = found[0]
    rows = [_Read(line["row"], line["cells"], line["damaged"]) for line in found[1:] if line["cells"]]
    orders, wrong = _sorted_out(rows)
    return OrderFile(name, orders, wrong, head["columns"], tuple(head["unused"]))


def _sorted_out(rows: Sequence[_Read]) -> tuple[tuple[FileOrder, ...], tuple[WrongRow, ...]]:
    payments, wrong = payment_words(), list[WrongRow]()
    together: dict[str, list[_Read]] = {}
    for read in rows:
        number = read.cells.get("shop_number")
        together.setdefault(f"no {number}" if number else f"row {read.row}", []).append(read)
    orders = []
    for some in together.values():
        found = _order_of(some, payments)
        if isinstance(found, FileOrder):
            orders.append(found)
        else:
            wrong += found
    return tuple(orders), tuple(sorted(wrong))


def _order_of(rows: Sequence[_Read], payments: Mapping[str, str]) -> FileOrder | list[WrongRow]:
    wrong = [one for read in rows for one in _wrong_in(read, payments)] + list(_at_odds(rows))
    if wrong:
        return wrong
    shared: dict[str, str] = {}
    for read in rows:
        shared = {**{field: text for field, text in read.cells.items() if field not in _OF_ITEM}, **shared}
    mapped: dict[str, Any] = {
        "phone": shared.get("phone", ""),
        "items": [_item(read.cells) for read in rows],
        "client_order_id": shared.get("shop_number"),
        "recipient": {part: shared[part] for part in _OF_RECIPIENT if part in shared} or None,
        "payment": {"status": payments[as_name(shared["status"])]} if "status" in shared else None,
        **{part: _amount(shared[part]) for part in ("total", "freight", "discount") if part in shared},
        **{part: shared[part] for part in ("buyer", "note") if part in shared},
    }
    try:
        order = check_order(mapped)
    except InvalidOrder as problem:
        return [_placed(one.pointer, one.detail, rows) for one in problem.errors]
    return FileOrder(tuple(read.row for read in rows), order, _key_of(order, rows[0].row))


def _wrong_in(read: _Read, payments: Mapping[str, str]) -> Iterator[WrongRow]:
    for field in read.damaged:
        yield WrongRow(read.row, LABELS[field], f"“{read.cells.get(field, '')[:20]}”{_DAMAGED}")
    for field in _OF_RECIPIENT:
        if is_destroyed(read.cells.get(field, "")):
            yield WrongRow(read.row, LABELS[field], "文字是乱码或被打码，寄不到")
    status = read.cells.get("status")
    if status is not None and as_name(status) not in payments:
        yield WrongRow(read.row, LABELS["status"], f"不认识“{status[:20]}”，可写：已付款、未付款、货到付款")


def _at_odds(rows: Sequence[_Read]) -> Iterator[WrongRow]:
    """Yield where rows of one shop number contradict each other: two orders, or one of them is wrong."""
    first: dict[str, _Read] = {}
    for read in rows:
        for field, text in read.cells.items():
            if field in _OF_ITEM:
                continue
            earlier = first.setdefault(field, read)
            if earlier.cells[field] != text:
                yield WrongRow(read.row, LABELS[field], f"与第 {earlier.row} 行同一店铺单号，但{LABELS[field]}不同")


def _item(cells: Mapping[str, str]) -> dict[str, Any]:
    quantity = cells.get("quantity", "")
    price = cells.get("unit_price")
    return {
        "sku": cells.get("sku", ""),
        "name": cells.get("title"),
        "quantity": int(quantity) if re.fullmatch(r"[0-9]{1,9}", quantity) else quantity,
        "unit_price": None if price is None else _amount(price),
    }


def _amount(text: str) -> str:
    """Return an amount as the intake reads it: ¥1,299.00 is 1299.00; what is no amount is left for it to refuse."""
    found = _AMOUNT.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    return found[1].replace(",", "") if found else text


def _placed(pointer: str, why: str, rows: Sequence[_Read]) -> WrongRow:
    """Return the row and column that a pointer into the order means."""
    parts = pointer.strip("/").split("/")
    read = rows[int(parts[1])] if parts[0] == "items" and len(parts) > 1 and parts[1].isdigit() else rows[0]
    match parts:
        case ["items", *_]:
            field = next((theirs for theirs, mine in _OF_ITEM.items() if mine == parts[-1]), "sku")
        case ["recipient", part]:
            field = part
        case _:
            field = {"client_order_id": "shop_number", "payment": "status"}.get(parts[0], parts[0])
    return WrongRow(read.row, LABELS.get(field, field), why)


def _key_of(order: OrderIn, row: int) -> str:
    if order.client_order_id is not None:
        return f"no:{hashlib.sha256(order.client_order_id.encode()).hexdigest()[:48]}"
    return f"row:{hashlib.sha256(canonical_json(order)).hexdigest()[:48]}:{row}"
