"""How the main system stands now, for whoever tells or shows it: as a person says, else as the probe has found."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app import words
from app.domain.main_health import STALE, MainState, is_in_force
from app.domain.times import local_text
from app.store.tables import MainProbe
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MainStanding:
    """How the main system stands, since when that was told, and a sentence that says by what."""

    state: MainState
    since: datetime | None
    why: str
    looked_at: datetime | None
    is_ordered: bool
    """Whether a person says so."""

    @property
    def sentence(self) -> str:
        """The state and its reason, as people read them."""
        return f"主系统{words.MAIN_STATES[self.state].text}：{self.why}"


def stands(row: MainProbe, *, asked: bool, now: datetime) -> MainState:
    """Return the state that counts: what a person says, else what the probe has come to where one is ``asked`` for."""
    if row.ordered is not None and is_in_force(row.ordered_until, now=now):
        return MainState(row.ordered)
    return MainState(row.state) if asked else MainState.UNKNOWN


def main_standing(uow: UnitOfWork, *, asked: bool, zone: tzinfo, now: datetime) -> MainStanding | None:
    """Return how the main system stands; None where nobody asks and no person says anything.

    Where nobody has looked for minutes, nobody knows.
    """
    row = uow.main_probe.get()
    ordered = row is not None and is_in_force(row.ordered_until, now=now)
    if not asked and not ordered:
        return None
    if row is None:
        return MainStanding(MainState.UNKNOWN, None, "还没有探测过。", None, is_ordered=False)
    state, why = stands(row, asked=asked, now=now), why_it_stands(row, asked=asked, zone=zone, now=now)
    if not ordered and (row.looked_at is None or abs(now - row.looked_at) > STALE):
        state = MainState.UNKNOWN
        last = f"{local_text(row.looked_at, zone)} 之后" if row.looked_at else "一直"
        why = f"{last}没有再探测，请检查后台进程。"
    return MainStanding(state, row.told_since, why, row.looked_at, is_ordered=ordered)


def why_it_stands(row: MainProbe, *, asked: bool, zone: tzinfo, now: datetime) -> str:
    """Return by what the main system stands as it does, for people."""
    if is_in_force(row.ordered_until, now=now) and row.ordered_until is not None:
        until = local_text(row.ordered_until, zone)[5:16]
        return f"{row.ordered_by} 认定，到 {until}（{row.ordered_why}）。"
    if not asked:
        return "人工认定已到期，而没有配置探测地址。"
    seen = _answer("健康地址", row.health_ms, row.health_reason)
    if row.lookup_ms is not None or row.lookup_reason:
        seen += "，" + _answer("查单", row.lookup_ms, row.lookup_reason)
    if row.sent_at is not None:
        seen += f"；最近一笔发给它之后又转到这里的订单在 {local_text(row.sent_at, zone)[11:]}"
    return f"{seen}。"


def _answer(what: str, ms: int | None, reason: str) -> str:
    return f"{what} {ms} 毫秒应答" if ms is not None else f"{what}没有应答（{words.PROBE_REASONS[reason]}）"
