"""Fills the pool of coupon codes: from a file that the shop system made, or with random ones."""

import csv
import secrets
from datetime import datetime

from app.domain.actor import Actor
from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of
from app.domain.problems import Refusal
from app.files.sheet_reader import UnreadableSheet, decode
from app.store.unit_of_work import UnitOfWork

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Nothing that a customer could mistake for another."""

LONGEST_CODE = 64
_HEADERS = {"code", "券码", "优惠码", "优惠券", "coupon"}

Codes = list[tuple[str, str]]
"""(code, worth) pairs; ``worth`` is what the text message says of it, such as "20 元"."""


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


def read_codes(data: bytes) -> Codes:
    """Read a CSV of codes, their worth in the second column if it has one; a heading is passed over.

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
        if not row or not row[0].strip() or (number == 1 and row[0].strip().lower() in _HEADERS):
            continue
        try:
            code = identifier_of(row[0])
        except DamagedBySpreadsheet:
            raise CouponError(f"第 {number} 行的券码已被表格软件改成科学计数法，无法还原；请从源头重新导出。") from None
        if not code or len(code) > LONGEST_CODE:
            raise CouponError(f"第 {number} 行的券码为空或超过 {LONGEST_CODE} 位。")
        codes.append((code, row[1].strip()[:LONGEST_CODE] if len(row) > 1 else ""))
    return codes
