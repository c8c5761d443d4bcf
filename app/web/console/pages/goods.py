"""商品: what was ordered by SKU, what of it is held or home, and where more is sold than the stock list has."""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.csv_cell import defuse
from app.domain.goods import WARN_AT_PERCENT
from app.domain.problems import Problem
from app.reconcile.stock import (
    SHOWN,
    StockChange,
    StockList,
    UnreadableStock,
    list_stock,
    look_at_stock,
    read_stock_apart,
)
from app.store.repositories.goods import SkuLine
from app.store.tables import Incident
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.kept_upload import kept_uploads_of
from app.web.console.page import ConsolePage, Frame, with_query
from app.web.console.routing import form_of, route
from app.web.console.said import say
from app.web.console.sheet import as_download, sheet_of_lines
from app.web.uploads import Uploads

PAGE = 50
MOST_SHORT = 50
MOST_HELD = 5000
"""Held orders that are summed for a page; beyond, it says that there are more."""

MOST_UNREAD = 20
MOST_EXPORTED = 100_000
"""Rows of an export; a shop has fewer goods."""

HEADINGS = ("商品编码", "名称", "已受理", "待人工确认", "已进主系统", "已取消或关闭", "库存", "超出库存")


class GoodsPages(ConsolePage):
    """The goods of the open incident, or of one that is named."""

    path = "/goods"
    title = "商品"
    entry = "goods"

    def __init__(self, frame: Frame, uploads: Uploads) -> None:
        super().__init__(frame)
        self.uploads = uploads
        self._kept = kept_uploads_of(frame.boat)

    @route("", name="goods")
    async def index(self, request: Request) -> Response:
        """Show the figures, most ordered first, and above them what runs short."""
        return await self._shown(request)

    @route("/export", name="goods-export")
    async def export(self, request: Request) -> Response:
        """Give all figures as CSV; there is nobody's data in it."""
        name, data = await run_in_threadpool(self._exported, request.query_params.get("incident"))
        return as_download(data, f"skus-{name}")

    @route("/stock", name="stock-preview", methods=("POST",))
    async def preview(self, request: Request) -> Response:
        """Show what a stock list would change; nothing is changed by it."""
        form = form_of(request) if hasattr(request.state, "form") else None
        if form is None or form.file is None:
            return await self._shown(request, status=422, refused="请选择库存表（CSV 或 XLSX）。")
        data, by = form.file, actor_of(request)
        try:
            found, change = await self._look(data)
        except (Problem, UnreadableStock) as problem:
            return await self._shown(request, status=422, refused=str(problem))
        kept = await run_in_threadpool(partial(self._kept.keep, data, bound_to=_bound(by)))
        return self.render(request, "goods_stock.html", found=found, change=change, kept=kept, lines=SHOWN)

    @route("/stock/apply", name="stock-apply", methods=("POST",))
    async def apply(self, request: Request) -> Response:
        """List the stock that was looked at."""
        back = RedirectResponse(f"{BASE}/goods", status_code=303)
        token, by = str((await request.form()).get("kept") or ""), actor_of(request)
        data = await run_in_threadpool(partial(self._kept.find, token, bound_to=_bound(by)))
        if data is None:
            say(request, "预览已过期，什么都没有改，请重新上传。", "warning")
            return back
        try:
            found, _ = await self._look(data)
        except (Problem, UnreadableStock) as problem:
            say(request, f"没有应用：{problem}", "error")
            return back
        await run_in_threadpool(self._list, found, by)
        await run_in_threadpool(self._kept.forget, token)
        say(request, f"库存表已更新：{len(found.stock)} 个商品。要撤销请在下面移除，或重新上传旧表。")
        return back

    @route("/stock/clear", name="stock-clear", methods=("POST",))
    async def clear(self, request: Request) -> Response:
        """Take the stock list away: nothing is compared with it any more."""
        await run_in_threadpool(self._list, StockList({}, (), ()), actor_of(request))
        say(request, "库存表已移除，不再提示超卖；重新上传即可恢复。")
        return RedirectResponse(f"{BASE}/goods", status_code=303)

    # ---- what lies under -------------------------------------------------------------------------------------------

    async def _shown(self, request: Request, *, status: int = 200, refused: str = "") -> Response:
        below = _below(request.query_params.get("below", ""))
        shown = await run_in_threadpool(self._figures, request.query_params.get("incident"), below)
        rows: list[SkuLine] = shown["rows"]
        last = rows[PAGE - 1] if len(rows) > PAGE else None
        more = with_query(request, below=f"{last.accepted}.{last.sku}") if last else None
        context = {**shown, "rows": rows[:PAGE], "more": more, "paged": below, "refused": refused}
        return self.render(request, "goods.html", status=status, warn_at=WARN_AT_PERCENT, **context)

    def _figures(self, name: str | None, below: tuple[int, str] | None) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            incident = _incident(uow, name)
            listed = uow.goods.stock_listed()
            if incident is None:
                return {"incident": None, "rows": [], "short": [], "listed": listed, "over": 0, "unread": []}
            which = incident.id or 0
            over, near = uow.goods.short_count(which)
            held, all_held = uow.goods.held(which, at_most=MOST_HELD)
            return {
                "incident": incident,
                "rows": uow.goods.most_sold(which, below=below, limit=PAGE + 1),
                "counted": uow.goods.orders_counted(which),
                "short": uow.goods.short(which, limit=MOST_SHORT) if over or near else [],
                "over": over,
                "near": near,
                "held": held,
                "all_held": all_held,
                "most_held": MOST_HELD,
                "unread": uow.goods.unread(which, limit=MOST_UNREAD),
                "listed": listed,
            }

    def _exported(self, name: str | None) -> tuple[str, bytes]:
        lines: list[tuple[object, ...]] = []
        with self.boat.store.reading() as uow:
            incident = _incident(uow, name)
            if incident is not None:
                held, _ = uow.goods.held(incident.id or 0, at_most=MOST_EXPORTED)
                for one in uow.goods.by_sku(incident.id or 0, limit=MOST_EXPORTED):
                    stock = ("", "") if one.stock is None else (one.stock, one.beyond)
                    figures = (one.accepted, held[one.sku], one.home, one.closed, *stock)
                    lines.append((defuse(one.sku), defuse(one.name), *figures))
        return incident.name if incident else "none", sheet_of_lines(HEADINGS, lines)

    async def _look(self, data: bytes) -> tuple[StockList, StockChange]:
        async with self.uploads.one():
            found = await self.uploads.reading(partial(read_stock_apart, data))

        def compare() -> StockChange:
            with self.boat.store.reading() as uow:
                return look_at_stock(uow, found.stock)

        return found, await run_in_threadpool(compare)

    def _list(self, found: StockList, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            list_stock(uow, found.stock, by=by, now=self.boat.clock.now())


def _incident(uow: UnitOfWork, name: str | None) -> Incident | None:
    return uow.incidents.named(name[:32].replace("\x00", "")) if name else uow.incidents.latest()


def _below(text: str) -> tuple[int, str] | None:
    """Return the figures of the last row seen, None where the address holds none or nonsense."""
    pieces, _, sku = text.partition(".")
    if not (pieces.isascii() and pieces.isdigit() and len(pieces) < 19):  # noqa: PLR2004 - fits 64 bits
        return None
    return int(pieces), sku[:64].replace("\x00", "")


def _bound(by: Actor) -> str:
    return f"stock {by.name}"
