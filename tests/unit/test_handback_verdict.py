"""What a word of the main system changes, as a table."""

import pytest

from app.domain.states import OrderState as S
from app.handback.result_lines import ResultLine
from app.handback.verdict import Apply, Contradicts, Standing, Unchanged, Verdict, Word, collate, judge

OUT = Standing(S.BATCHED)
FAILED = Standing(S.BATCHED, failed=True, failed_reason="x")
LEFT = Standing(S.BATCHED, left=True)
HOME = Standing(S.IMPORTED, "M1")
HOME_UNNUMBERED = Standing(S.IMPORTED)
DOUBLE = Standing(S.DUPLICATE, "M1")
CANCELLED = Standing(S.CANCELLED)
REJECTED = Standing(S.REJECTED)


def against(standing: Standing) -> Contradicts:
    return Contradicts(Word(standing.state.value, standing.main_order_number))


TABLE = [
    (OUT, Word("imported", "M1"), Apply()),
    (OUT, Word("duplicate"), Apply()),
    (OUT, Word("failed", None, "x"), Apply(moves=False)),
    (FAILED, Word("failed", None, "x"), Unchanged()),
    (FAILED, Word("failed"), Unchanged()),
    (FAILED, Word("failed", None, "y"), Apply(moves=False)),
    (FAILED, Word("imported"), Apply()),
    (LEFT, Word("imported"), Apply()),
    (LEFT, Word("duplicate"), Apply()),
    (LEFT, Word("failed"), Unchanged()),
    (HOME, Word("imported", "M1"), Unchanged()),
    (HOME, Word("imported"), Unchanged()),
    (HOME, Word("imported", "M2"), against(HOME)),
    (HOME_UNNUMBERED, Word("imported", "M1"), Apply(moves=False)),
    (HOME, Word("duplicate", "M1"), against(HOME)),
    (HOME, Word("failed"), against(HOME)),
    (Standing(S.IMPORTED, left=True), Word("failed"), Unchanged()),
    (DOUBLE, Word("duplicate", "M1"), Unchanged()),
    (DOUBLE, Word("imported", "M1"), against(DOUBLE)),
    (CANCELLED, Word("imported"), against(CANCELLED)),
    (CANCELLED, Word("duplicate"), against(CANCELLED)),
    (CANCELLED, Word("failed"), Unchanged()),
    (REJECTED, Word("failed"), Unchanged()),
    (REJECTED, Word("imported"), against(REJECTED)),
]


@pytest.mark.parametrize(("standing", "said", "verdict"), TABLE)
def test_the_first_final_word_stands(standing: Standing, said: Word, verdict: Verdict):
    assert judge(standing, said) == verdict


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
    assert [(d.line, d.earlier) for d in disputed] == [(second, Word("imported", "M1"))]
