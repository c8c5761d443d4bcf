"""What a word of the main system changes, as a table."""

import pytest

from app.domain.states import OrderState as S
from app.handback.result_lines import Result, ResultLine
from app.handback.verdict import (
    Apply,
    Contradicts,
    OrderPosition,
    ReportedResult,
    ResultDecision,
    Unchanged,
    collate,
    judge,
)

OUT = OrderPosition(S.BATCHED)
FAILED = OrderPosition(S.BATCHED, last=ReportedResult("failed", None, "x"))
LEFT = OrderPosition(S.BATCHED, left=True)
HOME = OrderPosition(S.IMPORTED, "M1")
HOME_UNNUMBERED = OrderPosition(S.IMPORTED)
DOUBLE = OrderPosition(S.DUPLICATE, "M1", last=ReportedResult("duplicate", "M1"))
DOUBLE_BY_A_PERSON = OrderPosition(S.DUPLICATE, "M1", last=ReportedResult("imported", "M1"))
SPLIT = OrderPosition(S.IMPORTED, "M1", further=("M2",))
TAKEN_BACK = OrderPosition(S.BATCHED, last=ReportedResult("imported", "M1"))
CANCELLED = OrderPosition(S.CANCELLED)
REJECTED = OrderPosition(S.REJECTED)


def against(position: OrderPosition) -> Contradicts:
    return Contradicts(ReportedResult(position.state.value, position.main_order_number))


def said(result: Result, main_order_number: str | None = None, reason: str | None = None) -> ResultLine:
    return ResultLine(2, "A", result, main_order_number, reason)


def split(*mains: str) -> ResultLine:
    return ResultLine(2, "A", "imported", mains[0], None, mains[1:])


TABLE = [
    (OUT, said("imported", "M1"), Apply()),
    (OUT, said("duplicate"), Apply()),
    (OUT, said("failed", None, "x"), Apply(moves=False)),
    (FAILED, said("failed", None, "x"), Unchanged()),
    (FAILED, said("failed"), Unchanged()),
    (FAILED, said("failed", None, "y"), Apply(moves=False)),
    (FAILED, said("imported"), Apply()),
    (LEFT, said("imported"), Apply()),
    (LEFT, said("duplicate"), Apply()),
    (LEFT, said("failed"), Unchanged()),
    (HOME, said("imported", "M1"), Unchanged()),
    (HOME, said("imported"), Unchanged()),
    (HOME, said("imported", "M2"), against(HOME)),
    (HOME_UNNUMBERED, said("imported", "M1"), Apply(moves=False)),
    (HOME, said("duplicate", "M1"), Unchanged()),
    (HOME, said("duplicate"), against(HOME)),
    (HOME, said("duplicate", "M2"), against(HOME)),
    (HOME_UNNUMBERED, said("duplicate", "M1"), against(HOME_UNNUMBERED)),
    (HOME, split("M1", "M2"), Apply(moves=False)),
    (HOME, split("M2", "M3"), against(HOME)),
    (SPLIT, said("imported", "M2"), Unchanged()),
    (SPLIT, split("M2", "M1"), Unchanged()),
    (SPLIT, said("imported", "M3"), against(SPLIT)),
    (TAKEN_BACK, said("imported", "M1"), against(TAKEN_BACK)),
    (TAKEN_BACK, said("imported"), against(TAKEN_BACK)),
    (TAKEN_BACK, said("imported", "M2"), Apply()),
    (TAKEN_BACK, said("failed"), Apply(moves=False)),
    (HOME, said("failed"), against(HOME)),
    (OrderPosition(S.IMPORTED, left=True), said("failed"), Unchanged()),
    (DOUBLE, said("duplicate", "M1"), Unchanged()),
    (DOUBLE, said("imported", "M1"), Apply()),
    (DOUBLE, said("imported", "M2"), against(DOUBLE)),
    (DOUBLE, said("imported"), against(DOUBLE)),
    (DOUBLE_BY_A_PERSON, said("imported", "M1"), against(DOUBLE_BY_A_PERSON)),
    (CANCELLED, said("imported"), against(CANCELLED)),
    (CANCELLED, said("duplicate"), against(CANCELLED)),
    (CANCELLED, said("failed"), Unchanged()),
    (REJECTED, said("failed"), Unchanged()),
    (REJECTED, said("imported"), against(REJECTED)),
]


@pytest.mark.parametrize(("position", "line", "verdict"), TABLE)
def test_the_first_final_word_stands(position: OrderPosition, line: ResultLine, verdict: ResultDecision):
    assert judge(position, line) == verdict


def test_rows_of_one_order_that_agree_are_one_word():
    lines = [
        ResultLine(2, "A", "failed", None, "x"),
        ResultLine(3, "A", "failed", "M", "y"),
        ResultLine(4, "A", "failed", "M", "x"),
        ResultLine(5, "B", "imported"),
    ]
    merged, disputed = collate(lines)
    assert merged == [ResultLine(2, "A", "failed", "M", "x；y"), ResultLine(5, "B", "imported")]
    assert disputed == []


@pytest.mark.parametrize(
    "second",
    [
        ResultLine(3, "A", "failed", None, "x"),
        ResultLine(3, "A", "duplicate", "M2"),
        ResultLine(3, "A", "duplicate"),
    ],
)
def test_rows_of_one_order_that_disagree_are_left_to_a_person(second: ResultLine):
    merged, disputed = collate([ResultLine(2, "A", "imported", "M1"), second, ResultLine(4, "B", "imported")])
    assert [line.number for line in merged] == ["B"]
    assert [(d.line, d.earlier) for d in disputed] == [(second, ReportedResult("imported", "M1"))]


def test_rows_of_one_order_under_several_numbers_are_an_order_that_was_split():
    lines = [ResultLine(2, "A", "imported", "M1"), ResultLine(3, "A", "imported"), ResultLine(4, "A", "imported", "M2")]
    assert collate(lines) == ([ResultLine(2, "A", "imported", "M1", None, ("M2",))], [])


def test_there_already_and_imported_under_one_number_are_one_import():
    lines = [ResultLine(2, "A", "duplicate", "M1", "已存在"), ResultLine(3, "A", "imported", "M1")]
    assert collate(lines) == ([ResultLine(2, "A", "imported", "M1", "已存在")], [])
