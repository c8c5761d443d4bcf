"""A person words a line of the table: whose it is, what is said, what comes next; every wording stays, with its author.

What a line asks of an order is the file's; only its words are people's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import NotFound, NotInThisState
from app.store.tables import TriageWording
from app.store.unit_of_work import UnitOfWork
from app.watch.triage.table import TriageTable

STALE_AFTER = timedelta(days=90)
"""A wording that nobody has looked at for longer may promise what is true no more."""

LONGEST = {"owner": 40, "meaning": 200, "say": 500, "next": 300}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineWording:
    """What a line says."""

    owner: str
    meaning: str
    say: str
    next: str


def review_line(
    uow: UnitOfWork, table: TriageTable, code: str, wording: LineWording, *, seen: int, by: Actor, now: datetime
) -> TriageWording:
    """Word a line, or say that it is right as it stands; ``seen`` is the version that was looked at, 0 for none.

    Raises:
        NotFound: the table has no such line.
        NotInThisState: something is empty or too long, or somebody else has worded the line since.
    """
    if code not in {line.code for line in table.lines}:
        raise NotFound("对照表里没有这一行。")
    said = {name: harmless_text(getattr(wording, name)).strip() for name in LONGEST}
    for name, text in said.items():
        if not text:
            raise NotInThisState("责任方、含义、话术和下一步都要填写。")
        if len(text) > LONGEST[name]:
            raise NotInThisState(f"太长了：最多 {LONGEST[name]} 字。")
    row = TriageWording(code=code, version=seen + 1, changed_at=now, changed_by=by.name, **said)
    if not uow.triage.follow(row):
        raise NotInThisState("这一行刚被别人改过，请看过新的再改。")
    uow.audit.record("triage.review", by=by, at=now, subject=f"triage:{code}", detail={"version": row.version, **said})
    return row


def is_stale(reviewed: TriageWording | None, *, now: datetime) -> bool:
    """Tell whether nobody has looked at a line for too long, or ever."""
    return reviewed is None or now - reviewed.changed_at > STALE_AFTER
