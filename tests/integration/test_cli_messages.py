"""Messages from the command line: what one says, dead letters sent again, channels stopped and let go on."""

import json
from collections.abc import Callable
from typing import Any

from click.testing import Result

from app.bootstrap import Lifeboat
from app.domain.states import MessageState
from app.notify.compose import Composer
from tests.deployment.facts import KEYS
from tests.deployment.notices import a_policy
from tests.deployment.orders import new_order
from tests.integration.conftest import Run


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_dead_letters_are_counted_before_they_are_sent_again(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    take(new_order("A"))
    Composer(boat.store, KEYS, a_policy(), boat.clock).run_once()
    with boat.store.writing() as uow:
        for message in uow.messages.in_state("pending"):
            uow.messages.finish(
                message.id or 0,
                MessageState.DEAD,
                from_states=(MessageState.PENDING,),
                now=boat.clock.now(),
                reason="wecom:connect (10 attempts)",
            )
    count = len(_json(run("messages", "list", "--json")))
    assert _json(run("messages", "retry", "--all", "--dry-run", "--json")) == {"would_retry": count}
    assert "将重发 1 条" in run("messages", "retry", "--kind", "order_wecom", "--dry-run").stdout
    assert len(_json(run("messages", "list", "--json"))) == count
    assert _json(run("messages", "retry", "--kind", "order_wecom", "--json")) == {"retried": 1}
    assert _json(run("messages", "retry", "--since", "2026-11-22T09:59:00", "--dry-run", "--json")) == {
        "would_retry": count - 1
    }
    assert _json(run("messages", "retry", "--since", "2026-11-22T10:01:00", "--dry-run", "--json")) == {
        "would_retry": 0
    }
    run("messages", "retry", "1", "--all", code=2)
    assert "没有“bogus”这类消息" in run("messages", "retry", "--kind", "bogus", code=1).stderr


def test_a_state_that_no_message_has_is_a_wrong_command(run: Run):
    """A typo must not say that all is well."""
    run("messages", "list", "--state", "bogus", code=2)


def test_one_message_is_shown_with_its_text_and_attempts(run: Run, take: Callable[..., list[str]], boat: Lifeboat):
    take(new_order("A"))
    Composer(boat.store, KEYS, a_policy(), boat.clock).run_once()
    with boat.store.writing() as uow:
        begun = uow.attempts.begin(uow.messages.in_state("pending"), now=boat.clock.now())
        uow.attempts.end(begun[1], now=boat.clock.now(), outcome="unreachable", reason="wecom:connect")
    shown = _json(run("messages", "show", "1", "--json"))
    assert shown["text"].startswith("【高优处理】LB")
    assert [(one["outcome"], one["answer"]) for one in shown["tries"]] == [("unreachable", "连不上企业微信")]
    assert shown["created_at"].endswith("+08:00")
    assert "连不上企业微信" in run("messages", "show", "1").stdout
    assert "没有编号为 99 的消息" in run("messages", "show", "99", code=1).stderr


def test_a_channel_is_stopped_and_goes_on_from_the_command_line(run: Run):
    (group, *_) = _json(run("messages", "channels", "--json"))["items"]
    assert (group["name"], group["condition"]) == ("wecom:dry", "recorded")
    assert _json(run("messages", "pause", "wecom", "--why", "换机器人", "--json"))["paused"] == ["wecom:dry"]
    assert "人工暂停" in run("messages", "channels").stdout
    assert "已恢复 wecom:dry" in run("messages", "unpause", "wecom:dry").stdout
    assert "没有被人暂停" in run("messages", "unpause", "wecom", code=1).stderr
    assert "没有通知渠道“pigeon”" in run("messages", "pause", "pigeon", "--why", "x", code=1).stderr
    run("messages", "pause", "wecom", code=2)
