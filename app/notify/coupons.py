"""Fills the pool of coupon codes: from a file that the shop system made, or with random ones."""

import csv
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of
from app.domain.problems import Refusal
from app.files.sheet_reader import UnreadableSheet, decode
from app.store.unit_of_work import UnitOfWork

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Nothing that a customer could mistake for another."""

LONGEST_CODE = 64
SHOWN = 5
"""Codes that are shown of what would be imported."""

_HEADERS = {"code", "券码", "优惠码", "优惠券", "coupon"}

Codes = list[tuple[str, str]]
"""(code, worth) pairs; ``worth`` is what the text message says of it, such as "20 元"."""


@dataclass(frozen=True, slots=True)
class CodesFound:
    """What an import would do: how many codes are new, in the pool already, and repeated in the file; the first."""

    new: int
    known: int
    twice: int
    worths: tuple[str, ...]
    first: Codes


class CouponError(Refusal):
    """The pool cannot be filled so; the message is for the person who tried."""


def import_coupons(uow: UnitOfWork, codes: Codes, *, source: str, by: Actor, now: datetime) -> int:
    """Add codes read from ``source``; return how many were new.

    Raises:
        CouponError: there are none.
    """
    if not codes:
        raise CouponError("文件中没有券码。")
    added = uow.coupons.add(codes, now=now)
    uow.audit.record("coupons.import", by=by, at=now, detail={"file": source, "added": added})
    return added


def look_at_codes(uow: UnitOfWork, codes: Codes) -> CodesFound:
    """Return what importing these codes would do; nothing is changed.

    Raises:
        CouponError: there are none.
    """
    if not codes:
        raise CouponError("文件中没有券码。")
    distinct = list(dict.fromkeys(code for code, _ in codes))
    known = uow.coupons.known_among(distinct)
    worths = tuple(dict.fromkeys(worth for _, worth in codes))[:SHOWN]
    return CodesFound(len(distinct) - known, known, len(codes) - len(distinct), worths, codes[:SHOWN])


def generate_coupons(
    uow: UnitOfWork, count: int, *, worth: str, prefix: str, length: int, by: Actor, now: datetime
) -> int:
    """Add ``count`` random codes of ``length`` characters after ``prefix``; return how many were new.

    Raises:
        CouponError: there are so few codes of that length that they could be guessed.
    """
    if count * 4 > len(ALPHABET) ** length:
        raise CouponError("位数太少，券码会被猜中；请加大 --length。")
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(prefix + "".join(secrets.choice(ALPHABET) for _ in range(length)))
    added = uow.coupons.add([(code, worth) for code in sorted(codes)], now=now)
    uow.audit.record("coupons.generate", by=by, at=now, detail={"added": added})
    return added


def read_codes(data: bytes, *, column: int = 1, worth_column: int | None = 2) -> Codes:
    """Read a CSV of codes and, where it has them, of what they are worth; a heading is passed over.

    Columns are counted from 1; without a ``worth_column`` no worth is read.

    Raises:
        CouponError: it is no text, or a code in it cannot be one; the sentence names the row.
    """
    try:
        text = decode(data)
    except UnreadableSheet as error:
        raise CouponError(error.sentence) from None
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error:
        raise CouponError("文件中有没有成对的引号，或不是 CSV；请另存为 CSV 后重试。") from None
    codes = []
    for number, row in enumerate(rows, start=1):
        cell = _cell(row, column)
        if not any(map(str.strip, row)) or (number == 1 and cell.lower() in _HEADERS):
            continue
        if not cell and column <= len(row):
            continue
        codes.append((_code(cell, number), _cell(row, worth_column)[:LONGEST_CODE]))
    return codes


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column - 1].strip() if column is not None and column <= len(row) else ""


def _code(cell: str, number: int) -> str:
    try:
        code = identifier_of(cell)
    except DamagedBySpreadsheet:
        raise CouponError(f"第 {number} 行的券码已被表格软件改成科学计数法，无法还原；请从源头重新导出。") from None
    if not code or len(code) > LONGEST_CODE:
        raise CouponError(f"第 {number} 行的券码为空或超过 {LONGEST_CODE} 位。")
    return code
