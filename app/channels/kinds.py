"""The one registry of channels: what each is called, how much it bears, and what follows when a sender dies.

Only data: a process that shows a channel's name need not load what sends through it. The module of a group channel
has a function ``open_robot(address, clock)`` that returns its :class:`~app.channels.base.GroupChannel`.
"""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.send_budget import Pace
from app.domain.states import MessageState

UNHURRIED = Pace(limit=1000, window=timedelta(seconds=1))
"""Of a channel that is faster than we ever send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """One kind of channel.

    ``pace`` and ``burst`` hold for each target by itself: parts of the pace are kept for alerts and high priority, the
    burst only bounds what leaves at one moment. ``text_bytes`` is the longest message that mentions people,
    ``rich_bytes`` the longest other one, in UTF-8. ``after_death`` is the state of a message whose sender died between
    claim and record: a group may see one twice, a customer is sent nothing again before the provider has been asked.
    """

    name: str
    label: str
    pace: Pace = UNHURRIED
    burst: Pace | None = None
    text_bytes: int = 0
    rich_bytes: int = 0
    after_death: MessageState = MessageState.PENDING
    longest_pause: timedelta = timedelta(hours=1)
    """No pause of ours reaches further ahead; one that does was written before the clock was set back."""
    mentions_phones: bool = False
    """Whether its robots mention people by their phone."""
    module: str = ""
    hosts: tuple[str, ...] = ()
    """Where its provider is reached."""
    opening: str = ""
    """The words each message begins with, so that a group can make them the keyword its robot must say."""
    spread: tuple[timedelta, timedelta] | None = None
    """How long an announcement waits at least and at most, where the provider is slow just when batches come out."""

    def announcement_delay(self, share: float) -> timedelta:
        """Return how long an announcement waits; ``share`` from 0 to 1 spreads the robots of many merchants."""
        if self.spread is None:
            return timedelta()
        least, most = self.spread
        return least + (most - least) * share

    @property
    def is_group(self) -> bool:
        """Whether it is a chat group, reached through a robot."""
        return bool(self.module)


WECOM = ChannelKind(
    name="wecom",
    label="企业微信",
    # It refuses the 21st message of a robot in 60 s; two are kept back, and two seconds for messages under way.
    pace=Pace(limit=18, window=timedelta(seconds=62)),
    text_bytes=2048,
    rich_bytes=4096,
    mentions_phones=True,
    module="app.channels.group.wecom",
    hosts=("qyapi.weixin.qq.com",),
)
FEISHU = ChannelKind(
    name="feishu",
    label="飞书",
    # It refuses the 101st message of a robot in a minute and the 6th in a second.
    pace=Pace(limit=80, window=timedelta(seconds=62)),
    burst=Pace(limit=4, window=timedelta(seconds=1)),
    # A request holds 20 KiB, in which JSON doubles quotes and line ends, and mentions take up to 5 KB.
    text_bytes=7500,
    rich_bytes=7500,
    module="app.channels.group.feishu",
    hosts=("open.feishu.cn", "open.larksuite.com"),
    opening="【订单救生艇】",
    # It is short of breath at full and half hours, just when batches come out.
    spread=(timedelta(seconds=20), timedelta(seconds=100)),
)
DINGTALK = ChannelKind(
    name="dingtalk",
    label="钉钉",
    # It refuses the 21st message of a robot in a minute, and everything for ten minutes after that.
    pace=Pace(limit=18, window=timedelta(seconds=62)),
    # A request holds 20,000 bytes, in which marks become full-width and a line end takes four.
    text_bytes=5500,
    rich_bytes=5500,
    mentions_phones=True,
    module="app.channels.group.dingtalk",
    hosts=("oapi.dingtalk.com",),
    opening="【订单救生艇】",
)
SMS = ChannelKind(
    name="sms",
    label="短信",
    after_death=MessageState.SETTLING,
    longest_pause=timedelta(days=1),  # a daily limit
)
COUPONS = f"{SMS.name}:coupon"
"""The name under which texts that bring coupons rest by themselves."""

STAFF = f"{SMS.name}:staff"
"""Likewise texts to people of ours: what is wrong with their templates silences no customer's, nor the reverse."""

EMAIL = ChannelKind(name="email", label="邮件")

GROUPS = (WECOM, FEISHU, DINGTALK)
"""Every kind of group robot there is; a new one is a line here and a file with its sending."""

KINDS = {kind.name: kind for kind in (*GROUPS, SMS, EMAIL)}


def label_of(channel: str) -> str:
    """Return what people call a channel, or a part of one."""
    if channel in {COUPONS, STAFF}:
        return f"{SMS.label}（{'优惠券' if channel == COUPONS else '值班人员'}）"
    return KINDS[channel].label if channel in KINDS else channel
