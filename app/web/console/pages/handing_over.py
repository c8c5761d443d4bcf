"""Files on their way to a computer: all that nobody has taken as one archive, and a code for the office PC."""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from typing import cast

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.batch.download import Download, take_untaken
from app.batch.hand_over import LASTS, HandoverCode, make_handover
from app.bootstrap import exports_of
from app.domain.actor import Actor
from app.domain.problems import Problem
from app.files.sheet_writers import Format
from app.web.console.auth import actor_of, person_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.pages.batches import MEDIA
from app.web.console.pages.office import HANDOVER
from app.web.console.routing import route
from app.web.console.said import say

MOST_AT_ONCE = 50
"""Files of one archive; more of them nobody has imported by the time the next ones are there."""

_PIECE = 256 * 1024


class HandingOverPages(ConsolePage):
    """What gets files of batches onto a computer."""

    path = "/batches"
    title = "交给电脑"
    entry = "batches"

    @route("/untaken", name="batches-untaken", methods=("POST",))
    async def untaken(self, request: Request) -> Response:
        """Give the files that the page called untaken as one archive, and record each as downloaded."""
        form = await request.form()
        kind, names = str(form.get("format") or "csv"), str(form.get("names") or "")[:4000].split()
        if kind not in MEDIA:
            raise HTTPException(404)
        try:
            files = await run_in_threadpool(self._take, names[:MOST_AT_ONCE], cast("Format", kind), actor_of(request))
        except Problem as problem:
            say(request, f"一个也没有下载：{problem.detail}", "error")
            return RedirectResponse(f"{BASE}/batches", status_code=303)
        if not files:
            say(request, "这些文件刚刚都被下载过，请先看下载记录，避免重复导入。", "warning")
            return RedirectResponse(f"{BASE}/batches", status_code=303)
        now = self.boat.clock.now().astimezone(self.boat.settings.zone)
        headers = {"content-disposition": f'attachment; filename="lifeboat-{now:%Y%m%d-%H%M%S}-{kind}.zip"'}
        manifest = json.dumps(_manifest(files, kind), ensure_ascii=False, indent=1).encode()
        return StreamingResponse(archive(files, manifest), media_type="application/zip", headers=headers)

    @route("/{name:str}/handover", name="handover-make", methods=("POST",))
    async def make(self, request: Request) -> Response:
        """Make a code for the office PC; it is shown on this answer alone."""
        name, person = request.path_params["name"][:32].replace("\x00", ""), person_of(request)
        try:
            made = await run_in_threadpool(partial(self._make, name, person.user_id, actor_of(request)))
        except Problem:
            raise HTTPException(404) from None
        host = request.headers.get("host", "")
        place = f"{request.url.scheme}://{host}{HANDOVER}" if host else f"{self.boat.settings.public_base}{HANDOVER}"
        picture = segno.make(f"{place}?code={made.code}").svg_inline(omitsize=True, border=2)
        return self.render(
            request,
            "handover.html",
            name=name,
            code=f"{made.code[:4]} {made.code[4:]}",
            place=place,
            minutes=int(LASTS.total_seconds()) // 60,
            ends_at=made.ends_at,
            picture=Markup(picture),  # noqa: S704 - made by us
        )

    def _make(self, name: str, user_id: int, by: Actor) -> HandoverCode:
        with self.boat.store.writing() as uow:
            marker = self.boat.keyring.handover
            return make_handover(uow, marker, name, user_id=user_id, by=by, now=self.boat.clock.now())

    def _take(self, names: Sequence[str], kind: Format, by: Actor) -> list[Download]:
        boat = self.boat
        return take_untaken(boat.store, exports_of(boat.settings), names, kind, by=by, now=boat.clock.now())


def archive(files: Sequence[Download], manifest: bytes) -> Iterator[bytes]:
    """Yield an archive of files piece by piece, their manifest first; no more than a piece is held in memory."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("manifest.json", manifest)
        for one in files:
            with one.path.open("rb") as source, bundle.open(one.path.name, "w") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what an archive writes, and gives it away; it cannot go back, and an archive need not."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        piece = bytes(self._held)
        self._held.clear()
        return piece


def _manifest(files: Sequence[Download], kind: str) -> dict[str, object]:
    return {
        "format": kind,
        "orders": sum(one.orders for one in files),
        "files": [
            {"batch": one.batch, "name": one.path.name, "orders": one.orders, "rows": one.rows, "sha256": one.sha256}
            for one in files
        ],
    }
