"""机器人与通知: who is told and by which robot, changed in the worst hour without a shell, and tried at once."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.kept_settings import begin_test, end_test
from app.bootstrap.set_now import (
    TriedExit,
    add_robots,
    answer_in_words,
    change,
    forget,
    remove_robot,
    send_test,
    setting_lines,
    target_named,
)
from app.domain.actor import Actor
from app.domain.outcome import Delivered
from app.domain.problems import Problem, Refusal
from app.settings.kept import KEPT, LONGEST_TEXT
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say

_LONGEST_NAME = 80


class KeptSettingsPage(ConsolePage):
    """Each setting with where its value comes from, a form, and a test; lines of alerts have a page of their own."""

    path = "/kept"
    title = "机器人与通知"
    entry = "settings"

    @route("", name="kept")
    async def index(self, request: Request) -> Response:
        """Show what is set now; of a robot's address host and last four alone."""
        lines = [one for one in await run_in_threadpool(setting_lines, self.boat) if one.kind != "lines"]
        sends = any(one.targets for one in lines if one.kind == "robots")
        return self.render(request, "kept_settings.html", lines=lines, sends=sends)

    @route("/change", name="kept-change", methods=("POST",))
    async def change(self, request: Request) -> Response:
        """Set a value, add robots, or take one out."""
        form = await request.form()
        name, value = (str(form.get(key) or "")[: LONGEST_TEXT + 1] for key in ("name", "value"))
        how, target = (str(form.get(key) or "")[:_LONGEST_NAME] for key in ("how", "target"))
        by, boat = actor_of(request), self.boat

        def act() -> str:
            if how == "remove":
                done = remove_robot(boat, name, target, by=by)
                return f"已移除，{done.word}现在是：{done.told}。等它发的消息改由余下的第一个机器人发出。"
            done = add_robots(boat, name, value, by=by) if how == "add" else change(boat, name, value, by=by)
            return f"{done.word}已改为：{done.told}，几秒内生效。建议随即“测试发送”。"

        return await self._done(request, act)

    @route("/forget", name="kept-forget", methods=("POST",))
    async def forget(self, request: Request) -> Response:
        """Return a setting to what ``.env`` says."""
        name, by = str((await request.form()).get("name") or ""), actor_of(request)

        def act() -> str:
            forget(self.boat, name[:_LONGEST_NAME], by=by)
            word = KEPT[name].word if name in KEPT else "设置"
            return f"{word}已恢复为 .env 的值，几秒内生效。"

        return await self._done(request, act)

    @route("/test", name="kept-test", methods=("POST",))
    async def test(self, request: Request) -> Response:
        """Send one test message now, and say what the provider answered."""
        name, by = str((await request.form()).get("target") or "")[:_LONGEST_NAME], actor_of(request)
        try:
            target = await run_in_threadpool(self._begin, name, by)
        except (Refusal, Problem) as refusal:
            say(request, str(refusal), "error")
            return self._back()
        outcome = await send_test(self.boat, target)
        answer = answer_in_words(outcome)
        await run_in_threadpool(self._end, target, answer, by)
        say(
            request,
            f"测试消息（{target.told}）：{answer}。",
            "success" if isinstance(outcome, Delivered) else "warning",
        )
        return self._back()

    def _begin(self, name: str, by: Actor) -> TriedExit:
        target = target_named(self.boat, name)
        with self.boat.store.writing() as uow:
            begin_test(uow, target.name, told=target.told, by=by, now=self.boat.clock.now())
        return target

    def _end(self, target: TriedExit, answer: str, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            end_test(uow, target.name, answer=answer, by=by, now=self.boat.clock.now())

    async def _done(self, request: Request, act: Callable[[], str]) -> Response:
        try:
            say(request, await run_in_threadpool(act))
        except (Refusal, Problem) as refusal:
            say(request, str(refusal), "error")
        return self._back()

    def _back(self) -> Response:
        return RedirectResponse(f"{BASE}/kept", status_code=303)
