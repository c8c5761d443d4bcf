"""Alerts: what is wrong now and who has it in hand, what was, and a bell that rings although no robot can."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Problem
from app.domain.states import AlertState
from app.store.alert_steps import hushed, silenced
from app.store.tables import Alert
from app.watch.attend import claim_alert, silence_alert, unsilence_alert
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.gravity import gravest_first
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.routing import route
from app.web.console.said import say

SHOWN = 50
LASTING = {"30": "30 分钟", "60": "1 小时", "240": "4 小时", "720": "12 小时", "1440": "24 小时"}
"""Minutes for which an alert may be silenced."""


class AlertPages(ConsolePage):
    """What is wrong now, and what was."""

    path = "/alerts"
    title = "告警"
    entry = "alerts"

    @route("", name="alerts")
    async def index(self, request: Request) -> Response:
        """List alerts: the open ones on top, gravest first, then those that are over."""
        before = cursor_of(request)
        shown = await run_in_threadpool(self._list, before)
        more = with_query(request, before=shown.pop("next")) if shown["next"] else None
        return self.render(request, "alerts.html", more=more, paged=before, lasting=LASTING, **shown)

    @route("/bell", name="alerts-bell")
    async def bell(self, request: Request) -> Response:
        """Return the bell alone: how many alerts nobody has in hand, how grave the worst is, and what it says."""
        ringing = await run_in_threadpool(self._ringing)
        answer = self.frame.render(request, "console/alert_bell.html", ringing=ringing)
        answer.headers["cache-control"] = "no-store"
        return answer

    @route("/{id:int}/claim", methods=("POST",), name="alert-claim")
    async def claim(self, request: Request) -> Response:
        """Take an alert on, or over."""
        take_over = bool((await request.form()).get("take_over"))

        def act(alert_id: int, by: Actor) -> str:
            with self.boat.store.writing() as uow:
                claim_alert(uow, alert_id, by=by, now=self.boat.clock.now(), take_over=take_over)
            return "已认领，一段时间内不再提醒；原因消失后自动恢复。"

        return await self._done(request, act)

    @route("/{id:int}/silence", methods=("POST",), name="alert-silence")
    async def silence(self, request: Request) -> Response:
        """Keep an alert from being told for a while."""
        form = await request.form()
        minutes, why = str(form.get("minutes") or ""), str(form.get("why") or "")[:1000]
        lasting = timedelta(minutes=int(minutes)) if minutes in LASTING else timedelta()

        def act(alert_id: int, by: Actor) -> str:
            with self.boat.store.writing() as uow:
                silence_alert(uow, alert_id, lasting=lasting, why=why, by=by, now=self.boat.clock.now())
            return f"已静默 {LASTING[minutes]}：不再通知群与邮箱，这里仍然可见；到时仍未恢复会再次通知。"

        return await self._done(request, act)

    @route("/{id:int}/unsilence", methods=("POST",), name="alert-unsilence")
    async def unsilence(self, request: Request) -> Response:
        """Let an alert be told again."""

        def act(alert_id: int, by: Actor) -> str:
            with self.boat.store.writing() as uow:
                unsilence_alert(uow, alert_id, by=by, now=self.boat.clock.now())
            return "已解除静默；仍未恢复的立即通知。"

        return await self._done(request, act)

    async def _done(self, request: Request, act: Callable[[int, Actor], str]) -> Response:
        alert_id = min(request.path_params["id"], 2**62)
        try:
            say(request, await run_in_threadpool(act, alert_id, actor_of(request)))
        except Problem as problem:
            say(request, problem.detail, "error")
        return RedirectResponse(f"{BASE}/alerts", status_code=303)

    def _list(self, before: int | None) -> dict[str, Any]:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            opened = [alert for alert in uow.alerts.open() if alert.state != AlertState.PENDING]
            rows = uow.alerts.page(before=before, limit=SHOWN + 1)
            exits = {alert.id: uow.messages.of_alert(alert.id or 0) for alert in opened[:SHOWN]}
        return {
            "open": gravest_first(opened) if before is None else [],
            "past": [alert for alert in rows[:SHOWN] if alert.ended_at is not None],
            "next": rows[SHOWN - 1].id if len(rows) > SHOWN else None,
            "exits": exits,
            "quiet": {alert.id for alert in opened if silenced(alert, now=now)},
        }

    def _ringing(self) -> list[Alert]:
        """Return the alerts that nobody has in hand and nobody has silenced, gravest first."""
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            firing = [alert for alert in uow.alerts.open() if alert.state == AlertState.FIRING]
        return gravest_first(one for one in firing if not hushed(one, now=now))
