"""Changes that somebody made around the orders: told by a program, by a person, or in a file; each once."""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain.actor import Actor
from app.domain.csv_cell import undefuse
from app.domain.harmless_text import harmless_text
from app.domain.problems import IdempotencyConflict, Refusal
from app.domain.times import is_a_time
from app.files.sheet_reader.csv_text import decode
from app.files.sheet_reader.sheet import UnreadableSheet
from app.store.repositories.rule_changes import FACTS
from app.store.tables import RuleChange
from app.store.unit_of_work import UnitOfWork

MOST_ROWS = 2000
LARGEST_BYTES = 1024 * 1024
LONGEST = {"who": 80, "what": 200, "before": 500, "after": 500}

_COLUMNS = {
    "at": ("时间", "变更时间", "at", "time"),
    "who": ("谁", "变更人", "操作人", "who", "by"),
    "what": ("改了什么", "变更", "变更内容", "内容", "what", "change"),
    "before": ("之前", "变更前", "原值", "before", "from"),
    "after": ("之后", "变更后", "新值", "after", "to"),
    "id": ("编号", "变更编号", "id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldChange:
    """A change as it was told; without an id one of the same person, words and time is the same."""

    who: str
    what: str
    at: datetime
    before: str = ""
    after: str = ""
    change_id: str = ""


@dataclass(frozen=True, slots=True)
class TakenChanges:
    """How many were new, and how many were known already."""

    added: int
    known: int


def take_changes(
    uow: UnitOfWork, told: Sequence[ToldChange], *, source: str, by: Actor, now: datetime, as_list: bool = False
) -> TakenChanges:
    """Keep changes, all of them or none; the same again adds nothing.

    Raises:
        Refusal: one has no time that can be, or does not say who or what.
        IdempotencyConflict: one has the id of another change.
    """
    rows = [_row(one, source=source, by=by, now=now) for one in told]
    known = uow.rule_changes.known(source, {row.change_id for row in rows})
    for row in rows:
        earlier = known.get(row.change_id)
        if earlier is not None and any(getattr(earlier, name) != getattr(row, name) for name in FACTS):
            raise IdempotencyConflict("这个变更编号此前登记的是另一项变更，未采纳；请换一个编号。")
    added = uow.rule_changes.add(rows)
    if added and as_list:
        uow.audit.record("change.import", by=by, at=now, subject="changes", detail={"added": len(added)})
    elif added:
        what = {"text": rows[0].what}
        uow.audit.record("change.tell", by=by, at=now, subject=f"change:{rows[0].change_id}"[:80], detail=what)
    return TakenChanges(len(added), len(rows) - len(added))


def _row(one: ToldChange, *, source: str, by: Actor, now: datetime) -> RuleChange:
    texts = {name: harmless_text(getattr(one, name))[:longest] for name, longest in LONGEST.items()}
    if not texts["who"] or not texts["what"]:
        raise Refusal("请写明谁改的、改了什么。")
    if not is_a_time(one.at, now=now):
        raise Refusal("变更时间不是一个可能的时间。")
    said = f"{texts['who']}\x1f{texts['what']}\x1f{one.at.timestamp():.6f}"
    change_id = harmless_text(one.change_id)[:96] or f"#{hashlib.sha256(said.encode()).hexdigest()[:40]}"
    return RuleChange(
        source=source[:80],
        change_id=change_id,
        who=texts["who"],
        what=texts["what"],
        before=texts["before"],
        after=texts["after"],
        at=one.at,
        told_at=now,
        told_by=by.name,
    )


def read_changes(data: bytes | str, *, zone: tzinfo) -> list[ToldChange]:
    """Read changes from CSV, or from columns pasted from a spreadsheet; times without an offset are of ``zone``.

    Raises:
        Refusal: it cannot be read, or a row lacks something; the sentence says which row and what.
    """
    if len(data) > LARGEST_BYTES:
        raise Refusal("变更清单超过 1 MB，请分几次导入。")
    try:
        text = data if isinstance(data, str) else decode(data)
    except UnreadableSheet:
        raise Refusal("文件不是 UTF-8 或 GBK 编码的 CSV。") from None
    head = text.lstrip("\ufeff\r\n ").splitlines()[:1]
    delimiter = "\t" if head and "\t" in head[0] else ","
    try:
        rows = list(csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter))
    except csv.Error as error:
        raise Refusal("CSV 格式有误，无法读取。") from error
    numbered = [(n, row) for n, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not numbered:
        raise Refusal("没有内容：第一行写表头（时间、谁、改了什么、之前、之后、编号），其后每行一项变更。")
    if len(numbered) - 1 > MOST_ROWS:
        raise Refusal(f"一次最多 {MOST_ROWS} 项变更。")
    places = _places(numbered[0][1])
    return list(_told(numbered[1:], places, zone))


def _places(headings: Sequence[str]) -> dict[str, int]:
    names = ["".join(cell.split()).strip("\ufeff").lower() for cell in headings]
    places = {field: names.index(name) for field, known in _COLUMNS.items() for name in known if name in names}
    missing = [_COLUMNS[field][0] for field in ("at", "who", "what") if field not in places]
    if missing:
        raise Refusal(f"表头缺少：{'、'.join(missing)}。")
    return places


def _told(rows: Sequence[tuple[int, list[str]]], places: dict[str, int], zone: tzinfo) -> Iterator[ToldChange]:
    for number, row in rows:
        said = {field: undefuse(row[n].strip()) if n < len(row) else "" for field, n in places.items()}
        for field in ("who", "what"):
            if not said[field]:
                raise Refusal(f"第 {number} 行没有写“{_COLUMNS[field][0]}”。")
        try:
            at = moment_of(said.pop("at"), zone=zone)
        except Refusal as error:
            raise Refusal(f"第 {number} 行：{error}") from None
        yield ToldChange(at=at, change_id=said.pop("id", ""), **said)


def moment_of(text: str, *, zone: tzinfo) -> datetime:
    """Return the moment that ``2026-11-27 10:05`` says, on the wall clock of ``zone`` where no offset is given.

    Raises:
        Refusal: it says none.
    """
    try:
        at = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        raise Refusal(f"时间“{text[:32]}”无法读取，请写成 2026-11-27 10:05。") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)
