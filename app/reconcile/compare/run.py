"""Compares an incident with the main system's list and the payment statements; nothing is changed but the audit.

The bench, and with it whatever was read of others' files, is gone when the comparison is closed: what stays is who
compared which files by their SHA-256, and what the figures were.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.reconcile.compare.climb import climb, look_for_likeness
from app.reconcile.compare.judge import CompareJudge, Hearing
from app.reconcile.compare.lay import BEHIND_PREFIX, FileRead, WitnessFile, lay_file, lay_orders
from app.reconcile.compare.list_map import own_documents
from app.reconcile.compare.main_units import Gathered, main_units, money_units
from app.reconcile.compare.record import record_comparison
from app.store.compare_file import CompareFile, Unit, Witness
from app.store.ledger import NoSuchIncident
from app.store.sealing import Keyring
from app.store.tables import Incident
from app.store.unit_of_work import Store
from app.toml_file import UnreadableFile
from app.words.compare import DISCREPANCIES

Maps = list[tuple[str, Mapping[str, Any]]]


class WrongMaps(Refusal):
    """A merchant's own map of columns is wrong; the sentence names the file."""


class NothingToCompare(Refusal):
    """There is neither a list nor a statement."""


class NoRoomToCompare(Refusal):
    """The bench cannot be laid down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """What is to be compared: the main system's list in any number of files, and the statements likewise."""

    incident: str
    main: Sequence[WitnessFile] = ()
    money: Sequence[WitnessFile] = ()
    maps: Maps = field(default_factory=list)
    others: bool = False
    """Whether the main system took orders itself meanwhile."""


@dataclass(slots=True, kw_only=True)
class IncidentComparison:
    """What came of it; the discrepancies are read off the bench one by one, until it is closed."""

    incident: str
    counts: Mapping[str, int]
    kinds: Mapping[str, int]
    files: Sequence[FileRead]
    repeated: int
    """Rows that two files have."""
    bench: CompareFile
    zone: ZoneInfo

    @property
    def unread(self) -> int:
        """How many cells could not be read."""
        return sum(file.unread for file in self.files)

    def cells(self) -> Iterator[dict[str, Any]]:
        """Yield the cells that could not be read, each by file, row, column, code and sentence."""
        for cell in self.bench.unread():
            named = {"file": self.files[cell.file].name, "row": cell.row, "column": cell.column}
            yield {**named, "code": cell.code, "detail": cell.why}

    @property
    def balances(self) -> bool:
        """Whether nobody needs to look."""
        return not any(self.kinds.values()) and not self.unread

    def discrepancies(self) -> Iterator[dict[str, Any]]:
        """Yield every discrepancy with both sides: the gravest kinds first, each by its orders."""
        for kind in [one for one in DISCREPANCIES if self.kinds.get(one)]:
            told = DISCREPANCIES[kind]
            for number, doc in self.bench.findings(kind):
                said = json.loads(doc)
                yield {
                    "kind": kind,
                    "order": number,
                    "next": told.next,
                    "owner": told.owner,
                    "by": said["by"],
                    "ours": [self._ours(one) for one in said["ours"]],
                    "main": [self._theirs(one) for one in said["main"]],
                    "payments": [self._theirs(one) for one in said["payments"]],
                    "more": said["more"],
                }

    def _ours(self, doc: Mapping[str, Any]) -> dict[str, Any]:
        shown = {name: doc[name] for name in ("number", "state", "exported", "payment", "goods")}
        return {**shown, "total_fen": doc["total"], "at": self._local(doc["at"])}

    def _theirs(self, doc: Mapping[str, Any]) -> dict[str, Any]:
        names = ("number", "order", "kind", "state", "said", "refund", "goods", "by")
        shown = {name: doc[name] for name in names if name in doc}
        rows = [{"file": self.files[file].name, "row": row} for file, row in doc["places"]]
        return {**shown, "amount_fen": doc["amount"], "at": self._local(doc["at"]), "rows": rows}

    def _local(self, text: str | None) -> str | None:
        return None if text is None else datetime.fromisoformat(text).astimezone(self.zone).isoformat()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.__exit__()


