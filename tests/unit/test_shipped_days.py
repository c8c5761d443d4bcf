"""The days that are shipped as examples are those that ``lifeboat watch simulate`` makes, up to their midnight."""

import gzip
import json
from datetime import date

import pytest

from app.watch.stages.simulate import fault_of, simulated
from tests.deployment.facts import ZONE
from tests.house.repository import ROOT

DAYS = {
    "quiet": (1, 1.0, ()),
    "printing-stops": (2, 2.0, ("stop:3@10:00-11:30",)),
    "gate-stops": (3, 4.0, ("stop:2@15:00-16:30",)),
}


@pytest.mark.parametrize("name", DAYS)
def test_a_shipped_day_is_the_one_its_arguments_make(name: str):
    seed, rate, faults = DAYS[name]
    made = simulated(
        seed=seed, day=date(2026, 11, 11), zone=ZONE, rate=rate, faults=[fault_of(text) for text in faults]
    )
    of_day = [event for event in made if event["at"] < "2026-11-12"]
    with gzip.open(ROOT / "examples" / "days" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as packed:
        assert [json.loads(line) for line in packed] == of_day
    assert len(of_day) > 1000


def test_every_shipped_day_is_named_here():
    assert {path.name for path in (ROOT / "examples" / "days").iterdir()} == {f"{name}.jsonl.gz" for name in DAYS}
