"""导入事件: a list of lifecycle events is looked at, then taken bit by bit; the same again takes what was left."""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.csv_cell import defuse, on_one_line
from app.domain.problems import Problem, Refusal
from app.watch.stages.event_columns import COLUMNS
from app.watch.stages.events_file import DEFAULT_SOURCE, EventsFile, SaidAtUpload, read_events_apart
from app.watch.stages.import_events import EventsForeseen, EventsImported, foresee_events, import_events
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.kept_upload import kept_uploads_of
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import form_of, route
from app.web.console.said import say
from app.web.console.sheet import as_download, sheet_of_lines
from app.web.uploads import Uploads

SHOWN = 100
"""Wrong rows on a page; all of them are in the file of errors."""

AT_MOST = 10_000
"""New events that one press takes, some seconds; the page then goes on by itself."""

TEMPLATE_HEADINGS = ("订单号", "环节", "时间", "渠道", "来源", "事件编号")
EXAMPLES = (
    ("示例行，请删除", "下单", "示例 2026-11-22 09:00:00", "天猫旗舰店", "", ""),
    ("示例行，请删除", "付款", "示例 2026-11-22 09:01:30", "天猫旗舰店", "", ""),
)
"""The lines below the headings of the template; whoever leaves them there is told of two wrong rows."""

ERROR_HEADINGS = ("行", "列", "代码", "原因")
_LONGEST_NAME = 200


