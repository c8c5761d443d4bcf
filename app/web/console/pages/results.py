"""What the main system said of a batch: uploaded, shown before anything changes, applied, and repaired."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.batch.maker import Emptied, MakeOutcome, NotBegun, Nothing, Postponed, Published, Underway
from app.bootstrap import batch_maker, exports_of, headings_of, layouts_of, result_words_of
from app.domain.actor import Actor
from app.domain.problems import Problem
from app.handback.import_results import How, Report
from app.handback.read_results import Rest
from app.handback.upload import Upload, take_results
from app.orders.contradictions import Decision, settle_contradiction
from app.store.repositories.contradictions import ContradictionRow
from app.store.tables import Batch
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.kept_upload import kept_uploads_of
from app.web.console.page import ConsolePage, Frame
from app.web.console.pages.batches import published
from app.web.console.passport import passports_of
from app.web.console.routing import form_of, route
from app.web.console.said import say
from app.web.uploads import Uploads

SHOWN = 50
"""Lines of each kind on a preview; how many there are is told beside."""

LONGEST_TEXT = 60_000
"""Characters of a pasted list."""

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Failures:
    """Orders of a batch that the main system refused for one reason."""

    reason: str
    count: int


class ResultPages(ConsolePage):
    """The results of a batch."""

    path = "/batches"
    title = "导入结果"
    entry = "batches"

    def __init__(self, frame: Frame, uploads: Uploads) -> None:
        super().__init__(frame)
        self.uploads = uploads
        self._kept = kept_uploads_of(frame.boat)

    @route("/{name:str}/results", name="results")
    async def index(self, request: Request) -> Response:
        """Show what is known, and the form for more."""
        return self._shown(request, await self._of(request))

    @route("/{name:str}/results", name="results-preview", methods=("POST",))
    async def preview(self, request: Request) -> Response:
        """Show what an upload would do; nothing is changed by it."""
        batch, form = await self._of(request), form_of(request)
        data = form.file if form.file is not None else form.fields.get("text", "")[:LONGEST_TEXT].encode()
        if not data.strip():
            return self._shown(request, batch, status=422, refused="请选择文件，或把主系统的提示粘贴进来。")
        rest, by = _rest(form.fields), actor_of(request)
        upload = Upload(data, form.content_type, rest, How(None, dry_run=True), result_words_of(self.boat.settings))
        try:
            report = await self._reading(partial(self._take, batch["batch"].name, upload, by))
        except Problem as problem:
            return self._shown(request, batch, status=422, refused=problem.detail, errors=problem.errors[:SHOWN])
        kept = await run_in_threadpool(partial(self._kept.keep, data, bound_to=_bound(batch["batch"], by)))
        asks: dict[str, Any] = {"report": report, "kept": kept, "kind": form.content_type, "rest": rest, "lines": SHOWN}
        return self._shown(request, batch, **asks)

    @route("/{name:str}/results/apply", name="results-apply", methods=("POST",))
    async def apply(self, request: Request) -> Response:
        """Do what the preview has shown; what has changed meanwhile is asked again."""
        batch, form, by = await self._batch(request), await request.form(), actor_of(request)
        name, token = batch.name or "", str(form.get("kept") or "")
        back = RedirectResponse(f"{BASE}/batches/{name}/results", status_code=303)
        data = await run_in_threadpool(partial(self._kept.find, token, bound_to=_bound(batch, by)))
        if data is None:
            say(request, "预览已过期，什么都没有改，请重新上传。", "warning")
            return back
        confirm = str(form.get("confirm") or "")
        how = How(int(confirm) if confirm.isascii() and confirm.isdigit() and len(confirm) < 9 else None)  # noqa: PLR2004 - a count
        words = result_words_of(self.boat.settings)
        upload = Upload(data, str(form.get("kind") or ""), _rest(form), how, words)
        try:
            report = await self._reading(partial(self._take, name, upload, by))
        except Problem as problem:
            say(request, f"没有应用：{problem.detail}", "error")
            return back
        await run_in_threadpool(self._kept.forget, token)
        say(request, _done(report))
        return back

    @route("/{name:str}/repair", name="repair", methods=("POST",))
    async def repair(self, request: Request) -> Response:
        """Make a batch of the orders that the main system refused."""
        batch = await self._batch(request)
        maker = batch_maker(self.boat)
        outcome = await run_in_threadpool(
            partial(maker.repair, batch.name or "", by=actor_of(request), now=self.boat.clock.now())
        )
        where = _tell(request, [] if isinstance(outcome, Nothing) else [outcome], nothing="没有需要补录的订单。")
        return RedirectResponse(f"{BASE}/batches/{where or f'{batch.name}/results'}", status_code=303)

    @route("/make", name="batch-now", methods=("POST",))
    async def make(self, request: Request) -> Response:
        """Make a batch now instead of at the half hour."""
        maker = batch_maker(self.boat)
        outcomes = await run_in_threadpool(partial(maker.run_once, self.boat.clock.now(), by=actor_of(request)))
        where = _tell(request, outcomes, nothing="没有等待出批的订单。")
        return RedirectResponse(f"{BASE}/batches{'/' + where if where else ''}", status_code=303)

    @route("/{name:str}/results/settle", name="contradiction-settle", methods=("POST",))
    async def settle(self, request: Request) -> Response:
        """Decide about a word that contradicts what is known."""
        batch, form = await self._batch(request), await request.form()
        row, choice = str(form.get("id") or ""), str(form.get("decision") or "")
        reason = str(form.get("reason") or "").strip()[:_LONGEST_REASON]
        decisions: dict[str, Decision] = {"keep": "keep", "take": "take"}
        if choice not in decisions or not row.isascii() or not row.isdigit() or len(row) > 18:  # noqa: PLR2004 - 64 bits
            raise HTTPException(404)
        if not reason:
            say(request, "请写明原因，会留在订单的全程里。", "error")
        else:
            try:
                found = await run_in_threadpool(
                    partial(self._settle, int(row), decisions[choice], reason, actor_of(request))
                )
            except Problem as problem:
                say(request, problem.detail, "error")
            else:
                taken = "采纳了新的说法" if choice == "take" else "维持原状"
                say(request, f"{found.order_number}：{taken}。")
        return RedirectResponse(f"{BASE}/batches/{batch.name}/results#contradictions", status_code=303)

    # ---- what lies under -------------------------------------------------------------------------------------------

    async def _reading(self, take: Callable[[], Report]) -> Report:
        async with self.uploads.one():
            return await self.uploads.reading(take)

    def _take(self, name: str, upload: Upload, by: Actor) -> Report:
        boat = self.boat
        exports, layouts = exports_of(boat.settings), layouts_of(boat.settings)
        more: dict[str, Any] = {"headings": headings_of(boat.settings), "by": by, "now": boat.clock.now()}
        return take_results(boat.store, exports, layouts, name, upload, **more)

    def _settle(self, row: int, decision: Decision, reason: str, by: Actor) -> ContradictionRow:
        with self.boat.store.writing() as uow:
            return settle_contradiction(uow, row, decision, reason=reason, by=by, now=self.boat.clock.now())

    async def _of(self, request: Request) -> dict[str, Any]:
        return await run_in_threadpool(self._known, request.path_params["name"])

    async def _batch(self, request: Request) -> Batch:
        def find() -> Batch:
            with self.boat.store.reading() as uow:
                return published(uow, request.path_params["name"])

        return await run_in_threadpool(find)

    def _known(self, name: str) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            batch = published(uow, name)
            return {
                "batch": batch,
                "passport": passports_of(uow, [batch])[batch.id or 0],
                "failures": _failures(uow, batch),
                "contradictions": uow.contradictions.of_batch(batch.id or 0, limit=SHOWN),
            }

    def _shown(self, request: Request, known: dict[str, Any], *, status: int = 200, **more: Any) -> Response:  # noqa: ANN401 - what the template shows
        nothing = {"report": None, "refused": "", "errors": ()}
        title = f"{known['batch'].name} 导入结果"
        return self.render(request, "results.html", status=status, **{**known, **nothing, "title": title, **more})


def _failures(uow: UnitOfWork, batch: Batch) -> list[Failures]:
    """Return what the main system refused and nobody has repaired, by reason, the commonest first."""
    failed = uow.results.failed_in(batch.id or 0)
    words = uow.results.last_words(batch.id or 0, failed)
    found = Counter((word.reason or "").strip() or "没有说明原因" for word in words.values())
    return [Failures(reason, count) for reason, count in found.most_common(SHOWN)]


def _rest(fields: Mapping[str, object]) -> Rest:
    return "imported" if fields.get("rest") == "imported" else "untouched"


def _bound(batch: Batch, by: Actor) -> str:
    return f"{batch.name} {by.name}"


def _done(report: Report) -> str:
    parts = [f"已应用 {report.applied} 笔"]
    if report.unchanged:
        parts.append(f"{report.unchanged} 笔与已知相同")
    if report.unmatched:
        parts.append(f"{len(report.unmatched)} 行没有采用")
    if report.conflicts:
        parts.append(f"{len(report.conflicts)} 笔与已知矛盾，等人裁定")
    return "，".join(parts) + "。"


def _tell(request: Request, outcomes: list[MakeOutcome], *, nothing: str) -> str | None:
    """Say what came of making batches; return the one that came out."""
    where = None
    for outcome in outcomes:
        match outcome:
            case Published(manifest=manifest):
                where = str(manifest["batch"])
                say(request, f"批次 {where} 已生成：{manifest['orders']} 笔。")
            case Postponed(name, _, _, advice):
                say(request, f"批次 {name} 暂时无法写出，后台会自动重试；{advice}。", "error")
            case NotBegun(reason):
                say(request, f"{reason}。批次未能开始，订单未受影响；改正后自动生成。", "error")
            case Underway(name):
                say(request, f"批次 {name} 正在生成，稍后刷新即可看到。", "info")
            case Emptied(name, held):
                say(request, f"批次 {name} 没有可写出的订单，{held} 笔待人工确认。", "warning")
    if not outcomes:
        say(request, nothing, "info")
    return where
