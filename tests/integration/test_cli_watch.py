"""``lifeboat watch``: the stages for a person and for a program."""

import json

from app.domain.marks import Mark
from app.watch.stages.take_events import ReportedEvent, take_events
from app.web.api.lifecycle import EventIn
from tests.deployment import Deployment
from tests.deployment.facts import minutes
from tests.integration.conftest import Run


def test_without_an_event_it_says_what_to_do(run: Run):
    assert "POST /v1/lifecycle-events" in run("watch", "status").output
    assert [one["n"] for one in json.loads(run("watch", "status", "--json").output)["items"]] == [0] * 5


def test_the_stages_are_shown_with_what_is_over_its_limit(run: Run, on_sqlite: Deployment):
    from datetime import UTC, datetime  # noqa: PLC0415 - a command has the clock of this machine

    now = datetime.now(UTC)
    events = [
        ReportedEvent(
            index=n,
            source="erp",
            event_id=str(n),
            order=f"SO{n}",
            channel="天猫",
            mark=Mark.PAID,
            at=now - minutes(45 + n),
        )
        for n in range(3)
    ]
    assert take_events(on_sqlite.store, events, now=now).applied == 3
    shown = run("watch", "status").output
    assert "支付完成→进入仓库队列" in shown
    assert "只供参考" in shown
    second = json.loads(run("watch", "status", "--json").output)["items"][1]
    assert (second["inside"], second["over"], second["p50"]) == (3, 3, None)
    assert second["oldest"] >= 46


def test_a_simulated_day_is_taken_as_it_is_printed(run: Run):
    lines = run(
        "watch", "simulate", "--rate", "0.2", "--seed", "7", "--fault", "stop:3@10:00-10:50"
    ).output.splitlines()
    assert (
        lines
        == run("watch", "simulate", "--rate", "0.2", "--seed", "7", "--fault", "stop:3@10:00-10:50").output.splitlines()
    )
    assert len(lines) > 300
    for line in lines:
        EventIn.model_validate_json(line, strict=True)
    assert "故障" in run("watch", "simulate", "--fault", "stop:9@1:00-2:00", code=2).output