class EventsImportPage(ConsolePage):
    """Upload, preview, import."""

    path = "/health/events"
    title = "导入事件"
    entry = "health"

    def __init__(self, frame: Frame, uploads: Uploads) -> None:
        super().__init__(frame)
        self.uploads = uploads
        self._kept = kept_uploads_of(frame.boat)

    @route("", name="events-import")
    async def index(self, request: Request) -> Response:
        """Show the form."""
        return self._shown(request)

    @route("/template", name="events-import-template")
    async def template(self, _request: Request) -> Response:
        """Give a sheet to fill in."""
        return _sheet("events-template", TEMPLATE_HEADINGS, EXAMPLES)

    @route("", name="events-import-preview", methods=("POST",))
    async def preview(self, request: Request) -> Response:
        """Show what a file would become; nothing is stored by it."""
        form = form_of(request) if hasattr(request.state, "form") else None
        if form is None or form.file is None:
            return self._shown(request, status=422, refused="请选择事件文件（CSV 或 XLSX）。")
        chosen = _chosen({**form.fields, "name": form.name})
        try:
            found = await self._read(form.file, chosen)
        except (Problem, Refusal) as problem:
            return self._shown(request, status=422, refused=str(problem), chosen=chosen)
        foreseen = await run_in_threadpool(self._foresee, found)
        bound = _bound(request)
        kept = await run_in_threadpool(partial(self._kept.keep, form.file, bound_to=bound))
        return self._shown(request, found=found, foreseen=foreseen, kept=kept, chosen=chosen)

    @route("/errors", name="events-import-errors", methods=("POST",))
    async def errors(self, request: Request) -> Response:
        """Give all rows of a previewed file that would be passed over, as a sheet."""
        asked = await self._again(request)
        if isinstance(asked, Response):
            return asked
        found, _, _ = asked
        foreseen = await run_in_threadpool(self._foresee, found)
        return _sheet("events-errors", ERROR_HEADINGS, foreseen.wrong)

    @route("/apply", name="events-import-apply", methods=("POST",))
    async def apply(self, request: Request) -> Response:
        """Take what was looked at, some of it at a time; a press too many, or a kill in between, does no harm."""
        asked = await self._again(request)
        if isinstance(asked, Response):
            return asked
        found, chosen, token = asked
        done = await run_in_threadpool(self._import, found, chosen["name"], request)
        taken = int(chosen["taken"] or 0) + done.applied
        if done.left and not done.stopped:
            chosen["taken"] = str(taken)
            return self._shown(request, going_on=done, found=found, kept=token, chosen=chosen)
        if done.stopped:
            say(
                request,
                f"还有 {done.left:,} 个事件没有导入：{done.stopped}再上传同一份文件即可，已导入的不会重复。",
                "error",
            )
            return RedirectResponse(f"{BASE}{self.path}", status_code=303)
        await run_in_threadpool(self._kept.forget, token)
        wrong = len(found.wrong) + len(done.wrong)
        known = len(found.events) - taken - len(done.wrong)
        say(
            request,
            f"导入 {taken:,} 个事件；此前已知 {max(known, 0):,} 个，没有改动"
            + (f"。{wrong:,} 处有误，没有导入，改好后再导入同一份文件即可。" if wrong else "。"),
            "warning" if wrong else "success",
        )
        return RedirectResponse(f"{BASE}/health", status_code=303)

    # ---- what lies under -------------------------------------------------------------------------------------------

    def _shown(self, request: Request, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        known: dict[str, Any] = {"refused": "", "found": None, "foreseen": None, "going_on": None, "kept": ""}
        known["chosen"] = _chosen({})
        names = dict(zip(COLUMNS, TEMPLATE_HEADINGS, strict=True)) | dict(words.MARKS)
        shown = {"lines": SHOWN, "names": names, "default_source": DEFAULT_SOURCE}
        return self.render(request, "events_import.html", status=status, **shown, **{**known, **context})

    async def _again(self, request: Request) -> tuple[EventsFile, dict[str, str], str] | Response:
        """Return what a previewed file says, what was chosen with it, and where it is kept; or the way back."""
        form = await request.form()
        chosen = _chosen({name: value for name, value in form.items() if isinstance(value, str)})
        token = str(form.get("kept") or "")
        data = await run_in_threadpool(partial(self._kept.find, token, bound_to=_bound(request)))
        back = RedirectResponse(f"{BASE}{self.path}", status_code=303)
        if data is None:
            say(request, "预览已过期，请重新上传同一份文件；已导入的不会重复。", "warning")
            return back
        try:
            return await self._read(data, chosen), chosen, token
        except (Problem, Refusal) as problem:
            say(request, f"没有导入：{problem}", "error")
            return back

    async def _read(self, data: bytes, chosen: dict[str, str]) -> EventsFile:
        said = SaidAtUpload(
            zone=self.boat.settings.zone,
            source=chosen["source"],
            channel=chosen["channel"],
            history=bool(chosen["history"]),
        )
        async with self.uploads.one():
            return await self.uploads.reading(partial(read_events_apart, data, said, now=self.boat.clock.now()))

    def _foresee(self, found: EventsFile) -> EventsForeseen:
        with self.boat.store.reading() as uow:
            return foresee_events(uow, found, now=self.boat.clock.now())

    def _import(self, found: EventsFile, name: str, request: Request) -> EventsImported:
        by, now = actor_of(request), self.boat.clock.now()
        return import_events(self.boat.store, found, name=name or "控制台上传", by=by, now=now, at_most=AT_MOST)


def _chosen(fields: dict[str, str]) -> dict[str, str]:
    """Return what a person chose beside the file, as every form of this page carries it on."""
    chosen = {name: fields.get(name, "").strip()[:_LONGEST_NAME] for name in ("source", "channel", "name", "taken")}
    taken = chosen["taken"]
    chosen["taken"] = taken if taken.isascii() and taken.isdigit() and len(taken) < 10 else ""  # noqa: PLR2004 - a count
    return {**chosen, "history": "1" if fields.get("history") else ""}


def _bound(request: Request) -> str:
    return f"events {actor_of(request).name}"


def _sheet(name: str, headings: tuple[str, ...], lines: Any) -> Response:  # noqa: ANN401 - rows of cells
    harmless = ([defuse(on_one_line(str(cell))) for cell in line] for line in lines)
    return as_download(sheet_of_lines(headings, harmless), name)
