"""A DingTalk group robot: a signed address, and an answer whose errcode counts (facts/robots-feishu-dingtalk.md)."""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.failures import Growing, MakeFailure, channel_fault, throttled, unlisted
from app.channels.group.webhook import clock_is_off, encoded, object_in, post, without_code
from app.channels.kinds import DINGTALK
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled, Unreachable
from app.outbound.client import STANDARD, outbound_client

MOST_BYTES = 20_000
CALLS_OF_A_MESSAGE = 2
"""The second leaves out what strangers wrote."""

TITLE_LENGTH = 64
PENALTY = throttled(timedelta(minutes=10))
"""After more than twenty messages in a minute the robot is left without a voice for ten."""

BANNED = timedelta(minutes=5)
"""After more than ten thousand calls from our address in twenty seconds."""

UNSAFE = (430101, 430102, 430103, 430104)  # link, text, picture, content

OUTCOMES: Mapping[int, MakeFailure | Growing] = {
    -1: Growing(tuple(timedelta(seconds=s) for s in (1, 3, 9)), then=Unreachable),  # system busy
    **dict.fromkeys((130101, 410100, 660026, 450101), PENALTY),  # too many messages in a minute
    90030: channel_fault,  # the organisation's quota of this month is spent
    310000: channel_fault,  # signature, time or address; of a missing keyword, the message: see CAUSES
    **dict.fromkeys((300001, 300005, 400101), channel_fault),  # no such token
    **dict.fromkeys((400013, 400102, 400106), channel_fault),  # group dissolved; robot stopped; robot not there
    **dict.fromkeys((40035, 43002, 43004), Rejected),  # our mistakes: no token, no POST, no Content-Type
    **dict.fromkeys((400105, 400401, 400402, 400403), Rejected),  # type unknown; something is missing
    **dict.fromkeys(UNSAFE, Rejected),
    460101: Rejected,  # too long
}
"""What an errcode means; one that is not listed is tried again, three times at most."""

CAUSES: Mapping[str, tuple[str, ...]] = {
    "keyword": ("keywords not in content", "关键词"),
    "timestamp": ("invalid timestamp", "时间戳"),
    "sign": ("sign not match", "签名"),
    "ip": ("not in whitelist", "白名单"),
}
"""Which of its four safety settings refused a message, by the words of the answer in either language."""

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_FULL_WIDTH = str.maketrans({"<": "\uff1c", "[": "\uff3b", "]": "\uff3d", "`": "'"})  # tags, links, pictures, code
_LINE_STARTS = re.compile(r"^[\s#>*+=_-]+", re.MULTILINE)  # headings, quotes, lists, rules, and empty lines


def open_robot(address: SecretStr, clock: Clock) -> "DingtalkRobot":
    """Return the robot at an address, with a client of its own."""
    return DingtalkRobot(address, outbound_client(), clock=clock)


def sign(timestamp: int, secret: str) -> str:
    """Return the signature of a moment in milliseconds, not yet encoded for a query."""
    said = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest()).decode()


