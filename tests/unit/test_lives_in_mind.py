"""The lives of alerts that nobody was told of: what rests is not told, and keeps nobody from hearing of others."""

from app.domain.alert_life import Inhibitor, Sight
from app.domain.health_lines import DEFAULTS
from app.watch.rule import Found, Trouble
from app.watch.rules.backlog_growing import BACKLOG_GROWING
from app.watch.rules.gate_blocked import GATE_BLOCKED
from app.watch.rules.stage_slow import STAGE_SLOW
from app.watch.what_if.lives import LivesInMind
from app.words import INHIBITED_BY
from tests.deployment.facts import TEN, minutes

BACKLOG = Trouble("backlog_growing", "积压")
GATE = Trouble("gate_blocked", "入仓停了", subject="S2:天猫", stage=2)


def test_a_red_alert_that_rests_keeps_nobody_from_hearing_of_the_gate():
    lives = LivesInMind(DEFAULTS)
    for n in range(20):
        sight = Sight.WRONG if n < 10 else Sight.RESTING
        backlog = Found(BACKLOG_GROWING, (Trouble(BACKLOG.code, BACKLOG.text, sight=sight),))
        gate = Found(GATE_BLOCKED, (GATE,) if n >= 6 else ())
        lives.see([backlog, gate], now=TEN + minutes(n), incident=False)
        untold = {one.rule: one.untold for one in lives.result().episodes}
        if 6 <= n < 10:
            assert untold == {"backlog_growing": None, "gate_blocked": Inhibitor.RED}
    assert untold == {"backlog_growing": None, "gate_blocked": None}


def test_what_a_red_alert_kept_from_people_is_not_told_while_it_rests():
    lives = LivesInMind(DEFAULTS)
    for n in range(60):
        sight = Sight.WRONG if n < 20 else Sight.RESTING
        slow = Trouble("stage_slow", "慢", subject="S3:天猫:normal", stage=3, sight=sight)
        red = Trouble(BACKLOG.code, BACKLOG.text, sight=Sight.WRONG if n < 20 else Sight.WELL)
        lives.see([Found(STAGE_SLOW, (slow,)), Found(BACKLOG_GROWING, (red,))], now=TEN + minutes(n), incident=False)
    untold = {one.rule: one.untold for one in lives.result().episodes}
    assert untold == {"backlog_growing": None, "stage_slow": Inhibitor.CLOSED}


def test_each_reason_for_which_nobody_is_told_has_a_word():
    assert set(INHIBITED_BY) == {str(one) for one in Inhibitor}
