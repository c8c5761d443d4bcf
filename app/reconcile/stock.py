"""A stock list of the main system: read in a process of its own, looked at, and put in the place of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.problems import Refusal, TooLarge
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement
from app.files.rows_apart import NOT_READ, rows_apart
from app.files.sheet_reader import STANDARD
from app.store.unit_of_work import UnitOfWork

_TWO_COLUMNS = "请只保留商品编码和库存两列，另存为 CSV 后上传。"

SHOWN = 50
"""Rows that could not be taken, and changes, as far as they are told one by one."""


class UnreadableStock(Refusal):
    """A stock list cannot be taken at all; the sentence says why."""


@dataclass(frozen=True, slots=True)
class StockList:
    """What a file says: pieces by SKU, and the rows that were passed over, each with its reason."""

    stock: Mapping[str, int]
    passed_over: tuple[tuple[int, str], ...]
    twice: tuple[str, ...]
    """SKUs in several rows, one for each warehouse perhaps; they are added up."""


@dataclass(frozen=True, slots=True)
class StockChange:
    """What a list would change."""

    added: int
    changed: int
    dropped: int
    same: int


def read_stock_apart(data: bytes, confinement: Confinement = STANDARD_CONFINEMENT) -> StockList:
    """Read a stock list in a process of its own.

    Raises:
        UnreadableStock: it cannot be read, or names nothing.
        TooLarge: it has more bytes than we read.
        Busy: the machine has no room for another process.
    """
    if len(data) > STANDARD.bytes:
        raise TooLarge(f"文件超过 {STANDARD.bytes // 1024 // 1024} MB。")
    lines = rows_apart("app.reconcile.stock_reader", data, confinement, refusal=UnreadableStock, advice=_TWO_COLUMNS)
    stock: dict[str, int] = {}
    twice: dict[str, None] = {}
    passed_over: list[tuple[int, str]] = []
    for line in lines:
        match line:
            case {"sku": str(sku), "stock": int(pieces)}:
                if sku in stock:
                    twice[sku] = None
                stock[sku] = stock.get(sku, 0) + pieces
            case {"row": int(row), "why": str(why)}:
                passed_over.append((row, why))
            case _:
                raise UnreadableStock(NOT_READ + _TWO_COLUMNS)
    if not stock:
        raise UnreadableStock("文件里没有一行可用的库存：每行需要商品编码和整数库存。")
    return StockList(stock, tuple(passed_over), tuple(twice))


def look_at_stock(uow: UnitOfWork, stock: Mapping[str, int]) -> StockChange:
    """Tell what listing this stock would change; nothing is changed."""
    known = uow.goods.stock()
    same = sum(1 for sku, pieces in stock.items() if known.get(sku) == pieces)
    added = len(stock.keys() - known.keys())
    return StockChange(added, len(stock) - same - added, len(known.keys() - stock.keys()), same)


def list_stock(uow: UnitOfWork, stock: Mapping[str, int], *, by: Actor, now: datetime) -> StockChange:
    """Put a stock list in the place of the one before; an empty one takes it away."""
    change = look_at_stock(uow, stock)
    uow.goods.list_stock(stock, by=by.name, now=now)
    detail = {"skus": len(stock), "added": change.added, "changed": change.changed, "dropped": change.dropped}
    if stock:
        uow.audit.record("stock.list", by=by, at=now, subject="stock", detail=detail)
    else:
        uow.audit.record("stock.clear", by=by, at=now, subject="stock", detail=detail)
    return change