class DingtalkRobot:
    """One robot in one group; its webhook, and behind ``#`` the signing secret, appear in no outcome."""

    def __init__(
        self, webhook: SecretStr, http: httpx.AsyncClient, *, clock: Clock, time_limit: timedelta = STANDARD.total
    ) -> None:
        address, _, secret = webhook.get_secret_value().partition("#")
        self._address = SecretStr(address)
        self._secret = SecretStr(secret)
        self._http = http
        self._clock = clock
        self._time_limit = time_limit.total_seconds() / CALLS_OF_A_MESSAGE
        self._busy_in_a_row = 0

    async def send(self, message: GroupNotice) -> Outcome:
        """Post ``message``; if its words are refused, post it again without those that strangers wrote."""
        outcome = await self._post(message)
        if message.bare and outcome in _REFUSED_WORDS:
            if message.again is not None:
                await message.again(outcome)
            name = f"{message.reference}-bare" if message.reference else ""
            return await self._post(GroupNotice(message.bare, message.mentions, reference=name))
        return outcome

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    async def _post(self, message: GroupNotice) -> Outcome:
        """Post once, signed at this moment; a text too long for a request is rejected unsent."""
        now = self._clock.now()
        content = encoded(body_of(message))
        if len(content) > MOST_BYTES:
            return Rejected("dingtalk:too_long")
        answer = await post(
            self._http, self._signed_address(now), content, provider=DINGTALK.name, time_limit=self._time_limit
        )
        return self._judge(answer, now) if isinstance(answer, httpx.Response) else answer

    def _signed_address(self, now: datetime) -> str:
        address, secret = self._address.get_secret_value(), self._secret.get_secret_value()
        timestamp = int(now.timestamp() * 1000)
        return f"{address}&timestamp={timestamp}&sign={quote_plus(sign(timestamp, secret))}" if secret else address

    def _judge(self, answer: httpx.Response, now: datetime) -> Outcome:
        said = object_in(answer)
        code = _errcode_of(said)
        if code is None and "punish" in said:
            return Throttled(BANNED, "dingtalk:punish")
        if code is None or answer.is_server_error or (code == 0 and not answer.is_success):
            return without_code(DINGTALK.name, answer)
        verdict = OUTCOMES.get(code, unlisted)
        if isinstance(verdict, Growing):
            self._busy_in_a_row += 1
            return verdict.after(self._busy_in_a_row - 1)(f"dingtalk:{code}")
        self._busy_in_a_row = 0
        match code:
            case 0:
                return Delivered()
            case 310000:
                cause = _cause_of(answer, str(said.get("errmsg", "")), now)
                # every message of ours begins with the same words: one that lacks the keyword tells of itself alone
                return (Rejected if cause == ":keyword" else verdict)(f"dingtalk:310000{cause}")
        return verdict(f"dingtalk:{code}")


_REFUSED_WORDS = tuple(Rejected(f"dingtalk:{code}") for code in UNSAFE)


def _errcode_of(said: Mapping[str, Any]) -> int | None:
    """Return the code, which some answers hold as a string."""
    code = said.get("errcode")
    if isinstance(code, str) and _NUMBER.fullmatch(code):
        return int(code)
    return code if type(code) is int else None


def _cause_of(answer: httpx.Response, errmsg: str, now: datetime) -> str:
    """Return which safety setting refused, to be added to a reason: of its text at most our own address."""
    described = errmsg.removeprefix("description:").partition(";solution:")[0]
    cause = next((cause for cause, words in CAUSES.items() if any(word in described for word in words)), "")
    if cause in {"sign", "timestamp"} and clock_is_off(answer, now):
        return ":clock"
    ours = _ADDRESS.search(described) if cause == "ip" else None
    if ours and _is_address(ours.group()):
        return f":ip:{ours.group()}"
    return f":{cause}" if cause else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def body_of(message: GroupNotice) -> dict[str, object]:
    """Return a message as the robot takes it, made harmless and with its mentions."""
    name = (
        {"msgUuid": message.reference} if message.reference else {}
    )  # a repeat may be told by it; nothing relies on it
    said = DINGTALK.opening + _CONTROLS.sub(" ", message.content)
    if not message.mentions:
        title = said.partition("\n")[0][:TITLE_LENGTH]
        return {"msgtype": "markdown", "markdown": {"title": title, "text": _marked(said)}, **name}
    everybody = "@all" in message.mentions
    phones = [one for one in message.mentions if one != "@all"]
    pings = " ".join([*(["@所有人"] if everybody else []), *(f"@{phone}" for phone in phones)])
    at = {"atMobiles": phones, "atUserIds": [], "isAtAll": everybody}  # a ping needs both this and the words
    return {"msgtype": "text", "text": {"content": f"{said}\n{pings}"}, "at": at, **name}


def _marked(text: str) -> str:
    """Return ``text`` as Markdown that looks like it: without marks, and with line ends that break lines."""
    return _LINE_STARTS.sub("", text.translate(_FULL_WIDTH)).replace("\n", "  \n")
