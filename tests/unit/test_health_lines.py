"""The lines of order health as they are typed: judged by themselves and beside each other, and read back as they were."""

from datetime import timedelta

import pytest

from app.domain.health_lines import (
    DEFAULTS,
    HealthLines,
    WrongLines,
    difference,
    health_lines,
    texts_in,
    texts_of,
    turned,
    turned_text,
)
from app.domain.order_health import BacklogGrowing, Bottleneck, FeedBlind, GateBlocked, OrdersSilent, RedCounts, Slow
from app.domain.turnable_lines import TURNABLE


def test_without_a_word_the_lines_are_those_of_the_rules_themselves():
    assert health_lines({}) == DEFAULTS == HealthLines()
    parts = (Bottleneck(), Slow(), GateBlocked(), OrdersSilent(), FeedBlind(), BacklogGrowing())
    ours = (DEFAULTS.bottleneck, DEFAULTS.slow, DEFAULTS.gate, DEFAULTS.silent, DEFAULTS.feed, DEFAULTS.backlog)
    assert ours == parts
    assert turned(DEFAULTS) == ()


def test_every_line_reaches_its_rule_and_is_read_back_as_it_was_typed():
    typed = {
        "bottleneck_times": "3",
        "bottleneck_clears_below": "2.5",
        "bottleneck_hold": "7",
        "slow_times": "2",
        "slow_clears_below": "1.75",
        "slow_orders": "50",
        "slow_hold": "20",
        "gate_waiting": "8",
        "gate_high_waiting": "4",
        "silent_expected": "9.5",
        "feed_minutes": "25",
        "feed_gaps": "4",
        "backlog_above": "350",
        "backlog_usual": "2",
        "backlog_clears_below": "0.5",
        "backlog_more": "15",
        "backlog_hold": "6",
        "red_counts": "all",
    }
    assert typed.keys() == {line.name for line in TURNABLE}
    lines = health_lines(typed)
    minute = timedelta(minutes=1)
    assert lines == HealthLines(
        bottleneck=Bottleneck(times=3.0, clears_below=2.5, hold=7 * minute),
        slow=Slow(times=2.0, clears_below=1.75, orders=50, hold=20 * minute),
        gate=GateBlocked(waiting=8, high_waiting=4),
        silent=OrdersSilent(expected=9.5),
        feed=FeedBlind(at_least=25 * minute, gaps=4.0),
        backlog=BacklogGrowing(
            above=350.0, usual=2.0, clears_below=0.5, more=15, hold=6 * minute, red_counts=RedCounts.ALL
        ),
    )
    assert texts_of(lines) == typed
    assert health_lines(texts_in(turned(lines))) == lines
    assert isinstance(lines.slow.orders, int)


def test_only_what_was_turned_is_kept():
    assert turned_text({**texts_of(DEFAULTS), "slow_times": "2.0", "backlog_above": "300"}) == (
        "slow_times=2,backlog_above=300"
    )
    assert turned_text(texts_of(DEFAULTS)) == ""


def test_what_has_changed_is_said_in_words():
    after = health_lines({"slow_times": "2"})
    assert difference(DEFAULTS, after) == "黄灯变慢：平时的倍数 1.5 → 2"
    assert difference(after, after) == ""


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("slow_times", "", "须为数字"),
        ("slow_times", "很慢", "须为数字"),
        ("slow_times", "1", "须在 1.05 到 20 之间"),
        ("slow_times", "nan", "须在 1.05 到 20 之间"),
        ("slow_times", "inf", "须在 1.05 到 20 之间"),
        ("slow_orders", "30.5", "须为整数"),
        ("slow_orders", "0", "须在 2 到 10000 之间"),
        ("backlog_above", "-1", "须在 1 到 1000000 之间"),
        ("backlog_clears_below", "1", "须在 0.05 到 0.99 之间"),
        ("feed_minutes", "2000", "须在 1 到 1440 之间"),
        ("red_counts", "everybody", "只能是 overdue 或 all"),
        ("slow_clears_below", "1.5", "须小于“黄灯变慢：平时的倍数”（1.5）"),
        ("bottleneck_times", "1.5", ""),
        ("gate_high_waiting", "4", "不能大于“入仓停了：等待多少单”（3）"),
        ("slow_time", "2", "没有这一项阈值"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_the_reason(name: str, value: str, sentence: str):
    with pytest.raises(WrongLines) as wrong:
        health_lines({name: value})
    (place, why), *others = wrong.value.wrong.items()
    assert not others
    assert place == ("bottleneck_clears_below" if name == "bottleneck_times" else name)
    assert sentence in why
    assert why in str(wrong.value)


def test_two_that_go_together_may_both_be_moved():
    assert health_lines({"slow_times": "3", "slow_clears_below": "2.9"}).slow.clears_below == 2.9
    assert health_lines({"gate_waiting": "5", "gate_high_waiting": "5"}).gate.high_waiting == 5


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(WrongLines) as wrong:
        health_lines({"slow_times": "x", "feed_gaps": "0", "slow_clears_below": "9"})
    assert wrong.value.wrong.keys() == {"slow_times", "feed_gaps"}  # beside what is no number nothing can be compared


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("slow_times",), "写成 名称=数值"), (("=2",), "写成 名称=数值"), (("slow_times=2", "slow_times=3"), "写了两次")],
)
def test_a_word_that_is_no_line_is_refused(words: tuple[str, ...], sentence: str):
    with pytest.raises(WrongLines, match=sentence):
        texts_in(words)


def test_every_default_lies_within_its_bounds_and_every_line_says_what_it_is():
    for line in TURNABLE:
        assert line.word
        assert line.means.endswith(("。", "）。"))
        if not line.choices:
            assert line.least <= float(texts_of(DEFAULTS)[line.name]) <= line.most
