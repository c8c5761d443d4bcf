"""应急向导: what to do when the main system falls and when it is back, step by step, for whoever comes to it."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.caller import Caller
from app.domain.problems import NotFound, Problem
from app.intake.accept import Intake
from app.intake.schemas import read_order
from app.orders.decide import cancel
from app.reconcile.guide import TESTED, tick_step, untick_step
from app.reconcile.incidents import IncidentError, close_incident
from app.store.ledger import ledger_of
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.conservation import parts_of
from app.web.console.filters import BASE
from app.web.console.guide_steps import Lamp, Measured, current, returning, switching
from app.web.console.incident_story import BATCHES, course_of
from app.web.console.page import ConsolePage
from app.web.console.pages.track import TRACK
from app.web.console.passport import passports_of
from app.web.console.routing import route
from app.web.console.said import say

TESTER = Caller("console", "控制台测试单", "intake", drill=True)
"""Whose test orders are: a drill's, so that no customer hears of one and no file of the live incident holds it."""

TEST_ORDER = (
    '{"phone":"13800138000","items":[{"sku":"TEST","name":"测试单，请勿发货","quantity":1,"unit_price":"0.01"}],'
    '"note":"应急向导的测试单"}'
).encode()

DUTY_WORDS = {
    "duty_it": "IT：切流量，盯告警，恢复后导入",
    "duty_ops": "运营：高优订单、待确认、每半小时取文件",
    "duty_service": "客服：话术、查单、回电",
    "duty_lead": "总负责：拍板、对外通知",
}


def _qr_code(address: str) -> Markup:
    return Markup(segno.make(address).svg_inline(omitsize=True, border=2))  # noqa: S704 - made by us