def maps_of(folder: Path | None) -> Maps:
    """Return a merchant's own maps of columns.

    Raises:
        WrongMaps: one is wrong.
    """
    try:
        return [] if folder is None else list(own_documents(folder))
    except UnreadableFile as error:
        raise WrongMaps(f"LIFEBOAT_COMPARE_COLUMNS_DIR：{error.reason}") from None


def compare(
    store: Store, keys: Keyring, asked: CompareRequest, *, folder: Path, by: Actor, now: datetime, zone: ZoneInfo
) -> IncidentComparison:
    """Compare an incident with what others say of it; the bench lies in ``folder`` until the comparison is closed.

    Raises:
        NothingToCompare: there is neither a list nor a statement.
        NoSuchIncident: there is no incident of that name.
        UnreadableList: a file cannot be used as a whole.
        Busy: the machine has no room for another process.
        NoRoomToCompare: the disk refuses.
    """
    if not (asked.main or asked.money):
        raise NothingToCompare("请至少给出主系统的订单清单（--main）或账单（--payments）。")
    with store.reading() as uow:
        incident = uow.incidents.named(asked.incident)
    if incident is None:
        raise NoSuchIncident(f"没有事件 {asked.incident}。")
    try:
        bench = CompareFile(folder)
        try:
            found = _compared(bench, store, keys, asked, incident, zone)
        except BaseException:
            bench.__exit__()
            raise
    except OSError as error:
        raise NoRoomToCompare(f"数据目录写不下对账用的临时文件（{error.strerror or type(error).__name__}）。") from None
    figures = {
        "matched": found.counts.get("matched", 0),
        "discrepancies": sum(found.kinds.values()),
        "unread": found.unread,
    }
    with store.writing() as uow:
        record_comparison(uow, found.incident, found.files, figures, by=by, now=now)
    return found


def _compared(
    bench: CompareFile, store: Store, keys: Keyring, asked: CompareRequest, incident: Incident, zone: ZoneInfo
) -> IncidentComparison:
    prefixes = lay_orders(bench, store, keys, incident)
    files: list[FileRead] = []
    for witness, given in ((Witness.MAIN, asked.main), (Witness.MONEY, asked.money)):
        for file in given:
            files.append(_file(bench, file, files, witness, keys, asked.maps))
    repeated = _grouped(bench, Witness.MAIN, main_units) + _grouped(bench, Witness.MONEY, money_units)
    climb(bench, Witness.MAIN)
    look_for_likeness(bench)
    climb(bench, Witness.MONEY)

    def elsewhere(numbers: Sequence[str]) -> set[str]:
        with store.reading() as uow:
            return uow.orders.known_numbers(numbers)

    hearing = Hearing(
        main=bool(asked.main),
        money=bool(asked.money),
        others=asked.others,
        periods=[(file.since, file.until) for file in files if file.since is not None and file.until is not None],
        since=incident.opened_at,
        until=incident.closed_at,
        looks_ours=lambda number: number[:-BEHIND_PREFIX] in prefixes,
        elsewhere=elsewhere,
    )
    judge = CompareJudge(bench, hearing)
    judge.judge()
    return IncidentComparison(
        incident=incident.name,
        counts=judge.counts,
        kinds=judge.kinds,
        files=files,
        repeated=repeated,
        bench=bench,
        zone=zone,
    )


def _grouped(bench: CompareFile, witness: Witness, units: Callable[[Iterator[Gathered]], Iterator[Unit]]) -> int:
    """Make units of a witness's rows; return how many rows another file has, too."""
    kept = 0

    def counted() -> Iterator[Gathered]:
        nonlocal kept
        for line in bench.lines(witness):
            kept += 1
            yield line

    bench.add_units(units(counted()))
    return bench.line_count(witness) - kept


def _file(
    bench: CompareFile, file: WitnessFile, before: Sequence[FileRead], witness: Witness, keys: Keyring, maps: Maps
) -> FileRead:
    same = [one for one in before if one.sha256 == file.sha256 and one.witness == witness.name.lower()]
    if same:
        return FileRead(name=file.name, sha256=file.sha256, witness=witness.name.lower(), same_as=same[0].name)
    return lay_file(bench, file, len(before), witness, keys, maps)
