"""流程图: the five stages with owner, limit and what is done when one goes wrong; to hang up, and to plan anew."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Problem
from app.watch.flow_map.change import MOST_EXCEPTIONS, MOST_OWNER, WantedPlan, plan_stage
from app.watch.flow_map.plans import stage_plans
from app.watch.flow_map.warehouse_hours import hours_in_force, special_words, week_words
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say

LONGEST_FIELD = 4 * MOST_EXCEPTIONS
"""Characters of a field that are looked at; what is longer than it may be is refused in words."""


class FlowMapPage(ConsolePage):
    """The map, and the form of each stage."""

    path = "/flow"
    title = "流程图"
    entry = "health"

    @route("", name="flow")
    async def index(self, request: Request) -> Response:
        """Show the map."""
        return self.render(request, "flow_map.html", **await run_in_threadpool(self._look))

    @route("/{id:int}", methods=("POST",), name="flow-plan")
    async def plan(self, request: Request) -> Response:
        """Plan a stage anew."""
        form = await request.form()
        said = {name: str(form.get(name) or "")[:LONGEST_FIELD] for name in ("limit", "owner", "exceptions", "keeper")}
        seen, number = str(form.get("seen") or "0"), min(request.path_params["id"], 2**31)
        try:
            await run_in_threadpool(
                self._plan, number, WantedPlan(**said), int(seen) if seen.isdecimal() else -1, actor_of(request)
            )
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            say(request, "已保存：告警规则和各页从下一分钟起按新的限时判断；旧的内容留在审计里。")
        return RedirectResponse(f"{BASE}/flow#stage-{number}", status_code=303)

    def _look(self) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            plans = stage_plans(uow)
            hours = hours_in_force(uow, zone=self.boat.settings.zone, now=self.boat.clock.now())
            accounts = [user.name for user in uow.access.users() if user.disabled_at is None]
        return {
            "plans": plans,
            "hours": "一直计时" if hours.always else week_words(hours.week),
            "special_days": special_words(hours.special_days),
            "accounts": accounts,
            "most_owner": MOST_OWNER,
            "most_exceptions": MOST_EXCEPTIONS,
        }

    def _plan(self, number: int, wanted: WantedPlan, seen: int, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            plan_stage(uow, number, wanted, seen=seen, by=by, now=self.boat.clock.now())
