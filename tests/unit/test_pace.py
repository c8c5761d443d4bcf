"""Calls of one key are kept apart, whoever makes them; a vendor that was asked too often is left alone."""

from dataclasses import dataclass, field

from app.outbound.pace import CallPace
from tests.deployment.facts import minutes


@dataclass
class Turned:
    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


async def test_calls_are_as_far_apart_as_the_budget_says():
    time = Turned()
    pace = CallPace(30, now=time.now, sleep=time.sleep)
    made = []
    for _ in range(61):
        await pace.turn()
        made.append(time.at)
    assert made[0] == 0
    assert made[-1] == 120
    assert max(sum(1 for one in made if at <= one < at + 60) for at in made) == 30


async def test_what_was_not_used_is_not_saved_up():
    time = Turned()
    pace = CallPace(60, now=time.now, sleep=time.sleep)
    await pace.turn()
    time.at = 1000
    await pace.turn()
    await pace.turn()
    assert time.slept == [1.0]


async def test_a_key_that_is_held_is_left_alone():
    time = Turned()
    pace = CallPace(60, now=time.now, sleep=time.sleep)
    pace.hold(minutes(5))
    assert pace.held_for == 300
    await pace.turn()
    assert time.at == 300
    assert pace.held_for == 1
