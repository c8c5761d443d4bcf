"""A Feishu or Lark group robot: a signed body, and an answer whose code counts (facts/robots-feishu-dingtalk.md)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from app.channels.base import GroupNotice
from app.channels.failures import Growing, MakeFailure, channel_fault, throttled, unlisted
from app.channels.group.webhook import clock_is_off, encoded, object_in, post, without_code
from app.channels.kinds import FEISHU
from app.domain.clock import Clock
from app.domain.outcome import Delivered, Outcome, Rejected, Throttled
from app.outbound.client import STANDARD, outbound_client

MOST_BYTES = 20 * 1024
"""Of a whole request; a longer one is refused as if it had the wrong shape."""

BUSY = timedelta(seconds=60)
LONGEST_WAIT = timedelta(seconds=120)
"""Whatever an answer says about when to come back."""

OUTCOMES: Mapping[int, MakeFailure | Growing] = {
    11232: Growing(tuple(timedelta(seconds=s) for s in (1, 3, 9, 30)), then=throttled(BUSY)),  # seen at :00 and :30
    9499: Rejected,  # or too long, or, by its text, too many requests
    19001: channel_fault,  # no such robot, or not any more
    19002: Rejected,  # msg_type
    19021: channel_fault,  # the secret, or our clock
    19022: channel_fault,  # our address is not allowed
    19024: Rejected,  # the keyword is missing: of this message, until several in a row lack it
    99991400: throttled(BUSY),  # or as long as a header says
}
"""What a code means; one that is not listed is tried again, three times at most."""

_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
_HARMLESS = ((re.compile(r"<(?=/?at)", re.IGNORECASE), "\uff1c"), (re.compile(r"\]\("), "\uff3d("))
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def open_robot(address: SecretStr, clock: Clock) -> "FeishuRobot":
    """Return the robot at an address, with a client of its own."""
    return FeishuRobot(address, outbound_client(), clock=clock)


def sign(timestamp: int, secret: str) -> str:
    """Return the signature of a moment in seconds; the key is what DingTalk takes for the message, which is empty."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class FeishuRobot:
    """One robot in one group; its webhook, and behind ``#`` the signing secret, appear in no outcome."""

    def __init__(
        self, webhook: SecretStr, http: httpx.AsyncClient, *, clock: Clock, time_limit: timedelta = STANDARD.total
    ) -> None:
        address, _, secret = webhook.get_secret_value().partition("#")
        self._address = SecretStr(address)
        self._secret = SecretStr(secret)
        self._http = http
        self._clock = clock
        self._time_limit = time_limit.total_seconds()
        self._busy_in_a_row = 0

    async def send(self, message: GroupNotice) -> Outcome:
        """Post ``message``, signed at this moment; one too long for a request is rejected unsent."""
        now = self._clock.now()
        content = encoded({**body_of(message), **self._signature(now)})
        if len(content) > MOST_BYTES:
            return Rejected("feishu:too_long")
        answer = await post(
            self._http,
            self._address.get_secret_value(),
            content,
            provider=FEISHU.name,
            time_limit=self._time_limit,
            headers=_HEADERS,
        )
        return self._judge(answer, now) if isinstance(answer, httpx.Response) else answer

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    def _signature(self, now: datetime) -> dict[str, str]:
        secret = self._secret.get_secret_value()
        timestamp = int(now.timestamp())
        return {"timestamp": str(timestamp), "sign": sign(timestamp, secret)} if secret else {}

    def _judge(self, answer: httpx.Response, now: datetime) -> Outcome:
        said = object_in(answer)
        code = said.get("code", said.get("StatusCode"))  # the older form has no code
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return Throttled(_reset_of(answer), "feishu:http_429")
        if type(code) is not int or answer.is_server_error or (code == 0 and not answer.is_success):
            return without_code(FEISHU.name, answer)
        verdict = OUTCOMES.get(code, unlisted)
        if isinstance(verdict, Growing):
            self._busy_in_a_row += 1
            return verdict.after(self._busy_in_a_row - 1)(f"feishu:{code}")
        self._busy_in_a_row = 0
        match code:
            case 0:
                return Delivered()
            case 9499 if "too many request" in str(said.get("msg", "")).lower():
                return Throttled(BUSY, "feishu:9499")
            case 19021 if clock_is_off(answer, now):
                return channel_fault("feishu:clock")
            case 99991400:
                return Throttled(_reset_of(answer), "feishu:99991400")
        return verdict(f"feishu:{code}")


def body_of(message: GroupNotice) -> dict[str, object]:
    """Return a message as the robot takes it, made harmless and with its mentions."""
    text = FEISHU.opening + _CONTROLS.sub(" ", message.content)
    for mark, harmless in _HARMLESS:
        text = mark.sub(harmless, text)
    people = (("all", "所有人") if one == "@all" else (one, "值班") for one in message.mentions)
    pings = " ".join(f'<at user_id="{one}">{name}</at>' for one, name in people)
    return {"msg_type": "text", "content": {"text": f"{text}\n{pings}" if pings else text}}


def _reset_of(answer: httpx.Response) -> timedelta:
    """Return how long the limiter says to wait, within reason."""
    seconds = answer.headers.get("x-ogw-ratelimit-reset", "")[:9]
    return min(timedelta(seconds=int(seconds)), LONGEST_WAIT) if seconds.isdecimal() and int(seconds) else BUSY
