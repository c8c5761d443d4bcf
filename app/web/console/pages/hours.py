"""仓库作业时间: when the warehouse works; its stages are measured in these hours alone."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Problem
from app.domain.times import local_text
from app.domain.warehouse_hours import MOST_SPECIAL_DAYS, WEEKDAYS
from app.store.tables import WarehouseHoursRow
from app.watch.flow_map.warehouse_hours import WantedHours, hours_in_force, set_hours, special_words
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say

LONGEST_DAY = 100
LONGEST_SPECIAL = 60 * MOST_SPECIAL_DAYS
"""Characters of what is typed that are looked at."""


class HoursPage(ConsolePage):
    """The hours of a week and of special days, and the form."""

    path = "/hours"
    title = "仓库作业时间"
    entry = "health"

    @route("", name="hours")
    async def index(self, request: Request) -> Response:
        """Show the hours."""
        return self.render(request, "hours.html", **await run_in_threadpool(self._look))

    @route("", methods=("POST",), name="hours-set")
    async def set(self, request: Request) -> Response:
        """Word them anew."""
        form = await request.form()
        week = tuple(str(form.get(f"day-{n}") or "")[:LONGEST_DAY] for n in range(1, WEEKDAYS + 1))
        wanted = WantedHours(week, str(form.get("special_days") or "")[:LONGEST_SPECIAL])
        seen = str(form.get("seen") or "0")
        try:
            row = await run_in_threadpool(
                self._set, wanted, int(seen) if seen.isdecimal() and len(seen) < LONGEST_DAY else -1, actor_of(request)
            )
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            since = local_text(row.starts_at, self.boat.settings.zone)[:16]
            say(request, f"已保存：{since} 起按新的作业时间计时，此前的不变。")
        return RedirectResponse(f"{BASE}/hours", status_code=303)

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            found = hours_in_force(uow, zone=self.boat.settings.zone, now=now)
        ahead = found.starts_at is not None and found.starts_at > now
        return {"hours": found, "ahead": ahead, "special_days": "\n".join(special_words(found.special_days))}

    def _set(self, wanted: WantedHours, seen: int, by: Actor) -> WarehouseHoursRow:
        boat = self.boat
        with boat.store.writing() as uow:
            return set_hours(uow, wanted, seen=seen, zone=boat.settings.zone, by=by, now=boat.clock.now())
