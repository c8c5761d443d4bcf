"""Changes that somebody made around the orders: told by a program, by a person, or in a file; each once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import IdempotencyConflict, Refusal
from app.domain.times import is_a_time
from app.store.repositories.rule_changes import FACTS
from app.store.tables import RuleChange
from app.store.unit_of_work import UnitOfWork

LONGEST = {"who": 80, "what": 200, "before": 500, "after": 500}


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
