"""导入订单: a spreadsheet of orders is looked at row by row, then goes through the intake, which takes none twice."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Problem, Refusal
from app.intake.accept import Intake
from app.intake.import_orders import Foreseen, Imported, foresee, import_orders
from app.intake.order_file import LABELS, OrderFile, read_orders_apart
from app.intake.taken import record_by_file
from app.store.database.engine import StoreAway
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.kept_upload import kept_uploads_of
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import form_of, route
from app.web.console.said import say
from app.web.console.sheet import as_download, sheet_of_lines
from app.web.uploads import Uploads

log = structlog.get_logger()

SHOWN = 100
"""Wrong rows on a page; how many there are is told beside."""

FIRST = 10
"""Orders shown of a file, so that one sees whether its columns were understood."""

TOLD = 5
"""Rows refused at last that are told in a sentence."""

EXAMPLE = {
    "shop_number": "示例行，请删除",
    "phone": "手机号 11 位",
    "name": "张三",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "address": "文三路 1 号",
    "sku": "A-1001",
    "title": "跑步鞋 42",
    "quantity": "1",
    "unit_price": "599.00",
    "status": "已付款",
}
"""The line below the headings of the template; whoever leaves it there is told of a wrong row, and sends nothing."""


class OrdersImportPage(ConsolePage):
    """Upload, preview, import."""

    path = "/orders/import"
    title = "导入订单"
    entry = "orders"

    def __init__(self, frame: Frame, uploads: Uploads, intake: Intake) -> None:
        super().__init__(frame)
        self.uploads = uploads
        self._intake = intake
        self._kept = kept_uploads_of(frame.boat)

    @route("", name="orders-import")
    async def index(self, request: Request) -> Response:
        """Show the form."""
        return self._shown(request)

    @route("/template", name="orders-import-template")
    async def template(self, _request: Request) -> Response:
        """Give a sheet to fill in."""
        example = (EXAMPLE.get(field, "") for field in LABELS)
        return as_download(sheet_of_lines(LABELS.values(), [example]), "orders-template")

    @route("", name="orders-import-preview", methods=("POST",))
    async def preview(self, request: Request) -> Response:
        """Show what a file would become; nothing is accepted by it."""
        form = form_of(request) if hasattr(request.state, "form") else None
        if form is None or form.file is None:
            return self._shown(request, status=422, refused="请选择订单文件（CSV 或 XLSX）。")
        try:
            found, foreseen = await self._look(form.file)
        except (Problem, Refusal) as problem:
            return self._shown(request, status=422, refused=str(problem))
        bound = _bound(actor_of(request))
        kept = await run_in_threadpool(partial(self._kept.keep, form.file, bound_to=bound))
        return self._shown(request, found=found, foreseen=foreseen, kept=kept)

    @route("/apply", name="orders-import-apply", methods=("POST",))
    async def apply(self, request: Request) -> Response:
        """Import what was looked at; a click too many, or a kill in between, does no harm."""
        back = RedirectResponse(f"{BASE}/orders/import", status_code=303)
        token, by = str((await request.form()).get("kept") or ""), actor_of(request)
        data = await run_in_threadpool(partial(self._kept.find, token, bound_to=_bound(by)))
        if data is None:
            say(request, "预览已过期，什么都没有受理，请重新上传。", "warning")
            return back
        try:
            found, _ = await self._look(data)
        except (Problem, Refusal) as problem:
            say(request, f"没有受理：{problem}", "error")
            return back

        async def record(rows: Mapping[str, int]) -> None:
            await run_in_threadpool(self._record, rows, by)

        done = await import_orders(self._intake, found.orders, record=record)
        _tell(request, found, done)
        if not done.stopped:
            await run_in_threadpool(self._kept.forget, token)
            return RedirectResponse(f"{BASE}/orders", status_code=303)
        return back

    # ---- what lies under -------------------------------------------------------------------------------------------

    def _shown(self, request: Request, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        known: dict[str, Any] = {"refused": "", "found": None, "foreseen": None, "kept": "", "labels": LABELS}
        shown = {"lines": SHOWN, "first": FIRST}
        return self.render(request, "orders_import.html", status=status, **shown, **{**known, **context})

    async def _look(self, data: bytes) -> tuple[OrderFile, Foreseen]:
        async with self.uploads.one():
            found = await self.uploads.reading(partial(read_orders_apart, data, "控制台上传"))
            return found, await run_in_threadpool(self._foresee, found)

    def _foresee(self, found: OrderFile) -> Foreseen:
        with self.boat.store.reading() as uow:
            return foresee(uow, self._intake, found)

    def _record(self, rows: Mapping[str, int], by: Actor) -> None:
        """Write down who imported orders; one that is on disk is not refused because that fails."""
        try:
            with self.boat.store.writing() as uow:
                record_by_file(uow, rows, file="控制台上传", by=by, now=self.boat.clock.now())
        except StoreAway as error:
            log.warning("import_not_recorded", orders=len(rows), by=by.name, reason=type(error).__name__)


def _tell(request: Request, found: OrderFile, done: Imported) -> None:
    wrong = (*found.wrong, *done.refused)
    told = f"受理 {done.accepted:,} 笔；此前已受理 {done.replayed:,} 笔，没有重复受理"
    if wrong:
        some = "；".join(f"第 {one.row} 行 {one.column}：{one.why}" for one in wrong[:TOLD])
        told += f"。{len(wrong):,} 处有误，没有受理：{some}"
        told += " 等" if len(wrong) > TOLD else ""
    say(
        request,
        f"{told}。" + ("改好有误的行，再导入同一份文件即可。" if wrong else ""),
        "warning" if wrong else "success",
    )
    if done.stopped:
        say(
            request,
            f"还有 {done.left:,} 笔没有受理：{done.stopped}请稍后重新上传同一份文件，已受理的不会重复。",
            "error",
        )


def _bound(by: Actor) -> str:
    return f"orders {by.name}"
