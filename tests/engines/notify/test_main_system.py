"""The groups hear once of each change of the main system, and nobody forgets it; on both engines."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from app.domain.dependency import Probed
from app.domain.main_health import MainState
from app.domain.passed_on import PassedOn, SentBefore
from app.notify.contents import AlertContent, read_content
from app.notify.main_system import keep_main
from app.notify.policy import Destination
from app.store.main_standing import main_standing
from app.store.repositories.messages import MessageRepository
from app.watch.main_order import MainOrderError, order_main, withdraw_main_order
from tests.deployment import Deployment
from tests.deployment.facts import OPS, REHEARSAL, TEN, ZONE, hours, minutes, seconds
from tests.deployment.notices import a_policy
from tests.deployment.orders import order_body, prepared

WINDOW = seconds(20)
WELL = (Probed("health", 5), Probed("lookup", 9))
AWAY = (Probed("health", None, "connect"), Probed("lookup", None, "connect"))
HALF = (Probed("health", 5), Probed("lookup", None, "http_503"))
SENT = PassedOn(SentBefore.YES, "504")


class Watch:
    """A worker that looks every five seconds."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.policy = a_policy(robots=("one", "two"))

    def look(self, probes: Sequence[Probed], *, times: int = 1) -> MainState | None:
        state = None
        for _ in range(times):
            self.deployment.clock.at += seconds(5)
            state = keep_main(
                self.deployment.store, self.policy, probes, window=WINDOW, now=self.deployment.clock.now()
            )
        return state

    def told(self) -> list[tuple[str, bool]]:
        """Return what the first group was told: the first words, and whether it is an end."""
        found = []
        for message in self.deployment.rows.messages():
            content = read_content(message.subject, message.content)
            assert isinstance(content, AlertContent)
            if message.target == "one":
                found.append((content.sentence.partition("：")[0], content.ended))
        return found

    def order(self, state: MainState, *, for_minutes: float = 60, why: str = "机房来电话") -> None:
        with self.deployment.store.writing() as uow:
            now = self.deployment.clock.now()
            order_main(uow, state, lasting=minutes(for_minutes), why=why, by=OPS, now=now)


@pytest.fixture
def watch(deployment: Deployment) -> Watch:
    return Watch(deployment)


def test_that_it_is_well_from_the_beginning_is_no_news(watch: Watch):
    assert watch.look(WELL, times=10) is MainState.UP
    assert watch.told() == []


def test_each_change_is_told_once_to_each_group(watch: Watch):
    watch.look(WELL, times=5)
    assert watch.look(AWAY, times=30) is MainState.DOWN
    assert watch.look(WELL, times=30) is MainState.UP
    assert watch.look(HALF, times=30) is MainState.UNKNOWN
    assert watch.look(WELL, times=30) is MainState.UP
    assert watch.told() == [
        ("主系统不收单", False),
        ("主系统正常", True),
        ("主系统状况不明", False),
        ("主系统正常", True),
    ]
    assert len(watch.deployment.rows.messages()) == 8
    assert {message.kind for message in watch.deployment.rows.messages()} == {"alert_wecom"}


def test_one_that_is_down_from_the_beginning_is_told(watch: Watch):
    watch.look(AWAY, times=5)
    assert watch.told() == [("主系统不收单", False)]


def test_an_order_that_had_been_sent_is_told_at_once_although_it_answers(watch: Watch):
    watch.look(WELL, times=5)
    door = watch.deployment.door
    door.take(door.new())
    assert watch.look(WELL) is MainState.UP
    door.take(door.new()._replace(passed_on=SENT))
    assert watch.look(WELL) is MainState.DOWN
    (message, _) = watch.deployment.rows.messages()
    assert "最近一笔发给它之后又转到这里的订单在 10:00:30" in str(message.content)
    assert watch.look(WELL, times=3) is MainState.DOWN
    assert watch.look(WELL, times=2) is MainState.UP


def test_an_order_of_a_rehearsal_says_nothing_of_the_living(watch: Watch):
    watch.look(WELL, times=5)
    body = order_body("D", phone="13900000001")
    watch.deployment.door.take(prepared(body, caller=REHEARSAL, key="D")._replace(passed_on=SENT))
    assert watch.look(WELL) is MainState.UP


