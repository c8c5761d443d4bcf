"""A WeCom group robot: the answer counts, not the HTTP status (facts/wecom-robot.md §6)."""

import re
from collections.abc import Mapping
from datetime import timedelta

import httpx
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.failures import MakeFailure, channel_fault, throttled, unlisted
from app.channels.group.webhook import encoded, object_in, post, without_code
from app.channels.kinds import WECOM
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Unreachable
from app.outbound.client import STANDARD, outbound_client

RATE_LIMIT_PAUSE = timedelta(seconds=60)
"""A caller stopped by a per-minute limit stays blocked for a minute."""

OUTCOMES: Mapping[int, MakeFailure] = {
    -1: Unreachable,  # system busy
    45033: Unreachable,  # too many calls at once
    45009: throttled(RATE_LIMIT_PAUSE),
    **dict.fromkeys((93000, 93004, 93008), channel_fault),  # unknown key; disabled; not in the group
    60020: channel_fault,  # our address is not allowed
    **dict.fromkeys((40004, 40005, 40006, 40007, 40008, 40009), Rejected),  # type, size or media
    **dict.fromkeys((40033, 40035, 40058, 44004, 45002, 45008, 45034), Rejected),  # content: bad, empty, too long
}
"""What an errcode means; one that is not listed is tried again, three times at most."""

_PHONE = re.compile(r"1[0-9]{10}")


def open_robot(address: SecretStr, clock: Clock) -> "WecomRobot":  # noqa: ARG001 - only kinds that sign need it
    """Return the robot at an address, with a client of its own."""
    return WecomRobot(address, outbound_client())


class WecomRobot:
    """One robot in one group; its webhook is its password and appears in no outcome."""

    def __init__(self, webhook: SecretStr, http: httpx.AsyncClient, *, time_limit: timedelta = STANDARD.total) -> None:
        self._webhook = webhook
        self._http = http
        self._time_limit = time_limit.total_seconds()

    async def send(self, message: GroupNotice) -> Outcome:
        """Post ``message``; it is not cut: one too long for its kind is rejected unsent."""
        if not fits(message):
            return Rejected("wecom:too_long")
        answer = await post(
            self._http,
            self._webhook.get_secret_value(),
            encoded(_body_of(message)),
            provider=WECOM.name,
            time_limit=self._time_limit,
        )
        return _judge(answer) if isinstance(answer, httpx.Response) else answer

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()


def fits(message: GroupNotice) -> bool:
    """Tell whether ``message`` is short enough for its kind."""
    limit = WECOM.text_bytes if message.mentions else WECOM.rich_bytes
    return len(message.content.encode("utf-8", "replace")) <= limit


def _body_of(message: GroupNotice) -> dict[str, object]:
    if not message.mentions:
        return {"msgtype": "markdown", "markdown": {"content": message.content}}
    text: dict[str, object] = {"content": message.content}
    if people := [name for name in message.mentions if not _PHONE.fullmatch(name)]:
        text["mentioned_list"] = people
    if phones := [name for name in message.mentions if _PHONE.fullmatch(name)]:
        text["mentioned_mobile_list"] = phones
    return {"msgtype": "text", "text": text}


def _judge(answer: httpx.Response) -> Outcome:
    errcode = object_in(answer).get("errcode")
    if type(errcode) is not int:  # an error page of something on the way
        return without_code(WECOM.name, answer)
    if errcode == 0:
        return Delivered()
    return OUTCOMES.get(errcode, unlisted)(f"wecom:{errcode}")
