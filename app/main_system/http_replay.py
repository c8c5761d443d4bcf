"""Any HTTP API that a profile describes: the storefront's own payload is sent again, as it came.

What an answer means is data of the profile. Whatever no mark knows, two marks contradict, or names another order than
the one that was asked for, is unknown.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.domain.main_system import (
    AccessRefused,
    CreateOutcome,
    FindOutcome,
    MainUnknown,
    OrderNames,
    OrderRefused,
    OrderToSend,
    SameNumber,
)
from app.main_system.call_table import CallTable, StraysFromHost, written_call
from app.main_system.caller import MainCaller
from app.main_system.http_answers import document_of, judge_lookup, judge_replay
from app.main_system.http_tables import OURS, SHOPS, TOKEN, HttpDescription, ReplayTable
from app.main_system.port import PROBE, ProbeFinding, access_finding
from app.outbound.api_call import ApiAnswer, ApiCall

_BOUNDARY = re.compile(rb"--([0-9A-Za-z'()+_,./:=? -]{1,70})\r?\n")


class HttpMainSystem:
    """The main system behind a profile; ``secrets`` are values by the names that the profile gives them."""

    def __init__(self, described: HttpDescription, caller: MainCaller, *, secrets: Mapping[str, str]) -> None:
        self._described = described
        self._caller = caller
        self._secrets = secrets
        self._token = ""
        self._one_renews = asyncio.Lock()

    @property
    def same_number(self) -> SameNumber:
        """As the profile says."""
        return self._described.same_number

    async def create(self, order: OrderToSend) -> CreateOutcome:
        """Send the payload as it came."""
        table = self._described.replay
        if table is None:
            return OrderRefused("接入配置没有写 [replay]，不能回放", ours=True)
        if order.payload is None:
            return OrderRefused("没有原始报文，不能回放：这一单不是由接入配置收下的", ours=True)
        if missing := self._missing(table, order.names):
            return OrderRefused(missing, ours=True)
        return await self._caller.attempted(partial(self._create, table, order), renew=self._renew)

    async def find(self, names: OrderNames) -> FindOutcome:
        """Look an order up under the number that the profile asks by."""
        if missing := self._missing(self._described.lookup, names):
            return MainUnknown("no_reference", missing, helps=False)
        return await self._caller.attempted(partial(self._find, names), renew=self._renew)

    async def probe(self) -> Sequence[ProbeFinding]:
        """Look for an order that nobody has: only an answer that is marked as "absent" shows that the marks fit."""
        return (access_finding(await self.find(PROBE)), self._caller.clock_finding())

    def _missing(self, table: CallTable, names: OrderNames) -> str:
        if SHOPS in table.blanks() and not names.shop:
            return "这一单没有店铺单号，而主系统按店铺单号才查得到"
        return ""

    async def _create(self, table: ReplayTable, order: OrderToSend) -> CreateOutcome:
        described = self._described
        if (refused := await self._with_token()) is not None:
            return refused
        body = order.payload or b""
        kind = _multipart(body) or described.content_type

        def call(_at: object) -> ApiCall:
            made = self._written(table, order.names, path=table.path or described.path)
            return ApiCall(
                made.url, table.method, query=made.query, body=body, headers={"Content-Type": kind, **made.headers}
            )

        answer = await self._heard(call)
        if not isinstance(answer, ApiAnswer):
            return answer
        return judge_replay(described, table, answer, order.names, order.order)

    async def _find(self, names: OrderNames) -> FindOutcome:
        described = self._described
        if (refused := await self._with_token()) is not None:
            return refused
        answer = await self._heard(lambda _at: self._written(described.lookup, names, path=described.lookup.path))
        if not isinstance(answer, ApiAnswer):
            return answer
        return judge_lookup(described, answer, names)

    def _written(self, table: CallTable, names: OrderNames, *, path: str) -> ApiCall:
        values = {**self._secrets, OURS: names.ours, SHOPS: names.shop or ""}
        if self._described.main.token is not None:
            values[TOKEN] = self._token
        return written_call(table.model_copy(update={"path": path}), self._described.main.address, values)

    async def _heard(self, write: Any) -> ApiAnswer | MainUnknown:  # noqa: ANN401 - of MainCaller
        try:
            return await self._caller.heard(write)
        except StraysFromHost:
            return MainUnknown("our_call", "path", helps=False)

    async def _with_token(self) -> AccessRefused | MainUnknown | None:
        """See that there is a token where one is needed; None if so. Before it nothing was sent."""
        if self._described.main.token is None or self._token:
            return None
        why = await self._got_token("")
        return None if not why else AccessRefused(why) if why == "token" else MainUnknown(why)

    async def _renew(self) -> bool:
        return self._described.main.token is not None and not await self._got_token(self._token)

    async def _got_token(self, stale: str) -> str:
        """Get a token, once for all who found that theirs has run out; return why there is none, empty if there is."""
        table = self._described.main.token
        async with self._one_renews:
            if table is None or self._token != stale:
                return ""
            call = written_call(table, self._described.main.address, self._secrets)
            answer = await self._caller.heard(lambda _at: call)
            if isinstance(answer, MainUnknown):
                return answer.code
            found = self._described.token_marks.found("token", document_of(answer))
            self._token = found if isinstance(found, str) else ""
            return "" if self._token else "token"


def _multipart(body: bytes) -> str:
    """Return the content type of a multipart body, whose boundary only its own first line still tells."""
    found = _BOUNDARY.match(body)
    if found is None or not body.rstrip().endswith(b"--" + found[1] + b"--"):
        return ""
    return f"multipart/form-data; boundary={found[1].decode('ascii')}"