def test_a_worker_that_dies_between_the_look_and_the_message_tells_it_when_it_is_back(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
):
    watch.look(WELL, times=5)
    watch.look(AWAY, times=4)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MessageRepository, "add_new", dies)
        with pytest.raises(KeyboardInterrupt):
            watch.look(AWAY)
    assert watch.told() == []
    watch.look(AWAY, times=3)
    assert watch.told() == [("主系统不收单", False)]


def test_another_worker_goes_on_where_the_first_one_stopped(watch: Watch):
    watch.look(AWAY, times=10)
    again = Watch(watch.deployment)
    again.look(AWAY, times=10)
    assert again.told() == [("主系统不收单", False)]


def test_a_persons_word_outweighs_the_probe_until_its_time_is_over(watch: Watch):
    watch.look(WELL, times=5)
    watch.order(MainState.DOWN, for_minutes=1)
    assert watch.look(WELL, times=11) is MainState.DOWN
    assert watch.look(WELL) is MainState.UP
    assert watch.told() == [("主系统不收单", False), ("主系统正常", True)]
    assert "ops 认定，到 11-22 10:01（机房来电话）" in str(watch.deployment.rows.messages()[0].content)


def test_a_persons_word_is_withdrawn(watch: Watch):
    watch.look(AWAY, times=5)
    watch.order(MainState.UP)
    assert watch.look(AWAY) is MainState.UP
    with watch.deployment.store.writing() as uow:
        withdraw_main_order(uow, by=OPS, now=watch.deployment.clock.now())
    assert watch.look(AWAY) is MainState.DOWN
    with watch.deployment.store.writing() as uow, pytest.raises(MainOrderError, match="没有人工认定"):
        withdraw_main_order(uow, by=OPS, now=watch.deployment.clock.now())
    with watch.deployment.store.reading() as uow:
        assert [deed.action for deed in uow.audit.page(limit=9)] == ["main.withdraw", "main.order"]


def test_where_nobody_looks_a_persons_word_is_told_and_so_is_its_end(watch: Watch):
    assert watch.look(()) is None
    watch.order(MainState.DOWN, for_minutes=1)
    assert watch.look(()) is MainState.DOWN
    assert watch.look((), times=20) is None
    assert watch.told() == [("主系统不收单", False), ("主系统状况不明", False)]


@pytest.mark.parametrize(
    ("state", "lasting", "why"),
    [
        (MainState.UNKNOWN, hours(1), "x"),
        (MainState.UP, hours(1), "  "),
        (MainState.UP, hours(25), "x"),
        (MainState.UP, hours(0), "x"),
    ],
)
def test_what_a_person_cannot_say(deployment: Deployment, state: MainState, lasting: object, why: str):
    with deployment.store.writing() as uow, pytest.raises(MainOrderError):
        order_main(uow, state, lasting=lasting, why=why, by=OPS, now=TEN)  # type: ignore[arg-type]
    assert deployment.rows.messages() == []


def test_groups_for_emergencies_hear_of_it_too(watch: Watch):
    emergency = Destination("wecom", "sos", emergency=True)
    watch.policy = a_policy(groups=(Destination("wecom", "one"), emergency))
    watch.look(AWAY, times=5)
    assert sorted(message.target for message in watch.deployment.rows.messages()) == ["one", "sos"]


def standing(deployment: Deployment, *, now: datetime, asked: bool = True) -> tuple[MainState, str] | None:
    with deployment.store.reading() as uow:
        found = main_standing(uow, asked=asked, zone=ZONE, now=now)
        return (found.state, found.why) if found else None


def test_where_nobody_has_looked_for_minutes_nobody_knows(watch: Watch):
    deployment = watch.deployment
    assert standing(deployment, now=TEN, asked=False) is None
    assert standing(deployment, now=TEN) == (MainState.UNKNOWN, "还没有探测过。")
    watch.look(WELL, times=5)
    now = deployment.clock.now()
    assert standing(deployment, now=now + minutes(2)) == (MainState.UP, "健康地址 5 毫秒应答，查单 9 毫秒应答。")
    state, why = standing(deployment, now=now + minutes(3)) or (None, "")
    assert state is MainState.UNKNOWN
    assert "请检查后台进程" in why
    watch.look((Probed("health", None, "connect"),))
    assert standing(deployment, now=deployment.clock.now()) == (MainState.UP, "健康地址没有应答（连不上）。")