class GuidePage(ConsolePage):
    """Two halves of five steps each; where they stand is read from the rows at each look."""

    path = "/guide"
    title = "应急向导"
    entry = "guide"

    def __init__(self, frame: Any, intake: Intake) -> None:  # noqa: ANN401 - the frame of all pages
        super().__init__(frame)
        self._intake = intake

    @route("", name="guide")
    async def index(self, request: Request) -> Response:
        """Show where everything stands, and the step that comes next."""
        shown = await run_in_threadpool(self._shown)
        base = self.boat.settings.public_base
        return self.render(
            request,
            "guide.html",
            door=f"{base}/v1/orders",
            host=urlsplit(base).netloc,
            duty_words=DUTY_WORDS,
            **shown,
        )

    @route("/poster", name="guide-poster")
    async def poster(self, request: Request) -> Response:
        """Show a sheet to print and hang up: where the console is, and where buyers ask for their orders."""
        settings, host = self.boat.settings, request.headers.get("host", "")
        seen = f"{request.url.scheme}://{host}" if host and not settings.public_url else settings.public_base
        addresses = {"console": f"{seen}{BASE}/", "track": f"{seen}{TRACK}"}
        pictures = {name: _qr_code(address) for name, address in addresses.items()}
        return self.render(request, "guide_poster.html", addresses=addresses, pictures=pictures)

    @route("/tick", name="guide-tick", methods=("POST",))
    async def tick(self, request: Request) -> Response:
        """Tick a step, or name who has a job."""
        form = await request.form()
        incident, step, said = (str(form.get(name) or "") for name in ("incident", "step", "said"))

        def act(uow: UnitOfWork, by: Actor) -> None:
            tick_step(uow, incident, step, said=said, by=by, now=self.boat.clock.now())

        return await self._done(request, act, "已记下，点错了可以撤销。")

    @route("/untick", name="guide-untick", methods=("POST",))
    async def untick(self, request: Request) -> Response:
        """Take a tick back."""
        form = await request.form()
        incident, step = str(form.get("incident") or ""), str(form.get("step") or "")

        def act(uow: UnitOfWork, by: Actor) -> None:
            untick_step(uow, incident, step, by=by, now=self.boat.clock.now())

        return await self._done(request, act, "已撤销。")

    @route("/test-order", name="guide-test-order", methods=("POST",))
    async def test_order(self, request: Request) -> Response:
        """Send an order of a drill through the intake as any storefront's, and cancel it."""
        incident, by = str((await request.form()).get("incident") or ""), actor_of(request)
        back = RedirectResponse(f"{BASE}/guide", status_code=303)
        if not await run_in_threadpool(self._is_open, incident):
            say(request, "请先开启事件，再下测试单。", "error")
            return back
        drilled = await run_in_threadpool(self._drill)
        try:
            key = f"guide-{secrets.token_hex(8)}"
            accepted = await self._intake.accept(read_order(TEST_ORDER), TESTER, idempotency_key=key)
        except Problem as problem:
            say(request, f"测试单没有被受理：{problem.detail}", "error")
            return back
        try:
            await run_in_threadpool(self._taken_back, accepted.number, incident, drilled, by)
        except NotFound:
            say(
                request,
                f"测试单 {accepted.number} 已受理，但数据库不可用，单在本机暂存里；恢复后请取消它。",
                "warning",
            )
        except (Problem, IncidentError) as error:
            say(request, f"测试单 {accepted.number} 已受理，没能自动取消：{error}", "error")
        else:
            say(request, f"测试单 {accepted.number} 已受理并取消：订单进得来。它归演练，不进文件，也不打扰客户。")
        return back

    async def _done(self, request: Request, act: Any, sentence: str) -> Response:  # noqa: ANN401 - a verb
        def run(by: Actor) -> None:
            with self.boat.store.writing() as uow:
                act(uow, by)

        try:
            await run_in_threadpool(run, actor_of(request))
        except IncidentError as error:
            say(request, str(error), "error")
        else:
            say(request, sentence)
        return RedirectResponse(f"{BASE}/guide", status_code=303)

    def _is_open(self, name: str) -> bool:
        with self.boat.store.reading() as uow:
            incident = uow.incidents.open_one(drill=False)
        return incident is not None and incident.name == name

    def _drill(self) -> str | None:
        """Return the name of the drill that runs now."""
        with self.boat.store.reading() as uow:
            drill = uow.incidents.open_one(drill=True)
        return drill.name if drill else None

    def _taken_back(self, number: str, incident: str, drilled: str | None, by: Actor) -> None:
        """Cancel a test order, tick the step, and close the drill that the order has opened."""
        boat, now = self.boat, self.boat.clock.now()
        with boat.store.writing() as uow:
            cancel(uow, number, reason="应急向导的测试单", by=by, now=now)
            tick_step(uow, incident, TESTED, said=number, by=by, now=now)
        opened = self._drill()
        if drilled is None and opened is not None:
            spool_dir = boat.settings.spool_dir
            close_incident(boat.store, opened, drill=True, spool_dir=spool_dir, force=False, by=by, now=now)

    def _shown(self) -> dict[str, Any]:
        boat = self.boat
        with boat.store.reading() as uow:
            incident = uow.incidents.open_one(drill=False)
            if incident is None:
                stores = [one.name for one in uow.access.clients() if one.scope == "intake" and not one.drill]
                first, then = switching(None), returning(None)
                lamps = [Lamp(name, None) for name in stores]
                return {"i": None, "m": None, "lamps": lamps, "first": first, "then": then, "next": {"open"}}
            firsts = course_of(uow, incident, boat.store.reach).first_of_client
            stores_of = [one for one in uow.access.clients() if one.scope == "intake" and not one.drill]
            batches = uow.batches.page(incident_id=incident.id, limit=BATCHES)[::-1]
            passports, ticks = passports_of(uow, batches), uow.guide.of(incident.id or 0)
        ledger = ledger_of(boat.store, spool_dir=boat.settings.spool_dir, incident=incident.name)
        lamps = [Lamp(one.name, firsts.get(one.id)) for one in stores_of]
        measured = Measured(
            incident=incident, ledger=ledger, lamps=lamps, batches=batches, passports=passports, ticks=ticks
        )
        first, then = switching(measured), returning(measured)
        return {
            "i": incident,
            "m": measured,
            "lamps": lamps,
            "parts": parts_of(ledger),
            "first": first,
            "then": then,
            "next": {current(first), current(then)} if ticks.get("switched_back") else {current(first)},
        }
