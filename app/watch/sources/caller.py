"""Calls one source: each call waits its turn, signed by the other side's clock, and is repeated where that may help."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.clock import Clock
from app.outbound.api_call import ApiAnswer, ApiCall, Ask
from app.outbound.pace import CallPace
from app.watch.sources.document import Source
from app.watch.sources.read_back import SourcePage, read_from_the_end, read_onwards
from app.watch.sources.reading import CallRequest, SourceReading
from app.watch.sources.reading_window import ReadingWindow
from app.watch.sources.trouble import SourceTrouble

Wait = Callable[[float], Awaitable[None]]

ATTEMPTS = 3
"""Of one call that found nobody, or came too soon."""

LONGEST_WAIT = timedelta(minutes=1)
"""A vendor that wants to be left alone for longer is asked again in a later round."""

AGAIN_AFTER = 0.5
_ERRORS: Mapping[int, str] = {401: "key", 403: "permission", 429: "throttled"}
_FIRST_ERROR = 400


class SourceCaller:
    """The way to one source; ``access`` reads its keys anew for each round, since a token may be renewed beside us."""

    def __init__(
        self,
        source: Source,
        *,
        ask: Ask,
        access: Callable[[], Mapping[str, str]],
        pace: CallPace,
        clock: Clock,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self.source = source
        self.pace = pace
        self.ahead: timedelta | None = None
        """How far the other side's clock is ahead of ours; None before it has answered, or where it tells no time."""
        self.has_answered = False
        self._ask = ask
        self.access = access
        self._clock = clock
        self._wait = wait

    def server_now(self) -> datetime:
        """Return the moment by the other side's clock, as far as it is known."""
        return self._clock.now() + (self.ahead or timedelta())

    async def rows(self, reading: SourceReading, window: ReadingWindow) -> list[Any]:
        """Return all rows of a window.

        Raises:
            SourceTrouble: they could not be read.
        """
        access = self.access()

        async def fetch(number: int) -> SourcePage:
            return await self._page(reading, window, number, access)

        if reading.onwards:
            return await read_onwards(fetch, first=reading.first, size=reading.size)
        return await read_from_the_end(fetch, first=reading.first, size=reading.size, wait=self._wait)

    async def first_page(self, reading: SourceReading, window: ReadingWindow) -> SourcePage:
        """Return the first page of a window alone."""
        return await self._page(reading, window, reading.first, self.access())

    async def log_of(self, order: str) -> list[Any]:
        """Return the lines of an order's log; none where the kind has no such call."""
        kind = self.source.kind
        if kind.log_of is None or kind.judge_log is None or not kind.readings:
            return []
        write, access, now = kind.log_of, self.access(), self.server_now()
        window = ReadingWindow(now, now, catching_up=False)
        said = await self.said(
            lambda at: write(CallRequest(kind.readings[0], window, 0, access, self.source.address, at), order)
        )
        return kind.judge_log(said, order)

    async def said(self, write: Callable[[datetime], ApiCall]) -> Any:  # noqa: ANN401 - JSON
        """Return what the source answers to a call, or raise why it does not."""
        for attempt in range(ATTEMPTS):
            await self.pace.turn()
            answer = await self._ask(write(self.server_now()))
            self.has_answered = self.has_answered or isinstance(answer, ApiAnswer)
            if answer.server_at is not None:
                self.ahead = answer.server_at - self._clock.now()
            if isinstance(answer, ApiAnswer):
                if answer.status < _FIRST_ERROR:
                    return answer.said
                code = _ERRORS.get(answer.status, f"http_{answer.status}")
                raise SourceTrouble(code, wait=LONGEST_WAIT if code == "throttled" else timedelta())
            if attempt == ATTEMPTS - 1:
                raise SourceTrouble(answer.code)
            await self._wait(AGAIN_AFTER)
        raise AssertionError  # the last attempt has returned or raised

    async def _page(
        self, reading: SourceReading, window: ReadingWindow, number: int, access: Mapping[str, str]
    ) -> SourcePage:
        kind = self.source.kind
        for attempt in range(ATTEMPTS):
            said = await self.said(
                lambda at: kind.write(CallRequest(reading, window, number, access, self.source.address, at))
            )
            try:
                return kind.judge(reading, said)
            except SourceTrouble as trouble:
                if trouble.code == "clock" and not attempt and self.ahead is not None:
                    continue  # the refusal told the time by which the next call is signed
                if trouble.code != "throttled" or trouble.wait > LONGEST_WAIT or attempt == ATTEMPTS - 1:
                    raise
                self.pace.hold(trouble.wait)
        raise AssertionError  # the last attempt has returned or raised
