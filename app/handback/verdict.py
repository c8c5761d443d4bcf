"""What a word of the main system changes: the first final word stands, and a later one that contradicts it is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domain.states import OrderState
from app.handback.result_lines import Result, ResultLine

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
    """Where an order stands: its state, its numbers in the main system, and the last word in this batch."""

    state: OrderState
    main_order_number: str | None = None
    left: bool = False
    """Whether a repair batch has taken it over."""

    last: ReportedResult | None = None
    further: tuple[str, ...] = ()
    """Its other numbers in the main system."""

    @property
    def mains(self) -> frozenset[str]:
        """All its numbers in the main system."""
        return frozenset((self.main_order_number, *self.further)) - {None} if self.main_order_number else frozenset()

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
    match position.state:
        case OrderState.BATCHED:
            return Contradicts(position.known) if _was_taken_back(position, said) else Apply()
        case OrderState.IMPORTED | OrderState.DUPLICATE if position.state.value == said.result:
            return _judge_number(position, said)
        case OrderState.IMPORTED if _is_known_number(position, said):
            return Unchanged()  # that it is there already says no more than that
        case OrderState.DUPLICATE if _is_of_the_same_import(position, said):
            return Apply()
        case _:
            return Contradicts(position.known)


def _judge_number(position: OrderPosition, said: ResultLine) -> ResultDecision:
    told, known = frozenset(said.mains), position.mains
    if told <= known:
        return Unchanged()
    return Apply(moves=False) if known <= told else Contradicts(position.known)


def _was_taken_back(position: OrderPosition, said: ResultLine) -> bool:
    """Tell whether a person has put the order back since just this was said: a second upload must not undo that."""
    last = position.last
    return last is not None and last.result == said.result and said.main_order_number in (None, last.main_order_number)


def _is_of_the_same_import(position: OrderPosition, said: ResultLine) -> bool:
    """Tell whether the order was called there already under the very number that its import gave it.

    A batch was imported twice, and the answers come in the wrong order. What a person has called a duplicate stays.
    """
    by_main_system = position.last is not None and position.last.result == "duplicate"
    return by_main_system and _is_known_number(position, said)


def _is_known_number(position: OrderPosition, said: ResultLine) -> bool:
    """Tell whether all that was said of the order's number is known: without one, it may be about another order."""
    return bool(said.mains) and frozenset(said.mains) <= position.mains


def _judge_failure(position: OrderPosition, said: ResultLine) -> ResultDecision:
    if position.left or position.state in _CLOSED:
        return Unchanged()  # the repair batch will tell, or nobody waits for it any more
    if position.state is not OrderState.BATCHED:
        return Contradicts(position.known)
    last = position.last
    known_already = last is not None and last.result == "failed" and said.reason in (None, last.reason)
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
        disputed=[one for one in disputed if one.line.number in positions],
        unknown=[line for line in agreed if line.number not in positions]
        + [one.line for one in disputed if one.line.number not in positions],
    )


def collate(lines: Iterable[ResultLine]) -> tuple[list[ResultLine], list[Disagreement]]:
    """Bring together the lines of each order; an order about which they disagree is left to a person.

    Several numbers of the main system are no disagreement: it has split the order.
    """
    by_number: dict[str, ResultLine] = {}
    disputed: dict[str, Disagreement] = {}
    for line in lines:
        first = by_number.setdefault(line.number, line)
        if first is line:
            continue
        result = _both(first, line)
        if result is None:
            disputed.setdefault(line.number, Disagreement(line, ReportedResult.by(first)))
            continue
        said_before = (first.reason or "").split("；")
        reasons = "；".join(reason for reason in dict.fromkeys([*said_before, line.reason or ""]) if reason)
        mains = tuple(dict.fromkeys((*first.mains, *line.mains)))
        by_number[line.number] = ResultLine(
            first.row, line.number, result, next(iter(mains), None), reasons[:500] or None, mains[1:], first.sheet
        )
    return [line for number, line in by_number.items() if number not in disputed], list(disputed.values())


def _both(first: ResultLine, second: ResultLine) -> Result | None:
    """Return what two lines of one order say together, None if they disagree."""
    if first.result == second.result:
        return first.result
    same_number = first.mains and set(first.mains) & set(second.mains)
    return "imported" if same_number and "failed" not in (first.result, second.result) else None


FINAL_OF: dict[Result, OrderState] = {"imported": OrderState.IMPORTED, "duplicate": OrderState.DUPLICATE}
