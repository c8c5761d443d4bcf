"""告警阈值: the lines of order health in one form, and what they would have rung before they are saved."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.kept_settings import WrongValue
from app.bootstrap.set_now import change, forget, setting_lines
from app.bootstrap.what_if import judge_apart
from app.domain.actor import Actor
from app.domain.health_lines import (
    DEFAULTS,
    HealthLines,
    WrongLines,
    difference,
    health_lines,
    texts_in,
    texts_of,
    turned,
    turned_text,
)
from app.domain.problems import Busy, Problem, Refusal
from app.domain.turnable_lines import TURNABLE
from app.settings.kept import HEALTH_LINES
from app.watch.what_if.judge import MOST_DAYS, WhatIf
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say
from app.web.threads import on_a_thread

_LONGEST = 40
_LONGEST_SEEN = 1000

DAYS = (1, 3, 7, MOST_DAYS)
CHANGED_MEANWHILE = "刚被别人改过，没有保存。下面“现在”一栏是新的值，请核对后再保存。"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What was typed: the text of each line, and the lines that were in force when the form was made."""

    texts: Mapping[str, str]
    seen: str
    days: int = MOST_DAYS


class ThresholdsPage(ConsolePage):
    """The form, the judgement of the past, and the way back to what ``.env`` says."""

    path = "/thresholds"
    title = "告警阈值"
    entry = "health"

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - as every page is made
        super().__init__(*args)
        self._one = threading.Lock()  # one judgement at a time: each reads weeks

    @route("", name="thresholds")
    async def index(self, request: Request) -> Response:
        """Show the lines in force."""
        return await self._page(request, None)

    @route("", name="thresholds-save", methods=("POST",))
    async def save(self, request: Request) -> Response:
        """Keep all lines at once, or none."""
        form = await _form(request)
        try:
            lines = health_lines(form.texts)
        except WrongLines as wrong:
            return await self._page(request, form, errors=wrong.wrong, status=422)
        try:
            done = await run_in_threadpool(self._save, lines, form, actor_of(request))
        except (Refusal, Problem) as refusal:
            return await self._page(request, form, refused=str(refusal), status=409)
        say(request, f"已保存，几秒内生效：{done}。" if done else "没有变化，没有保存。")
        return RedirectResponse(f"{BASE}/thresholds", status_code=303)

    @route("/what-if", name="thresholds-try", methods=("POST",))
    async def what_if(self, request: Request) -> Response:
        """Judge the last days by what was typed; nothing is saved."""
        form = await _form(request)
        try:
            lines = health_lines(form.texts)
        except WrongLines as wrong:
            return await self._page(request, form, errors=wrong.wrong, status=422)
        try:
            found = await on_a_thread("what-if", lambda: self._judge(lines, form.days))
        except Busy as busy:
            return await self._page(request, form, refused=busy.detail, status=503)
        return await self._page(request, form, found=found)

    @route("/forget", name="thresholds-forget", methods=("POST",))
    async def forget(self, request: Request) -> Response:
        """Return all lines to what ``.env`` says, which is the default where it says nothing."""
        by = actor_of(request)
        try:
            await run_in_threadpool(lambda: forget(self.boat, HEALTH_LINES, by=by))
        except (Refusal, Problem) as refusal:
            say(request, str(refusal), "error")
        else:
            say(request, "已恢复，几秒内生效。")
        return RedirectResponse(f"{BASE}/thresholds", status_code=303)

    def _save(self, lines: HealthLines, form: _Form, by: Actor) -> str:
        """Return in words what has changed."""
        before = self.boat.kept.now(at_once=True).settings.lines
        if lines == before:
            return ""
        first = self.boat.settings.lines

        def text(kept: str | None) -> str:
            if ",".join(turned(_usable(kept, first))) != form.seen:
                raise WrongValue(CHANGED_MEANWHILE)
            return turned_text(texts_of(lines))

        change(self.boat, HEALTH_LINES, text, by=by)
        return difference(before, lines)

    def _judge(self, lines: HealthLines, days: int) -> WhatIf:
        if not self._one.acquire(blocking=False):
            raise Busy("另一次试算正在进行，请等它结束再试。")
        try:
            return judge_apart(self.boat, lines, days=days)
        finally:
            self._one.release()

    async def _page(
        self,
        request: Request,
        form: _Form | None,
        *,
        errors: Mapping[str, str] | None = None,
        found: WhatIf | None = None,
        refused: str = "",
        status: int = 200,
    ) -> Response:
        context = await run_in_threadpool(self._look)
        in_force = context["in_force"]
        shown = form or _Form(texts=in_force, seen=context["seen"])
        if status == 409:  # noqa: PLR2004 - whoever saves again has seen what somebody else has saved
            shown = _Form(texts=shown.texts, seen=context["seen"], days=shown.days)
        return self.render(
            request,
            "thresholds.html",
            status=status,
            lines=TURNABLE,
            default=texts_of(DEFAULTS),
            form=shown,
            errors=errors or {},
            found=found,
            refused=refused,
            days=DAYS,
            **context,
        )

    def _look(self) -> dict[str, Any]:
        mine = next(one for one in setting_lines(self.boat) if one.name == HEALTH_LINES)
        lines = self.boat.kept.now().settings.lines
        return {"setting": mine, "in_force": texts_of(lines), "seen": ",".join(turned(lines))}


def _usable(kept: str | None, first: HealthLines) -> HealthLines:
    """Return the lines that a kept text stands for, the first ones where none can be used."""
    if kept is None:
        return first
    try:
        return health_lines(texts_in(kept.split(",") if kept else ()))
    except WrongLines:
        return first


async def _form(request: Request) -> _Form:
    said = await request.form()
    days = str(said.get("days") or "")
    return _Form(
        texts={line.name: str(said.get(line.name) or "")[:_LONGEST].strip() for line in TURNABLE},
        seen=str(said.get("seen") or "")[:_LONGEST_SEEN],
        days=int(days) if days in {str(one) for one in DAYS} else MOST_DAYS,
    )
