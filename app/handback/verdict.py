"""What a word of the main system changes: the first final word stands, and a later one that contradicts it is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.states import OrderState
from app.handback.result_lines import Result, ResultLine

_HOME = (OrderState.IMPORTED, OrderState.DUPLICATE)
_CLOSED = (OrderState.REJECTED, OrderState.CANCELLED)


@dataclass(frozen=True, slots=True)
class ReportedResult:
    """What is, or was, said of an order, as a contradiction shows it."""

    result: str
    main_order_number: str | None = None
    reason: str | None = None

    @classmethod
    def by(cls, line: ResultLine) -> "ReportedResult":
        """Return what a line says."""
        return cls(line.result, line.main_order_number, line.reason)


@dataclass(frozen=True, slots=True)
class OrderPosition:
    """Where an order stands: its state, its number in the main system, and the last word in this batch."""

    state: OrderState
    main_order_number: str | None = None
    left: bool = False
    """Whether a repair batch has taken it over."""

    failed: bool = False
    failed_reason: str | None = None

    @property
    def known(self) -> ReportedResult:
        """What a contradiction is shown beside."""
        return ReportedResult(self.state.value, self.main_order_number)


@dataclass(frozen=True, slots=True)
class Apply:
    """Keep the word; ``moves`` tells whether the order changes its state."""

    moves: bool = True


@dataclass(frozen=True, slots=True)
class Unchanged:
    """It is known already, or overtaken."""


@dataclass(frozen=True, slots=True)
class Contradicts:
    """It does not fit what is known; a person decides."""

    known: ReportedResult


ResultDecision = Apply | Unchanged | Contradicts


def judge(position: OrderPosition, said: ResultLine) -> ResultDecision:
    """Decide what ``said`` changes for an order in ``position``."""
    if said.result == "failed":
        return _judge_failure(position, said)
    if position.state == said.result:
        if said.main_order_number in (None, position.main_order_number):
            return Unchanged()
        return Apply(moves=False) if position.main_order_number is None else Contradicts(position.known)
    return Apply() if position.state is OrderState.BATCHED else Contradicts(position.known)


def _judge_failure(position: OrderPosition, said: ResultLine) -> ResultDecision:
    if position.left or position.state in _CLOSED:
        return Unchanged()  # the repair batch will tell, or nobody waits for it any more
    if position.state is not OrderState.BATCHED:
        return Contradicts(position.known)
    known_already = position.failed and said.reason in (None, position.failed_reason)
    return Unchanged() if known_already else Apply(moves=False)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An upload that contradicts itself about one order: rows of its items, say, of which one failed."""

    line: ResultLine
    earlier: ReportedResult


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an upload changes: each order's line with its decision, what it disputes itself, and unknown orders."""

    decided: list[tuple[ResultLine, ResultDecision]]
    disputed: list[Disagreement]
    unknown: list[ResultLine]


def judge_all(lines: Iterable[ResultLine], positions: Mapping[str, OrderPosition]) -> Judgement:
    """Decide about every line of an upload; ``positions`` are those of the batch's orders by their numbers."""
    agreed, disputed = collate(lines)
    known = [line for line in agreed if line.number in positions]
    return Judgement(
        decided=[(line, judge(positions[line.number], line)) for line in known],
        disputed=disputed,
        unknown=[line for line in agreed if line.number not in positions],
    )


def collate(lines: Iterable[ResultLine]) -> tuple[list[ResultLine], list[Disagreement]]:
    """Bring together the lines of each order; an order about which they disagree is left to a person."""
    by_number: dict[str, ResultLine] = {}
    disputed: dict[str, Disagreement] = {}
    for line in lines:
        first = by_number.setdefault(line.number, line)
        if first is line:
            continue
        mains = {main for main in (first.main_order_number, line.main_order_number) if main}
        if first.result != line.result or len(mains) > 1:
            disputed.setdefault(line.number, Disagreement(line, ReportedResult.by(first)))
            continue
        said_before = (first.reason or "").split("；")
        reasons = "；".join(reason for reason in dict.fromkeys([*said_before, line.reason or ""]) if reason)
        by_number[line.number] = ResultLine(
            first.row, line.number, first.result, next(iter(mains), None), reasons[:500] or None
        )
    return [line for number, line in by_number.items() if number not in disputed], list(disputed.values())


FINAL_OF: dict[Result, OrderState] = {"imported": OrderState.IMPORTED, "duplicate": OrderState.DUPLICATE}
