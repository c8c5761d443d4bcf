"""系统性排查: what stuck orders have in common, what happened when it began; changes, heartbeats, dependencies."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.actor import Actor
from app.domain.marks import STAGES
from app.domain.problems import Problem, Refusal
from app.store.repositories.expected_beats import beat_of
from app.watch.systemic.changes import ToldChange, moment_of, take_changes
from app.watch.systemic.dependencies import SHOWN, figures_of
from app.watch.systemic.heartbeats import remove_heartbeat, set_heartbeat, time_of
from app.watch.systemic.look import look_for_cause
from app.watch.systemic.read_changes import read_changes_apart
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route
from app.web.console.said import say
from app.web.uploads import Uploads

CHANGES_SHOWN = 20


class SystemicPages(ConsolePage):
    """One page, and the forms upon it."""

    path = "/systemic"
    title = "系统性排查"
    entry = "alerts"

    def __init__(self, frame: Frame, uploads: Uploads) -> None:
        super().__init__(frame)
        self._uploads = uploads

    @route("", name="systemic")
    async def index(self, request: Request) -> Response:
        """Show the verdict, the time line, changes, heartbeats and dependencies."""
        return self.render(request, "systemic.html", **await run_in_threadpool(self._look))

    @route("/changes", name="change-tell", methods=("POST",))
    async def tell(self, request: Request) -> Response:
        """Note a change that a person tells of."""
        form = await request.form()
        said = {name: str(form.get(name) or "")[:1000] for name in ("who", "what", "before", "after", "at")}

        def act(by: Actor) -> str:
            now = self.boat.clock.now()
            at = moment_of(said["at"], zone=self.boat.settings.zone) if said["at"].strip() else now
            told = ToldChange(
                who=said["who"] or by.name, what=said["what"], before=said["before"], after=said["after"], at=at
            )
            return self._take([told], by=by)

        return await self._done(request, act)

    @route("/changes/import", name="changes-import", methods=("POST",))
    async def take_in(self, request: Request) -> Response:
        """Note the changes of a list that was pasted; all of them or none."""
        data = str((await request.form()).get("list") or "").encode("utf-8", "replace")
        read = partial(read_changes_apart, data, zone=self.boat.settings.zone)
        try:
            async with self._uploads.one():
                told = await self._uploads.reading(read)
        except (Problem, Refusal) as refused:
            say(request, str(refused), "error")
            return RedirectResponse(f"{BASE}/systemic", status_code=303)
        return await self._done(request, lambda by: self._take(told, by=by, as_list=True))

    @route("/heartbeats", name="heartbeat-set", methods=("POST",))
    async def set(self, request: Request) -> Response:
        """Name a heartbeat, or change its times."""
        form = await request.form()
        said = {name: str(form.get(name) or "").strip()[:60] for name in ("name", "every", "grace", "failures")}

        def act(by: Actor) -> str:
            if not (said["failures"].isascii() and said["failures"].isdigit()):
                raise Refusal("连续失败次数须为整数。")
            with self.boat.store.writing() as uow:
                set_heartbeat(
                    uow,
                    said["name"],
                    every=time_of(said["every"]),
                    grace=time_of(said["grace"]),
                    most_failures=int(said["failures"]),
                    by=by,
                    now=self.boat.clock.now(),
                )
            return f"已登记心跳 {said['name']}：成功后请求 POST /v1/heartbeats/{said['name']}。"

        return await self._done(request, act)

    @route("/heartbeats/remove", name="heartbeat-remove", methods=("POST",))
    async def remove(self, request: Request) -> Response:
        """Forget a heartbeat."""
        name = str((await request.form()).get("name") or "")[:60]

        def act(by: Actor) -> str:
            with self.boat.store.writing() as uow:
                remove_heartbeat(uow, name, by=by, now=self.boat.clock.now())
            return f"已移除心跳 {name}，它的告警随后恢复。"

        return await self._done(request, act)

    async def _done(self, request: Request, act: Callable[[Actor], str]) -> Response:
        try:
            say(request, await run_in_threadpool(act, actor_of(request)))
        except Problem as problem:
            say(request, problem.detail, "error")
        except Refusal as refusal:
            say(request, str(refusal), "error")
        return RedirectResponse(f"{BASE}/systemic", status_code=303)

    def _take(self, told: list[ToldChange], *, by: Actor, as_list: bool = False) -> str:
        with self.boat.store.writing() as uow:
            taken = take_changes(uow, told, source="console", by=by, now=self.boat.clock.now(), as_list=as_list)
        known = f"，另有 {taken.known} 项此前已登记" if taken.known else ""
        return f"已登记 {taken.added} 项变更{known}。"

    def _look(self) -> dict[str, Any]:
        now, settings = self.boat.clock.now(), self.boat.settings
        with self.boat.store.reading() as uow:
            found = look_for_cause(uow, now=now, zone=settings.zone)
            figures = {one.name: one for one in figures_of(uow.dependencies.windows(now - SHOWN, now), now=now)}
            beats = uow.expected_beats.all()
            changes = uow.rule_changes.newest(limit=CHANGES_SHOWN)
            pings = uow.dependencies.pings()
        switches = {"patrol": settings.ping_url, "batch": settings.ping_batch_url}
        return {
            "found": found,
            "stages": {str(stage.number): f"{stage.number} {stage.word}" for stage in STAGES},
            "beats": [(row, words.BEATS[beat_of(row).state(now)]) for row in beats],
            "changes": changes,
            "dependencies": [(one, figures.get(one.name)) for one in settings.probed],
            "switches": [
                (words.SWITCHES[name], pings.get(name)) for name, url in switches.items() if url.get_secret_value()
            ],
        }
