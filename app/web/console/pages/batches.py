"""Batches: which is new, what is in it, who has taken it; the file itself, checked and recorded."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from app.batch.download import DOWNLOADED, take_file, verified_file
from app.bootstrap import exports_of
from app.domain.actor import Actor
from app.domain.problems import Problem
from app.files.manifest import checks_in, files_in
from app.files.sheet_writers import Format
from app.store.repositories.overview import PAGE
from app.store.tables import Audit, Batch
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.passport import ONLY, passports_of
from app.web.console.routing import route
from app.web.console.said import say

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
SAME_TAP = timedelta(minutes=2)
"""Browsers inside chat apps ask twice for one tap: once to look, once to save."""


class BatchPages(ConsolePage):
    """Batches."""

    path = "/batches"
    title = "批次"
    entry = "batches"

    @route("", name="batches")
    async def index(self, request: Request) -> Response:
        """List batches, newest first, and who has downloaded each."""
        chosen = request.query_params.get("only", "")
        shown = await run_in_threadpool(self._list, cursor_of(request))
        batches, passports = shown["batches"], shown["passports"]
        more = with_query(request, before=batches[-1].id) if len(batches) == PAGE else None
        wanted = [batch for batch in batches if chosen not in ONLY or ONLY[chosen].fits(passports[batch.id])]
        first = cursor_of(request) is None and not chosen
        untaken = [batch for batch in batches if not passports[batch.id].downloads] if first else []
        context = {**shown, "batches": wanted, "chosen": chosen, "only": ONLY, "paged": cursor_of(request)}
        context["untaken"] = untaken
        return self.render(request, "batches.html", more=more, **context)

    @route("/{name:str}", name="batch")
    async def show(self, request: Request) -> Response:
        """Show a batch; group messages lead here."""
        shown = await run_in_threadpool(self._one, request.path_params["name"])
        return self.render(request, "batch.html", **shown)

    @route("/{name:str}/file", name="batch-file")
    async def file(self, request: Request) -> Response:
        """Give the file, and write down who took it from where.

        The link says how many downloads its page knew of. If there are more by now, the person is shown them first.
        """
        kind = request.query_params.get("format", "csv")
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise HTTPException(403)
        if kind not in MEDIA:
            raise HTTPException(404)
        seen = request.query_params.get("seen", "")
        known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0  # noqa: PLR2004 - a count
        name = request.path_params["name"]
        try:
            path = await run_in_threadpool(self._take, name, kind, actor_of(request), known=known)
        except Problem as problem:
            say(request, problem.detail, "error")
            return RedirectResponse(f"{BASE}/batches/{name}", status_code=303)
        if path is None:
            say(request, "这个文件刚刚被下载过，请先看下面的下载记录，避免重复导入。", "warning")
            return RedirectResponse(f"{BASE}/batches/{name}#downloads", status_code=303)
        return FileResponse(path, media_type=MEDIA[kind], filename=path.name)

    def _list(self, before: int | None) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            batches = uow.batches.page(before_id=before, limit=PAGE)
            incident = uow.incidents.open_one(drill=False)
            return {
                "batches": batches,
                "passports": passports_of(uow, batches),
                "incidents": uow.overview.incident_names(sorted({b.incident_id for b in batches})),
                "waiting": uow.overview.waiting_count(incident.id or 0) if incident else 0,
            }

    def _one(self, name: str) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            batch = published(uow, name)
            return {
                "title": batch.name,
                "batch": batch,
                "incident": uow.incidents.get(batch.incident_id).name,
                "high": uow.batches.high_in(batch.id or 0),
                "repairs": uow.overview.batch_names([batch.repairs_id]).get(batch.repairs_id)
                if batch.repairs_id
                else None,
                "passport": passports_of(uow, [batch])[batch.id or 0],
                "checks": checks_in(batch.manifest),
                "changed": bool(uow.changes.of_batch(batch.id or 0, limit=1)),
                "formats": formats_of(batch),
                "downloads": uow.audit.of(batch.name or "", DOWNLOADED),
            }

    def _take(self, name: str, kind: str, by: Actor, *, known: int) -> Path | None:
        now, store, exports = self.boat.clock.now(), self.boat.store, exports_of(self.boat.settings)
        with store.reading() as uow:
            batch = published(uow, name)
            if _news(uow.audit.of(batch.name or "", DOWNLOADED), known=known, by=by, now=now):
                return None
        verified_file(exports, batch, cast("Format", kind))
        taken = take_file(store, exports, batch.name or "", cast("Format", kind), by=by, now=now)
        return taken.path


def formats_of(batch: Batch) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of a batch's files, by format."""
    return {kind: facts for kind, facts in files_in(batch.manifest).items() if kind in MEDIA}


def published(uow: UnitOfWork, name: str) -> Batch:
    """Return the published batch of a page's address.

    Raises:
        HTTPException: there is none.
    """
    batch = uow.batches.named(name[:32].replace("\x00", ""))
    if batch is None or batch.published_at is None:
        raise HTTPException(404)
    return batch


def _news(downloads: Sequence[Audit], *, known: int, by: Actor, now: datetime) -> bool:
    """Tell whether there are downloads the person has not been shown, other than this very tap."""
    return any(d.actor != by.name or abs(now - d.at) > SAME_TAP for d in downloads[known:])
