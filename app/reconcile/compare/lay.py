"""Lays the witnesses down on the bench: our orders from the store, others' files as a process of its own reads them.

Of others' customers only the keyed mark of a phone stays, and it goes with the bench.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from app.domain.foreign_values import BEIJING
from app.domain.goods import fate_of, lines_of
from app.domain.order import Order
from app.domain.order_number import BODY_LENGTH
from app.domain.phone import NotAPhone, phone_of
from app.domain.problems import Refusal
from app.domain.states import OrderState
from app.domain.witness import Evidence
from app.files.cell_times import UnusableCell, time_in
from app.files.reading_process import Confinement
from app.files.rows_apart import stream_rows_apart
from app.reconcile.compare.main_units import APART
from app.store.compare_file import CompareFile, Laid, ListedRow, Unread, Witness
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import Incident, OrderRow
from app.store.unit_of_work import Store

READER = "app.reconcile.compare.list_reader"
CONFINEMENT = Confinement(seconds=180, patience=900, memory=1536 * 1024 * 1024, answer=1024 * 1024 * 1024)
"""A text of 200,000 rows is read in some 20 s; a workbook of 50,000 takes most of the memory."""

PAGE = 500
"""Orders that are unsealed in one transaction."""

BEHIND_PREFIX = BODY_LENGTH + 1
"""Characters of a number behind its prefix: the body, and the one that checks it."""


NO_SUMMARY = ("", "no_summary", "文件结尾没有汇总行，可能没有下载完整")


class UnreadableList(Refusal):
    """A list or a statement cannot be used as a whole; the sentence says why."""


@dataclass(frozen=True, slots=True)
class WitnessFile:
    """A file as it was given to us."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """By what it is known again."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True, kw_only=True)
class FileRead:
    """What was found of a file; ``rows`` are those that were used."""

    name: str
    sha256: str
    witness: str
    title: str = ""
    rows: int = 0
    passed_over: int = 0
    unread: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    account: str = ""
    since: datetime | None = None
    until: datetime | None = None
    same_as: str = ""
    """The file of the same bytes that came before, and that counts."""


def lay_orders(bench: CompareFile, store: Store, keys: Keyring, incident: Incident) -> frozenset[str]:
    """Lay down the accepted orders of an incident; return what their numbers begin with.

    A damaged order is known by its numbers alone.
    """
    after, prefixes = 0, set[str]()
    while True:
        with store.reading() as uow:
            rows = uow.ledger.orders_of(incident.id or 0, after_id=after, limit=PAGE)
            mains = uow.results.main_numbers([row.id or 0 for row in rows])
        bench.lay(_laid(row, keys, [row.main_order_number or "", *mains.get(row.id or 0, [])]) for row in rows)
        prefixes |= {row.number[:-BEHIND_PREFIX] for row in rows}
        if len(rows) < PAGE:
            return frozenset(prefixes)
        after = rows[-1].id or 0


def _laid(row: OrderRow, keys: Keyring, mains: list[str]) -> Laid:
    order: Order | None = None
    with suppress(CannotUnseal):
        order = keys.open_order(row.sealed, row.number)
    payment = order.payment if order is not None else None
    exported = row.batch_id is not None
    known_there = exported or (row.state == OrderState.DUPLICATE and bool(row.main_order_number))
    fate = fate_of(row.state, in_batch=known_there)
    at = (payment.paid_at if payment else None) or row.received_at
    doc = {
        "number": row.number,
        "state": row.state,
        "fate": fate,
        "exported": exported,
        "total": row.total_fen,
        "goods": lines_of(order) if order is not None else None,
        "payment": payment.status if payment else None,
        "at": at.isoformat(),
    }
    numbers = [
        (Evidence.OUR_NUMBER, row.number),
        *((Evidence.MAIN_NUMBER, main.casefold()) for main in mains if main),
        (Evidence.SHOP_NUMBER, (row.client_order_id or "").casefold()),
        (Evidence.PAYMENT_NUMBER, ((payment.transaction_id if payment else None) or "").casefold()),
    ]
    named = [(int(rung), number) for rung, number in numbers if number]
    return Laid(row.id or 0, row.number, fate == "closed", bytes(row.phone_index), json.dumps(doc), named)


