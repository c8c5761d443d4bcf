"""值班: who is on duty now, until when and who is next; two weeks ahead; shifts, overrides and the fallback person."""

from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from app.domain.contact import ContactWay
from app.domain.roster import AHEAD
from app.store.contacts import reachable_at
from app.store.unit_of_work import UnitOfWork
from app.watch import roster
from app.watch.roster import MOST_DAYS, BadTurn, RosterError, WantedTurn
from app.web.api.roster import roster_out
from app.web.console.filters import harmless
from app.web.console.form_page import FormPage
from app.web.console.routing import route


class RosterPage(FormPage):
    """The roster."""

    path = "/roster"
    title = "值班"
    entry = "roster"
    refusal = RosterError
    longest = 200

    @route("", name="roster")
    async def index(self, request: Request) -> Response:
        """Show who is on duty, and two weeks ahead."""
        shown = await run_in_threadpool(self._look)
        return self.render(request, "roster.html", most_days=MOST_DAYS, **shown)

    @route("", methods=("POST",), name="roster-add")
    async def add(self, request: Request) -> Response:
        """Add a shift, on several days if wanted."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            days = _number(form, "days", most=MOST_DAYS)
            ids = roster.add_shift(uow, self._wanted(form), days=days, zone=self.boat.settings.zone, **how)
            return f"已排 {len(ids)} 个班次。"

        return await self._done(request, act)

    @route("/{id:int}/change", methods=("POST",), name="roster-change")
    async def change(self, request: Request) -> Response:
        """Give a shift another person, place or time."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            roster.change_shift(uow, _id(request), self._wanted(form), zone=self.boat.settings.zone, **how)
            return "班次已改。"

        return await self._done(request, act)

    @route("/{id:int}/remove", methods=("POST",), name="roster-remove")
    async def remove(self, request: Request) -> Response:
        """Take a shift away."""

        def act(uow: UnitOfWork, _form: FormData, how: dict[str, Any]) -> str:
            roster.remove_shift(uow, _id(request), **how)
            return "班次已删除。"

        return await self._done(request, act)

    @route("/override", methods=("POST",), name="roster-override")
    async def override(self, request: Request) -> Response:
        """Put somebody else on duty for a time."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            roster.add_override(uow, self._wanted(form), reason=str(form.get("reason") or "")[:400], **how)
            return "已换班，交接班通知会照此发出。"

        return await self._done(request, act)

    @route("/override/{id:int}/remove", methods=("POST",), name="roster-override-remove")
    async def remove_override(self, request: Request) -> Response:
        """Take an override away."""

        def act(uow: UnitOfWork, _form: FormData, how: dict[str, Any]) -> str:
            roster.remove_override(uow, _id(request), **how)
            return "已取消换班，原来的班次恢复。"

        return await self._done(request, act)

    @route("/fallback", methods=("POST",), name="roster-fallback")
    async def fallback(self, request: Request) -> Response:
        """Set the fallback person."""

        def act(uow: UnitOfWork, form: FormData, how: dict[str, Any]) -> str:
            name = str(form.get("name") or "")[:200]
            roster.set_fallback(uow, name, **how)
            return f"兜底人现在是 {harmless(name, 64)}。"

        return await self._done(request, act)

    def _wanted(self, form: FormData) -> WantedTurn:
        zone = self.boat.settings.zone
        moments = []
        for field in ("since", "until"):
            try:
                moment = datetime.fromisoformat(str(form.get(field) or "")[:30])
            except ValueError:
                raise BadTurn("请填开始和结束时间。") from None
            moments.append(moment.replace(tzinfo=zone))
        since, until = moments
        place = _number(form, "place", most=9)
        return WantedTurn(name=str(form.get("name") or "")[:200], starts_at=since, ends_at=until, place=place)

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        shown = roster_out(self.boat, now=now, days=AHEAD.days)
        with self.boat.store.reading() as uow:
            users = [one for one in uow.access.users() if one.disabled_at is None]
            names = {one.id: one.name for one in uow.access.users()}
            shifts = uow.roster.shifts(since=now, until=now + AHEAD)
            overrides = uow.roster.overrides(since=now, until=now + AHEAD)
        local = now.astimezone(self.boat.settings.zone)
        hour = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return {
            "shown": shown,
            "people": [one.name for one in users],
            "unreached": {one.name for one in users if reachable_at(self.boat.keyring, one, ContactWay.PHONE) is None},
            "names": names,
            "shifts": shifts,
            "overrides": overrides,
            "default_since": f"{hour:%Y-%m-%dT%H:%M}",
            "default_until": f"{hour + timedelta(hours=8):%Y-%m-%dT%H:%M}",
            "wall": lambda moment: f"{moment.astimezone(self.boat.settings.zone):%Y-%m-%dT%H:%M}",
        }


def _id(request: Request) -> int:
    return int(min(request.path_params["id"], 2**62))


def _number(form: FormData, field: str, *, most: int) -> int:
    """Return a small whole number of a form, 1 where it is left out; what is none is 0, which no verb takes."""
    text = str(form.get(field) or "1").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= most else 0  # noqa: PLR2004 - small
