"""What a word of the main system changes, as a table."""

import pytest

from app.domain.states import OrderState as S
from app.handback.result_lines import ResultLine
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
FAILED = OrderPosition(S.BATCHED, failed=True, failed_reason="x")
LEFT = OrderPosition(S.BATCHED, left=True)
HOME = OrderPosition(S.IMPORTED, "M1")
HOME_UNNUMBERED = OrderPosition(S.IMPORTED)
DOUBLE = OrderPosition(S.DUPLICATE, "M1")
CANCELLED = OrderPosition(S.CANCELLED)
REJECTED = OrderPosition(S.REJECTED)


def against(position: OrderPosition) -> Contradicts:
    return Contradicts(ReportedResult(position.state.value, position.main_order_number))


TABLE = [
    (OUT, ReportedResult("imported", "M1"), Apply()),
    (OUT, ReportedResult("duplicate"), Apply()),
    (OUT, ReportedResult("failed", None, "x"), Apply(moves=False)),
    (FAILED, ReportedResult("failed", None, "x"), Unchanged()),
    (FAILED, ReportedResult("failed"), Unchanged()),
    (FAILED, ReportedResult("failed", None, "y"), Apply(moves=False)),
    (FAILED, ReportedResult("imported"), Apply()),
    (LEFT, ReportedResult("imported"), Apply()),
    (LEFT, ReportedResult("duplicate"), Apply()),
    (LEFT, ReportedResult("failed"), Unchanged()),
    (HOME, ReportedResult("imported", "M1"), Unchanged()),
    (HOME, ReportedResult("imported"), Unchanged()),
    (HOME, ReportedResult("imported", "M2"), against(HOME)),
    (HOME_UNNUMBERED, ReportedResult("imported", "M1"), Apply(moves=False)),
    (HOME, ReportedResult("duplicate", "M1"), against(HOME)),
    (HOME, ReportedResult("failed"), against(HOME)),
    (OrderPosition(S.IMPORTED, left=True), ReportedResult("failed"), Unchanged()),
    (DOUBLE, ReportedResult("duplicate", "M1"), Unchanged()),
    (DOUBLE, ReportedResult("imported", "M1"), against(DOUBLE)),
    (CANCELLED, ReportedResult("imported"), against(CANCELLED)),
    (CANCELLED, ReportedResult("duplicate"), against(CANCELLED)),
    (CANCELLED, ReportedResult("failed"), Unchanged()),
    (REJECTED, ReportedResult("failed"), Unchanged()),
    (REJECTED, ReportedResult("imported"), against(REJECTED)),
]


@pytest.mark.parametrize(("position", "said", "verdict"), TABLE)
def test_the_first_final_word_stands(position: OrderPosition, said: ReportedResult, verdict: ResultDecision):
    assert judge(position, said) == verdict


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
        ResultLine(3, "A", "imported", "M2"),
        ResultLine(3, "A", "duplicate", "M1"),
    ],
)
def test_rows_of_one_order_that_disagree_are_left_to_a_person(second: ResultLine):
    merged, disputed = collate([ResultLine(2, "A", "imported", "M1"), second, ResultLine(4, "B", "imported")])
    assert [line.number for line in merged] == ["B"]
    assert [(d.line, d.earlier) for d in disputed] == [(second, ReportedResult("imported", "M1"))]
