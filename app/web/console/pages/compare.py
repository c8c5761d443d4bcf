"""三方对账: the main system's list and the statements are added file by file; both sides stand beside each other.

Files wait sealed, as every upload does between two steps; of the comparison itself only its record stays.
"""

from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.domain.actor import Actor
from app.domain.harmless_text import harmless_text
from app.domain.problems import Problem, Refusal
from app.reconcile.compare.before_export import KeptOut, keep_out
from app.reconcile.compare.lay import WitnessFile
from app.reconcile.compare.run import CompareRequest, IncidentComparison, compare, maps_of
from app.web.console.auth import actor_of
from app.web.console.kept_upload import kept_uploads_of
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import form_of, route
from app.web.uploads import Uploads

WITNESSES = {"main": "主系统的订单清单", "money": "账单（微信、支付宝）"}
SHOWN = 50
"""Discrepancies of a kind, and cells that were not read; how many there are is told beside, and the command has all."""

MOST_FILES = 8
LONGEST_NAME = 80


class Added(NamedTuple):
    """A file that waits to be compared: whose it is, under which name it is kept, and what it is called."""

    witness: str
    kept: str
    name: str

    @property
    def field(self) -> str:
        """As a form carries it on."""
        return "/".join(self)


class ComparePage(ConsolePage):
    """Add files, compare, see what does not agree."""

    path = "/incidents/{number:str}/compare"
    title = "三方对账"
    entry = "incidents"

    def __init__(self, frame: Frame, uploads: Uploads) -> None:
        super().__init__(frame)
        self.uploads = uploads
        self._kept = kept_uploads_of(frame.boat)

    @route("", name="compare")
    async def index(self, request: Request) -> Response:
        """Show the form."""
        return self._shown(request, await run_in_threadpool(self._incident, request))

    @route("", name="compare-add", methods=("POST",))
    async def add(self, request: Request) -> Response:
        """Keep one more file, and show what is there."""
        name = await run_in_threadpool(self._incident, request)
        form = form_of(request) if hasattr(request.state, "form") else None
        added = _added(form.fields.get("added", "") if form else "")
        witness = form.fields.get("witness", "") if form else ""
        if form is None or form.file is None or witness not in WITNESSES:
            return self._shown(request, name, status=422, added=added, refused="请选择文件，并说明它是清单还是账单。")
        if len(added) >= MOST_FILES:
            return self._shown(request, name, status=422, added=added, refused=f"最多 {MOST_FILES} 份文件。")
        keep = partial(self._kept.keep, form.file, bound_to=_bound(actor_of(request), name))
        called = harmless_text(form.name).replace("/", "_").replace("\n", " ")[-LONGEST_NAME:] or "未命名"
        added.append(Added(witness, await run_in_threadpool(keep), called))
        return self._shown(request, name, added=added)

    @route("/run", name="compare-run", methods=("POST",))
    async def run(self, request: Request) -> Response:
        """Compare what was added, and show what came of it."""
        name = await run_in_threadpool(self._incident, request)
        form, by = await request.form(), actor_of(request)
        added = _added(str(form.get("added") or ""))
        work = partial(
            self._compare, name, added, by=by, others=bool(form.get("others")), closing=bool(form.get("keep_out"))
        )
        try:
            async with self.uploads.one():
                shown = await self.uploads.reading(work)
        except (Problem, Refusal) as problem:
            return self._shown(request, name, status=422, added=added, refused=str(problem))
        return self.render(request, "compared.html", incident=name, lines=SHOWN, **shown)

    # ---- what lies under -------------------------------------------------------------------------------------------

    def _shown(self, request: Request, name: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        known: dict[str, Any] = {"refused": "", "added": [], "incident": name, "witnesses": WITNESSES}
        return self.render(request, "compare.html", status=status, **{**known, **context})

    def _incident(self, request: Request) -> str:
        """Return the name of the incident in the address.

        Raises:
            HTTPException: there is none.
        """
        with self.boat.store.reading() as uow:
            incident = uow.incidents.named(str(request.path_params["number"]))
        if incident is None:
            raise HTTPException(404)
        return incident.name

    def _compare(self, name: str, added: list[Added], *, by: Actor, others: bool, closing: bool) -> dict[str, Any]:
        boat, settings = self.boat, self.boat.settings
        files: dict[str, list[WitnessFile]] = {"main": [], "money": []}
        for one in added:
            data = self._kept.find(one.kept, bound_to=_bound(by, name))
            if data is None:
                raise Refusal(f"“{one.name}”已过期，请重新上传。")
            files[one.witness].append(WitnessFile(one.name, data))
        asked = CompareRequest(
            incident=name,
            main=files["main"],
            money=files["money"],
            maps=maps_of(settings.compare_columns_dir),
            others=others,
        )
        now = boat.clock.now()
        with compare(
            boat.store, boat.keyring, asked, folder=settings.data_dir, by=by, now=now, zone=settings.zone
        ) as found:
            kept_out = keep_out(boat.store, found, by=by, now=now) if closing else None
            return _told(found, kept_out)


def _told(found: IncidentComparison, kept_out: KeptOut | None) -> dict[str, Any]:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for one in found.discrepancies():
        some = by_kind.setdefault(one["kind"], [])
        if len(some) < SHOWN:
            some.append(one)
    return {
        "found": found,
        "by_kind": by_kind,
        "cells": list(islice(found.cells(), SHOWN)),
        "kept_out": kept_out,
    }


def _added(text: str) -> list[Added]:
    """Return the files that a form carries on; what is none of ours finds no upload, and nothing of it is believed."""
    found = (line.split("/", 2) for line in text.splitlines()[:MOST_FILES])
    return [
        Added(parts[0], parts[1], harmless_text(parts[2])[:LONGEST_NAME])
        for parts in found
        if len(parts) == len(Added._fields) and parts[0] in WITNESSES
    ]


def _bound(by: Actor, incident: str) -> str:
    return f"compare {incident} {by.name}"