def lay_file(
    bench: CompareFile,
    file: WitnessFile,
    number: int,
    witness: Witness,
    keys: Keyring,
    maps: list[tuple[str, Mapping[str, Any]]],
) -> FileRead:
    """Lay down the rows of a file, which a process of its own reads.

    Raises:
        UnreadableList: it cannot be used as a whole.
        Busy: the machine has no room for another process.
    """
    found = FileRead(name=file.name, sha256=file.sha256, witness=witness.name.lower())
    request = {"witness": found.witness, "maps": maps}
    lines = stream_rows_apart(READER, file.data, CONFINEMENT, refusal=UnreadableList, request=request)
    try:
        bench.add_lines(_lines(bench, lines, found, number, witness, keys))
    except UnreadableList as error:
        raise UnreadableList(f"{file.name}：{error}") from None
    return found


def _lines(
    bench: CompareFile,
    documents: Iterator[dict[str, Any]],
    found: FileRead,
    number: int,
    witness: Witness,
    keys: Keyring,
) -> Iterator[ListedRow]:
    by_order = False
    for said in documents:
        match said:
            case {"table": _, "title": str(title), "columns": dict(columns), "unused": list(unused)}:
                found.title, found.columns, found.unused = title, columns, unused
                by_order = witness is Witness.MAIN and "sku" not in columns
            case {"end": True}:
                _ended(found, said)
                if not said["told"]:
                    found.unread += 1
                    bench.add_unread(Unread(number, 0, *NO_SUMMARY))
            case {"row": int(row)}:
                for wrong in said.get("wrong", ()):
                    found.unread += 1
                    bench.add_unread(Unread(number, row, *wrong))
                if "passed_over" in said:
                    found.passed_over += 1
                elif not said.get("unread"):
                    found.rows += 1
                    if witness is Witness.MONEY:
                        yield _movement(said, found, number)
                    else:
                        yield from _of_order(said, number, keys, by_order=by_order)


def _ended(found: FileRead, said: Mapping[str, Any]) -> None:
    found.account = found.account or said["account"]
    if said["period"]:
        since, until = (_wall(text) for text in said["period"])
        _cover(found, since, until)


def _wall(text: str) -> datetime | None:
    """Return a time of a statement's preface, on the wall clock of Beijing."""
    with suppress(UnusableCell):
        at = time_in(text)
        return None if at is None else at.replace(tzinfo=at.tzinfo or BEIJING)
    return None


def _cover(found: FileRead, since: datetime | None, until: datetime | None) -> None:
    found.since = min(filter(None, (found.since, since)), default=None)
    found.until = max(filter(None, (found.until, until)), default=None)


def _movement(said: Mapping[str, Any], found: FileRead, number: int) -> ListedRow:
    at = said["at"]
    if at is not None:
        moment = datetime.fromisoformat(at)
        moment = moment.replace(tzinfo=moment.tzinfo or BEIJING)
        day = datetime.combine(moment.astimezone(BEIJING).date(), time(), BEIJING)
        _cover(found, day, day + timedelta(days=1))
        at = moment.isoformat()
    found.account = found.account or said["account"]
    provider, order = (next(iter(said[name]), "") for name in ("provider", "numbers"))
    doc = {"kind": said["kind"], "amount": said["amount"], "at": at, "refund_number": said["refund_number"]}
    same = (provider, order, said["kind"], said["refund_number"], said["amount"])
    return ListedRow(Witness.MONEY, number, said["row"], _hash(same), provider, order, json.dumps(doc))


def _of_order(said: Mapping[str, Any], number: int, keys: Keyring, *, by_order: bool) -> Iterator[ListedRow]:
    """Yield a line for each order that a row is of: a cell may name several, of which the row says no more then."""
    main = next(iter(said["main"]), "")
    named = said["numbers"] or ([] if main else said["tokens"][:1]) or [""]
    at = said["at"]
    if at is not None and (moment := datetime.fromisoformat(at)).tzinfo is None:
        at = moment.replace(tzinfo=BEIJING).isoformat()
    alone = {} if len(named) == 1 else {"amount": None, "part": None, "sku": "", "pieces": None}
    for one in named:
        doc = {**said, **alone, "numbers": [one] if one else [], "phone": _mark(said["phone"], keys), "at": at}
        same = (one, main, said["tokens"], said["item"], said["sku"], said["pieces"], said["part"], said["paid_by"])
        part = f"{one}{APART}{said['row']}" if by_order and not main else one
        yield ListedRow(Witness.MAIN, number, said["row"], _hash(same), main, part, json.dumps(doc))


def _mark(phone: str, keys: Keyring) -> str:
    """Return the mark of a phone, empty where it is masked, a privacy number, ciphertext or none."""
    try:
        plain = phone_of(phone)
    except NotAPhone:
        return ""
    return "" if "-" in plain else keys.phone_index(plain).hex()


def _hash(same: object) -> bytes:
    return hashlib.blake2b(json.dumps(same).encode(), digest_size=16).digest()
