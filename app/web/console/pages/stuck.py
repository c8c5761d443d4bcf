"""现在卡在哪里: stuck orders by type and by whose they are, with what to say; and the table by which that is told."""

from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.csv_cell import defuse
from app.domain.marks import STAGES
from app.domain.problems import Problem
from app.watch.promises import promises_within
from app.watch.triage.look import StuckGroup, StuckNow, stuck_now, worded
from app.watch.triage.review import LONGEST, LineWording, is_stale, review_line
from app.watch.triage.table import table_in_force
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say
from app.web.console.sheet import as_download, sheet_of_lines

SHOWN = 8
"""Orders that are named beneath a group."""

SHOWN_ALONE = 500
"""Orders of a page of one group."""

WITHIN = (2, 4, 8, 24, 72)
"""Hours that may be looked ahead."""

HEADINGS = ("单号", "渠道", "环节", "已停留（分钟）", "类型", "责任方", "状态", "下一步")


class StuckPages(ConsolePage):
    """What orders are stuck on, and the table by which that is told."""

    path = "/stuck"
    title = "现在卡在哪里"
    entry = "health"

    @route("", name="stuck")
    async def index(self, request: Request) -> Response:
        """Show the groups, or the orders of one."""
        shown = await run_in_threadpool(self._look)
        chosen = request.query_params.get("type", "")[:32]
        found: StuckNow = shown["found"]
        group = next((one for one in found.groups if one.line.code == chosen), None)
        return self.render(request, "stuck.html", **shown, group=group, most=SHOWN_ALONE if group else SHOWN)

    @route("/export", name="stuck-export")
    async def export(self, _request: Request) -> Response:
        """Give all stuck orders as CSV; there is nobody's data in it."""
        data = await run_in_threadpool(self._exported)
        return as_download(data, "stuck")

    @route("/table", name="stuck-table")
    async def table(self, request: Request) -> Response:
        """Show the table: each type, whose it is, what to say and what comes next; to print and to word anew."""
        return self.render(request, "stuck_table.html", **await run_in_threadpool(self._table), title="对照表")

    @route("/table/{code:str}", methods=("POST",), name="stuck-review")
    async def review(self, request: Request) -> Response:
        """Word a line anew, or say that it is right as it stands."""
        form, code = await request.form(), request.path_params["code"][:32]
        wording = LineWording(**{name: str(form.get(name) or "")[: 4 * most] for name, most in LONGEST.items()})
        seen = str(form.get("seen") or "0")
        try:
            await run_in_threadpool(
                self._review, code, wording, int(seen) if seen.isdecimal() else -1, actor_of(request)
            )
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            say(request, "已保存，页面和接口立即使用新的内容；旧的内容留在审计里。")
        return RedirectResponse(f"{BASE}/stuck/table#{code}", status_code=303)

    @route("/promises", name="promises")
    async def promises(self, request: Request) -> Response:
        """Show which promises are broken, and which break within the hours that were chosen."""
        asked = request.query_params.get("hours", "")
        hours = int(asked) if asked in {str(one) for one in WITHIN} else WITHIN[1]
        shown = await run_in_threadpool(self._promises, hours)
        return self.render(request, "promises.html", **shown, hours=hours, choices=WITHIN, title="承诺发货时间")

    # ---- what lies under -------------------------------------------------------------------------------------------

    def _look(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        table, wrong = table_in_force(self.boat.settings.triage_table)
        with self.boat.store.reading() as uow:
            found = stuck_now(uow, table, now=now)
        stale = {one.line.code for one in found.groups if is_stale(one.reviewed, now=now)}
        return {"found": found, "table": table, "wrong": wrong, "stale": stale, "stages": _stage_words()}

    def _promises(self, hours: int) -> dict[str, Any]:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            found = promises_within(uow, timedelta(hours=hours), now=now)
        return {"found": found, "now": now, "stages": _stage_words()}

    def _table(self) -> dict[str, Any]:
        now = self.boat.clock.now()
        table, wrong = table_in_force(self.boat.settings.triage_table)
        with self.boat.store.reading() as uow:
            wordings = uow.triage.latest()
        lines = worded(table, wordings)
        stale = {line.code for line in lines if is_stale(wordings.get(line.code), now=now)}
        return {"lines": lines, "wordings": wordings, "stale": stale, "wrong": wrong, "longest": LONGEST}

    def _review(self, code: str, wording: LineWording, seen: int, by: Actor) -> None:
        table, _ = table_in_force(self.boat.settings.triage_table)
        with self.boat.store.writing() as uow:
            review_line(uow, table, code, wording, seen=seen, by=by, now=self.boat.clock.now())

    def _exported(self) -> bytes:
        shown = self._look()
        found: StuckNow = shown["found"]
        word = shown["table"].word
        return sheet_of_lines(HEADINGS, (line for group in found.groups for line in _lines(group, word)))


def _lines(group: StuckGroup, word: Any) -> list[tuple[object, ...]]:  # noqa: ANN401 - a method of the table
    line, words = group.line, _stage_words()
    return [
        (
            *(defuse(one.ref), defuse(one.channel), words[str(one.stage)], int(one.waited.total_seconds() // 60)),
            *(line.type, line.owner),
            defuse("；".join(word(fact, code) for fact, code in sorted(one.said.items()) if fact != "transaction_id")),
            line.next,
        )
        for one in group.orders
    ]


def _stage_words() -> dict[str, str]:
    return {str(stage.number): stage.word for stage in STAGES}
