"""Takes uploads of files: their bytes within limits of size and time, and their reading a few at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import Message, Receive

from app.domain.problems import Busy, Malformed, TooLarge
from app.web.door.body import BodyReader
from app.web.threads import on_a_thread

PACE = 64 * 1024
"""Bytes a second that buy an upload more time: 10 MB over a bad line, and no drip."""

AT_ONCE = 2
"""Files that are read at the same time; each has a process of its own."""

MOST = 12
"""Uploads under way; each may hold its bytes in memory."""

FORM = "multipart/form-data"
_FORM_OVERHEAD = 64 * 1024
_PIECE = 64 * 1024
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form that may bring a file."""

    fields: Mapping[str, str]
    file: bytes | None = None
    content_type: str = ""
    name: str = ""
    """What the file is called where it comes from; anybody may call it anything."""


class Uploads:
    """The uploads of one web process; ``limit`` is a file's size in bytes."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self.bodies = BodyReader(limit=limit + _FORM_OVERHEAD, pace=PACE)
        self._reading = asyncio.Semaphore(AT_ONCE)
        self._under_way = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Let one more in, from its first byte to its answer.

        Raises:
            Busy: there are enough of them.
        """
        if self._under_way >= MOST:
            raise Busy("正在处理的上传过多，请稍后重新上传。")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def file(self, request: Request) -> tuple[bytes, str]:
        """Return an uploaded file and its media type, be it the body or a part of a form.

        Raises:
            Malformed: the form has no file.
            TooLarge: it is longer than allowed.
            TooSlow: it drips.
            ClientGone: the client hung up.
        """
        content_type = request.headers.get("content-type", "")
        if content_type.startswith(FORM):
            form = await self.form(request)
            if form.file is None:
                raise Malformed("表单中没有文件，请把文件放在字段 file 中。")
            return form.file, form.content_type
        return self._within_limit(await self._body(request)), content_type

    async def form(self, request: Request) -> UploadForm:
        """Return a form with what was filled in, and a file if it has one; the same errors as :meth:`file`."""
        form_request = Request(request.scope, _pieces_of(await self._body(request)))
        async with form_request.form(max_files=1, max_fields=8, max_part_size=self._limit) as form:
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            files = [value for value in form.values() if isinstance(value, UploadFile)]
            if not files or not files[0].size:  # a browser sends an empty one where none is chosen
                return UploadForm(fields)
            data = self._within_limit(await files[0].read())
            return UploadForm(fields, data, files[0].content_type or "", files[0].filename or "")

    async def _body(self, request: Request) -> bytes:
        fields = {name: value for name, value in request.headers.raw if name == b"content-length"}
        return await self.bodies.read(fields, request.receive)

    async def reading(self, work: Callable[[], T]) -> T:
        """Do the blocking ``work`` of reading a file, once others have been read."""
        async with self._reading:
            return await on_a_thread("upload", work)

    def _within_limit(self, data: bytes) -> bytes:
        if len(data) > self._limit:
            raise TooLarge(f"文件超过上限 {self._limit // 1024**2} MiB。")
        return data


def _pieces_of(body: bytes) -> Receive:
    """Return a body again, piece by piece, so that others have their turn between two of them."""
    starts = iter(range(0, max(len(body), 1), _PIECE))

    async def receive() -> Message:
        await asyncio.sleep(0)
        at = next(starts, None)
        if at is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body[at : at + _PIECE], "more_body": at + _PIECE < len(body)}

    return receive
