"""Which line of the table a stuck order is: the first that fits, and the last for what nobody knows."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.triage import SAID, StuckFacts, TriageCondition, triaged
from app.toml_file import UnreadableFile
from app.watch.triage.table import SHIPPED, WrongTriageTable, parse_table, read_table, shipped_table
from tests.deployment.facts import hours, minutes

LINES = shipped_table().lines
FORTY = minutes(40)


def _type(stage: int, waited: timedelta = FORTY, **said: str) -> str:
    return triaged(LINES, StuckFacts(stage=stage, waited=waited, said=said)).code


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((1, {"transaction_id": "42000"}), "payment_unconfirmed"),
        ((1, {"payment": "paid"}), "payment_unconfirmed"),
        ((1, {"transaction_id": ""}), "unpaid"),
        ((1, {}), "unpaid"),
        ((2, {"freeze_reason": "12", "status": "wdt:30"}), "risk"),
        ((3, {"status": "wdt:16"}), "risk"),
        ((2, {"status": "jst:WaitConfirm"}), "review"),
        ((2, {"status": "wdt:23"}), "review"),
        ((3, {"status": "wdt:55", "stockout_status": "wdt:51"}), "stock"),
        ((3, {"stockout_status": "wdt:54"}), "waybill"),
        ((3, {"logistics_print_status": "wdt:1"}), "waybill"),
        ((3, {"logistics_print_status": "wdt:2"}), "queued_not_packed"),
        ((2, {"status": "jst:Question", "question": "地址不全"}), "exception"),
        ((4, {}), "queued_not_packed"),
        ((5, {"status": "wdt:95"}), "not_collected"),
        ((2, {"status": "gy:unapproved"}), "review"),
        ((4, {"status": "gy:approved", "stockout_status": "gy:-1"}), "exception"),
        ((4, {"status": "gy:approved", "stockout_status": "gy:0"}), "queued_not_packed"),
        ((2, {"status": "wdt:77"}), "unclassified"),
        ((2, {}), "unclassified"),
    ],
)
def test_the_shipped_table_says_whose_an_order_is(facts: tuple[int, dict[str, str]], expected: str):
    stage, said = facts
    assert _type(stage, **said) == expected


def test_what_is_in_review_for_a_day_is_held_by_a_rule():
    assert _type(2, hours(23), status="wdt:30") == "review"
    assert _type(2, hours(24), status="wdt:30") == "risk"
    assert _type(2, hours(24), status="gy:unapproved") == "risk"


def test_printing_that_hangs_alone_is_stuck_before_its_stage_is_over():
    early = [line.code for line in LINES for one in line.when if one.early]
    assert early == ["waybill"]
    (line,) = (one for one in LINES if one.code == "waybill")
    printing = {"logistics_print_status": "wdt:1"}
    assert line.is_early(StuckFacts(stage=3, waited=minutes(15), said=printing))
    assert not line.is_early(StuckFacts(stage=3, waited=minutes(14), said=printing))
    assert not line.is_early(StuckFacts(stage=3, waited=minutes(15), said={"stockout_status": "wdt:54"}))


def test_a_condition_may_ask_that_nothing_is_said():
    condition = TriageCondition(stages=frozenset({2}), said={"status": "not_set"})
    assert condition.holds(StuckFacts(stage=2, waited=FORTY))
    assert condition.holds(StuckFacts(stage=2, waited=FORTY, said={"status": ""}))
    assert not condition.holds(StuckFacts(stage=2, waited=FORTY, said={"status": "wdt:30"}))
    table = parse_table(f'[[line]]\ncode="one"\n{_LINE}when=[{{status="not_set"}}]\n{_LAST}'.encode())
    assert triaged(table.lines, StuckFacts(stage=3, waited=FORTY)).code == "one"


def test_unpaid_orders_are_in_nobodys_hands():
    assert [line.code for line in LINES if not line.stuck] == ["unpaid"]


@given(
    st.integers(1, 5),
    st.integers(0, 10_000).map(minutes),
    st.dictionaries(st.sampled_from(sorted(SAID)), st.text(max_size=12)),
)
def test_every_order_is_of_one_type(stage: int, waited: timedelta, said: dict[str, str]):
    line = triaged(LINES, StuckFacts(stage=stage, waited=waited, said=said))
    assert line.fits(StuckFacts(stage=stage, waited=waited, said=said))
    before = LINES[: LINES.index(line)]
    assert not any(one.fits(StuckFacts(stage=stage, waited=waited, said=said)) for one in before)


def test_codes_have_names_and_others_stay_as_they_are():
    table = shipped_table()
    assert table.word("stockout_status", "wdt:51") == "缺货"
    assert table.word("status", "erp:9") == "erp:9"
    assert not table.knows("status", "erp:9")


_LINE = 'type="甲"\nowner="乙"\nmeaning="丙"\nsay="丁"\nnext="戊"\n'
_LAST = f'[[line]]\ncode="rest"\n{_LINE}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{stage=[1]}}]', "最后一行不能有条件"),
        (f"{_LAST}{_LAST}", "重复的代号"),
        (f'[[line]]\ncode="one"\n{_LINE}{_LAST}', "one：没有条件"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{}}]\n{_LAST}', "空的条件"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{stage=[6]}}]\n{_LAST}', "one.when.0.stage"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{minutes=-1}}]\n{_LAST}', "one.when.0.minutes"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{colour=["red"]}}]\n{_LAST}', "不认识的条件"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{status="16"}}]\n{_LAST}', "one.when.0.status"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{status=[]}}]\n{_LAST}', "one.when.0.status"),
        (
            f'[[line]]\ncode="one"\n{_LINE}when=[{{stage=[1],minutes=5,early=1,status=["a"]}}]\n{_LAST}',
            "one.when.0.early",
        ),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{minutes=5,early=true,status=["a"]}}]\n{_LAST}', "one.when.0.early"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{stage=[1],early=true,status=["a"]}}]\n{_LAST}', "one.when.0.early"),
        (f'[[line]]\ncode="one"\n{_LINE}when=[{{stage=[1],minutes=5,early=true}}]\n{_LAST}', "one.when.0.early"),
        (f'[[line]]\ncode="A b"\n{_LINE}', "code"),
    ],
)
def test_a_wrong_table_says_where(text: str, why: str):
    with pytest.raises(WrongTriageTable, match=why.replace("[", r"\[")):
        parse_table(text.encode())


def test_a_merchants_table_takes_the_place_of_the_shipped_one(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_text(_LAST)
    assert [line.code for line in read_table(path).lines] == ["rest"]
    assert read_table(None) == shipped_table() == parse_table(SHIPPED.read_bytes())
    path.write_text("[[")
    with pytest.raises(WrongTriageTable, match=r"mine\.toml"):
        read_table(path)
    with pytest.raises(UnreadableFile):
        parse_table(b"[[")
