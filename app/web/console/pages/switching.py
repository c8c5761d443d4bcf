"""切换: how the main system stands, which storefronts stand in with us, and how a person changes both."""

from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from app.domain.main_health import MainState
from app.reconcile.switches import SwitchError, switch_off, switch_on
from app.store.main_standing import main_standing
from app.store.unit_of_work import UnitOfWork
from app.watch.main_order import SAYABLE, order_main, withdraw_main_order
from app.web.console.form_page import FormPage
from app.web.console.routing import route

LASTING = {"30": "30 分钟", "60": "1 小时", "240": "4 小时", "720": "12 小时", "1440": "24 小时"}
"""Minutes for which a person's word of the main system may hold."""

OVER = 20
"""Switches that are over and still shown."""


class SwitchingPage(FormPage):
    """The probe and every switch, with what a person may do about each."""

    path = "/switching"
    title = "切换"
    entry = "switching"

    @route("", name="switching")
    async def index(self, request: Request) -> Response:
        """Show how everything stands."""
        return self.render(request, "switching.html", lasting=LASTING, **await run_in_threadpool(self._look))

    @route("/on", methods=("POST",), name="switch-on")
    async def on(self, request: Request) -> Response:
        """Let a storefront stand in with us."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            channel = str(form.get("channel") or "").strip()[:200]
            switch_on(uow, channel, reason=_text(form, "reason"), until=self._until(form), **how)
            return f"{channel} 已切到 Lifeboat，几秒内生效。"

        return await self._done(request, act)

    @route("/off", methods=("POST",), name="switch-off")
    async def off(self, request: Request) -> Response:
        """Let a storefront go back."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            channel = str(form.get("channel") or "").strip()[:200]
            switch_off(uow, channel, reason=_text(form, "reason"), **how)
            return f"{channel} 已切回主系统，几秒内生效。"

        return await self._done(request, act)

    @route("/main", methods=("POST",), name="main-order")
    async def order(self, request: Request) -> Response:
        """Let the main system count as a person says."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            minutes, said = _text(form, "minutes"), _text(form, "state")
            lasting = timedelta(minutes=int(minutes)) if minutes in LASTING else timedelta()
            state = MainState(said) if said in set(SAYABLE) else MainState.UNKNOWN
            order_main(uow, state, lasting=lasting, why=_text(form, "why"), **how)
            return f"已认定，{LASTING[minutes]}后以探测为准；几秒内告诉群。"

        return await self._done(request, act)

    @route("/main/withdraw", methods=("POST",), name="main-withdraw")
    async def withdraw(self, request: Request) -> Response:
        """Let the probe's word count again."""

        def act(uow: UnitOfWork, _form: FormData, how: dict[str, Any]) -> str:
            withdraw_main_order(uow, **how)
            return "已撤销，以探测为准。"

        return await self._done(request, act)

    def _until(self, form: FormData) -> datetime | None:
        text = _text(form, "until")
        try:
            return datetime.fromisoformat(text).replace(tzinfo=self.boat.settings.zone) if text else None
        except ValueError:
            raise SwitchError("切回的时间写得不对，请用日期时间控件选择。") from None

    def _look(self) -> dict[str, Any]:
        settings, now = self.boat.settings, self.boat.clock.now()
        with self.boat.store.reading() as uow:
            over = uow.switched.latest(limit=OVER)
            switched = uow.switched.now(now)
            return {
                "main": main_standing(uow, asked=bool(settings.main_asked), zone=settings.zone, now=now),
                "switched": switched,
                "over": over,
                "known": sorted({row.channel for row in (*switched, *over)} | {"all"}),
                "folder": settings.switch_dir is not None,
            }


def _text(form: FormData, field: str) -> str:
    return str(form.get(field) or "").strip()[:400]
