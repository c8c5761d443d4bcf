"""The office PC's page /handover: a code from the phone gives one file, without anybody signing in there."""

import math
from datetime import timedelta
from functools import partial
from typing import cast

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.access.lookups import Guesses
from app.batch.download import Download
from app.batch.hand_over import BadCode, take_handover
from app.bootstrap import exports_of
from app.domain.problems import Problem
from app.domain.role import Role
from app.files.sheet_writers import Format
from app.web.console.auth import address_of
from app.web.console.csrf import from_our_pages
from app.web.console.filters import harmless, span
from app.web.console.middleware import ConsoleMiddleware
from app.web.console.page import Frame
from app.web.console.pages.batches import MEDIA
from app.web.console.roles import may

HANDOVER = "/handover"


def create_office(frame: Frame) -> Starlette:
    """Return the page's own application."""
    office = Office(frame)
    return Starlette(
        routes=[Route("/", office.answer, methods=["GET", "POST"], name="handover")],
        middleware=[Middleware(ConsoleMiddleware, secure=frame.gate.secure)],
        exception_handlers={HTTPException: frame.refused},
    )


class Office:
    """Asks for a code, and gives its file."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._boat = frame.boat
        self._guesses = Guesses()

    async def answer(self, request: Request) -> Response:
        """Show the form; for a good code give the file.

        An address with the code in it only fills the form in: chats open addresses by themselves to show a preview.
        """
        if request.method != "POST":
            return self._form(request, code=request.query_params.get("code", ""))
        if not from_our_pages(request.headers):
            raise HTTPException(403)
        form = await request.form()
        code, kind, address = str(form.get("code") or ""), str(form.get("format") or "csv"), address_of(request)
        if kind not in MEDIA:
            raise HTTPException(404)
        if wait := self._guesses.begin(address):  # counted before the code is looked at
            later = timedelta(seconds=math.ceil(wait))
            response = self._form(request, wrong=f"输错次数过多，请在{span(later)}后再试。", status=429)
            response.headers["retry-after"] = str(math.ceil(wait))
            return response
        try:
            taken = await run_in_threadpool(partial(self._take, code, cast("Format", kind), address))
        except BadCode as error:
            return self._form(request, wrong=str(error), status=410)
        except Problem as problem:
            self._guesses.was_right(address)
            return self._form(request, wrong=problem.detail, code=code, status=409)
        self._guesses.was_right(address)
        return FileResponse(taken.path, media_type=MEDIA[kind], filename=taken.path.name)

    def _form(self, request: Request, *, code: str = "", wrong: str = "", status: int = 200) -> Response:
        title, shown = "在电脑上取文件", harmless(code, 16)
        return self._frame.render(request, "office.html", status=status, code=shown, wrong=wrong, title=title)

    def _take(self, code: str, kind: Format, address: str) -> Download:
        boat = self._boat
        return take_handover(
            boat.store,
            exports_of(boat.settings),
            boat.keyring.handover,
            code,
            kind,
            may_download=lambda role: role in set(Role) and may(Role(role), "batch-file"),
            address=address,
            now=boat.clock.now(),
        )
