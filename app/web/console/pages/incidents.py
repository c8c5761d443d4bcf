"""事件: each outage and each drill, opened and closed here; the page of one tells of it on the screen and on paper."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.actor import Actor
from app.reconcile.compare.record import COMPARED
from app.reconcile.incidents import IncidentError, Unfinished, close_incident, open_incident
from app.store.ledger import ledger_of
from app.store.tables import Incident
from app.web.console.auth import actor_of
from app.web.console.conservation import parts_of
from app.web.console.filters import BASE
from app.web.console.incident_story import BATCHES, chart_of, course_of, deeds_of, events_of
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.passport import passports_of
from app.web.console.routing import route
from app.web.console.said import say

SHOWN = 30
LONGEST_NAME = 32
DEEDS = 20_000
"""Entries of the audit among which a page looks for who took part."""

_TO_DO_AT = ("/batches", "", "/held", "/batches?only=silent")
"""Where orders without a final result are seen to, in the order of their sentences."""


class IncidentPages(ConsolePage):
    """The list and the page of one."""

    path = "/incidents"
    title = "事件"
    entry = "incidents"

    @route("", name="incidents")
    async def index(self, request: Request) -> Response:
        """List incidents, newest first."""
        before = cursor_of(request)
        rows, open_kinds = await run_in_threadpool(self._list, before)
        more = with_query(request, before=rows[SHOWN - 1].id) if len(rows) > SHOWN else None
        return self.render(
            request, "incidents.html", incidents=rows[:SHOWN], open_kinds=open_kinds, more=more, paged=before
        )

    @route("", name="incident-open", methods=("POST",))
    async def open(self, request: Request) -> Response:
        """Open an incident or a drill, for a reason."""
        form = await request.form()
        reason, drill = str(form.get("reason") or "").strip(), bool(form.get("drill"))
        back = f"{BASE}/guide" if form.get("back") == "guide" else f"{BASE}/incidents"
        if not reason:
            say(request, "请写明原因，它会写进报告。", "error")
            return RedirectResponse(back, status_code=303)
        try:
            incident = await run_in_threadpool(self._open, reason, drill, actor_of(request))
        except IncidentError as error:
            say(request, str(error), "error")
            return RedirectResponse(back, status_code=303)
        say(request, f"已开启{words.INCIDENT_KINDS[drill]}事件 {incident.name}。")
        return RedirectResponse(back if form.get("back") else f"{BASE}/incidents/{incident.name}", status_code=303)

    @route("/{number:str}", name="incident")
    async def show(self, request: Request) -> Response:
        """Show one incident: today's facts, which print as its report."""
        shown = await run_in_threadpool(self._of, _name(request))
        return self.render(request, "incident.html", title=f"事件 {shown['i'].name}", **shown)

    @route("/{number:str}/close", name="incident-close", methods=("POST",))
    async def close(self, request: Request) -> Response:
        """Close an incident whose orders all have a final result."""
        return await self._close(request, force=False)

    @route("/{number:str}/close-unfinished", name="incident-close-unfinished", methods=("POST",))
    async def close_unfinished(self, request: Request) -> Response:
        """Close an incident all the same, for a reason."""
        return await self._close(request, force=True)

    async def _close(self, request: Request, *, force: bool) -> Response:
        name, reason = _name(request), str((await request.form()).get("reason") or "").strip()
        back = RedirectResponse(f"{BASE}/incidents/{name}", status_code=303)
        if force and not reason:
            say(request, "还有订单没有最终结果，仍要关闭请写明原因。", "error")
            return back
        try:
            unfinished = await run_in_threadpool(self._closed, name, force, reason, actor_of(request))
        except Unfinished:
            say(request, "还没有关闭：有订单没有最终结果，见下面“关闭前还差”。", "error")
        except IncidentError as error:
            say(request, str(error), "error")
        else:
            left = f"，其中 {unfinished} 笔没有最终结果" if unfinished else ""
            say(request, f"事件 {name} 已关闭{left}。之后的订单会开启新的事件。")
        return back

    def _open(self, reason: str, drill: bool, by: Actor) -> Incident:  # noqa: FBT001 - run on a thread
        with self.boat.store.writing() as uow:
            now, zone = self.boat.clock.now(), self.boat.settings.zone
            return open_incident(uow, drill=drill, reason=reason, by=by, now=now, zone=zone)

    def _closed(self, name: str, force: bool, reason: str, by: Actor) -> int:  # noqa: FBT001 - run on a thread
        with self.boat.store.reading() as uow:
            if uow.incidents.named(name) is None:
                raise HTTPException(404)
        settings, now = self.boat.settings, self.boat.clock.now()
        return close_incident(
            self.boat.store,
            name,
            drill=False,
            spool_dir=settings.spool_dir,
            force=force,
            by=by,
            now=now,
            reason=reason,
        ).unfinished

    def _list(self, before: int | None) -> tuple[list[Incident], set[bool]]:
        with self.boat.store.reading() as uow:
            rows = uow.incidents.page(before=before, limit=SHOWN + 1)
            return rows, {drill for drill in (False, True) if uow.incidents.open_one(drill=drill) is not None}

    def _of(self, name: str) -> dict[str, Any]:
        boat, now = self.boat, self.boat.clock.now()
        with boat.store.reading() as uow:
            incident = uow.incidents.named(name)
            if incident is None:
                raise HTTPException(404)
            until = incident.closed_at or now
            course = course_of(uow, incident, boat.store.reach)
            batches = uow.batches.page(incident_id=incident.id, limit=BATCHES)
            shown = {
                "i": incident,
                "until": until,
                "course": course,
                "chart": chart_of(course),
                "batches": batches[::-1],
                "passports": passports_of(uow, batches),
                "events": events_of(incident, course, batches, deeds_of(uow, batches)),
                "alerts": uow.alerts.during(incident.opened_at, until),
                "people": uow.audit.people(incident.opened_at, until, newest=DEEDS),
                "contradictions": uow.contradictions.of_incident(incident.id or 0, limit=SHOWN),
                "clients": uow.access.client_names(),
                "compared": uow.audit.newest(incident.name, {COMPARED}),
                "deed": next(iter(uow.audit.of(incident.name, "incident.close", limit=1)), None),
            }
        ledger = ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=name)
        open_parts = zip(words.UNFINISHED.items(), _TO_DO_AT, strict=True)
        blocks = [(getattr(ledger, part), what, path) for (part, what), path in open_parts if getattr(ledger, part)]
        return {**shown, "ledger": ledger, "parts": parts_of(ledger), "blocks": blocks, "at": now}


def _name(request: Request) -> str:
    """Return the name of the incident in the address.

    Raises:
        HTTPException: no incident is called so.
    """
    name: str = request.path_params["number"]
    if not (name.isascii() and name.replace("-", "").isalnum() and len(name) <= LONGEST_NAME):
        raise HTTPException(404)
    return name
