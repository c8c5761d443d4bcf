"""Each kind of group robot with its fake: where it is, and the fault after which each outcome is due."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from pydantic import SecretStr

from app.channels.base import GroupChannel, GroupNotice
from app.channels.group.dingtalk import DingtalkRobot
from app.channels.group.feishu import FeishuRobot
from app.channels.group.wecom import WecomRobot
from app.domain.clock import Clock
from app.domain.outcome import Outcome
from app.outbound.client import outbound_client
from tests.fakes.clock import ClockAt
from tests.fakes.dingtalk import DingtalkFake
from tests.fakes.faults import Fake
from tests.fakes.feishu import FeishuFake
from tests.fakes.wecom import WecomFake

TOKEN, SECRET = "0b9c-robot-token", "SEC-robot-secret"
NOTICE = GroupNotice("【新订单】LB1")
MakeFake = Callable[[Callable[[], float]], Fake]


@dataclass(frozen=True)
class Case:
    """One kind of robot: its fake, its address, and the fault after which each outcome is due."""

    name: str
    fake: MakeFake
    path: str
    robot: type[WecomRobot | FeishuRobot | DingtalkRobot]
    signs: bool
    throttled: tuple[str, timedelta]
    rejected: str
    at_fault: str
    person: str

    @property
    def address(self) -> str:
        return f"{self.path}#{SECRET}" if self.signs else self.path

    def open(self, base: str, http: httpx.AsyncClient, clock: Clock, **limits: timedelta) -> GroupChannel:
        address = SecretStr(base + self.address)
        if issubclass(self.robot, WecomRobot):
            return self.robot(address, http, **limits)
        return self.robot(address, http, clock=clock, **limits)


CASES = (
    Case(
        "wecom",
        lambda now: WecomFake(keys={TOKEN}, now=now),
        f"/cgi-bin/webhook/send?key={TOKEN}",
        WecomRobot,
        signs=False,
        throttled=("45009", timedelta(seconds=60)),
        rejected="40058",
        at_fault="93000",
        person="zhangsan",
    ),
    Case(
        "feishu",
        lambda now: FeishuFake(robots={TOKEN: SECRET}, keyword="订单救生艇", now=now),
        f"/open-apis/bot/v2/hook/{TOKEN}",
        FeishuRobot,
        signs=True,
        throttled=("11232", timedelta(seconds=1)),
        rejected="9499",
        at_fault="19001",
        person="ou_a1",
    ),
    Case(
        "dingtalk",
        lambda now: DingtalkFake(robots={TOKEN: SECRET}, keyword="订单救生艇", now=now),
        f"/robot/send?access_token={TOKEN}",
        DingtalkRobot,
        signs=True,
        throttled=("130101", timedelta(minutes=10)),
        rejected="400402",
        at_fault="300005",
        person="13800138000",
    ),
)


@dataclass
class RobotAndServer:
    """One kind of robot, and its provider on a port of this machine."""

    case: Case
    fake: Fake
    url: str
    clock: ClockAt
    outcomes: list[Outcome] = field(default_factory=list)
    opened: list[GroupChannel] = field(default_factory=list)

    @asynccontextmanager
    async def robot(
        self, http: httpx.AsyncClient | None = None, *, url: str = "", **limits: timedelta
    ) -> AsyncIterator[GroupChannel]:
        robot = self.case.open(url or self.url, http or outbound_client(), self.clock, **limits)
        self.opened.append(robot)
        yield robot
        await robot.aclose()

    async def sent(self, notice: GroupNotice = NOTICE, http: httpx.AsyncClient | None = None) -> Outcome:
        """Send with a robot of its own; keep the outcome for the look for secrets."""
        async with self.robot(http) as robot:
            outcome = await robot.send(notice)
        self.outcomes.append(outcome)
        return outcome
