"""The list of orders, its filters, and the search that puts no telephone number into an address."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.phone import NotAPhone, phone_of
from app.orders.find import find_orders
from app.store.repositories.overview import OrderFilter, OrderListRow
from app.store.repositories.overview import RowPage as Rows
from app.store.unit_of_work import UnitOfWork
from app.web.console.filters import BASE, harmless
from app.web.console.page import cursor_of, with_query
from app.web.console.pages.order import OrderDetail
from app.web.console.routing import route

_SPANS = {"incident": "本次事件", "today": "今天", "all": "全部"}
_LONGEST_SEARCH = 128


@dataclass(frozen=True, slots=True)
class Listed:
    """Orders to show, and the names of what they belong to."""

    page: Rows[OrderListRow]
    clients: dict[str, str]
    batches: dict[int, str]
    incident: str | None = None


class OrderPages(OrderDetail):
    """Orders: the list, the search, and (inherited) the page of each."""

    path = "/orders"
    title = "订单"
    entry = "orders"

    @route("", name="orders")
    async def index(self, request: Request) -> Response:
        """List orders, newest first."""
        query = request.query_params
        span = query.get("span") if query.get("span") in _SPANS else "incident"
        state = query.get("state") if query.get("state") in words.ORDER_STATES else None
        priority = "high" if query.get("priority") == "high" else None
        batch = query.get("batch")
        customer = _mark_of(query.get("customer"))
        if customer:
            listed = await run_in_threadpool(self._of_customer, customer)
        else:
            listed = await run_in_threadpool(
                self._page, span or "incident", state, priority, batch=batch, before=cursor_of(request)
            )
        more = with_query(request, before=listed.page.before) if listed.page.before else None
        shown: dict[str, Any] = {"span": span, "state": state, "priority": priority, "batch": batch}
        pages: dict[str, Any] = {"more": more, "paged": cursor_of(request), "first": with_query(request, before=None)}
        return self.render(
            request, "orders.html", listed=listed, customer=bool(customer), spans=_SPANS, **shown, **pages
        )

    @route("/search", name="orders-search", methods=("POST",))
    async def search(self, request: Request) -> Response:
        """Find orders by order number or its beginning, the shop's number, or the phone."""
        form = await request.form()
        text = str(form.get("q") or "").strip()[:_LONGEST_SEARCH].replace("\x00", "")
        if not text:
            return RedirectResponse(f"{BASE}/orders", status_code=303)
        try:
            mark = self.boat.keyring.phone_index(phone_of(text))
        except NotAPhone:
            pass
        else:  # the mark finds the customer and tells nobody who it is
            return RedirectResponse(f"{BASE}/orders?customer={mark.hex()}", status_code=303)
        listed = await run_in_threadpool(self._named, text)
        if len(listed.page.rows) == 1:
            return RedirectResponse(f"{BASE}/orders/{listed.page.rows[0].number}", status_code=303)
        return self.render(request, "orders.html", listed=listed, spans=_SPANS, searched=harmless(text, 64))

    def _page(
        self, span: str, state: str | None, priority: str | None, *, batch: str | None, before: int | None
    ) -> Listed:
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            if batch is not None:
                found = uow.batches.named(batch[:32].replace("\x00", ""))
                if found is None:
                    raise HTTPException(404)
                wanted = OrderFilter(batch_id=found.id, state=state, priority=priority)
                return _listed(uow, uow.overview.orders(wanted, before=before))
            incident = uow.incidents.latest() if span == "incident" else None
            since = self._midnight(now) if span == "today" else None
            wanted = OrderFilter(
                state=state, priority=priority, since=since, incident_id=incident.id if incident else None
            )
            page = uow.overview.orders(wanted, before=before)
            return _listed(uow, page, incident=incident.name if incident else None)

    def _of_customer(self, mark: bytes) -> Listed:
        with self.boat.store.reading() as uow:
            return _listed(uow, Rows(tuple(uow.overview.orders_of_customer(mark)), None))

    def _named(self, text: str) -> Listed:
        with self.boat.store.reading() as uow:
            rows = find_orders(uow, self.boat.keyring, text, prefix=self.boat.settings.order_prefix)
            return _listed(uow, Rows(tuple(rows), None))

    def _midnight(self, now: datetime) -> datetime:
        return now.astimezone(self.boat.settings.zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _listed(uow: UnitOfWork, page: Rows[OrderListRow], *, incident: str | None = None) -> Listed:
    batches = uow.overview.batch_names(sorted({row.batch_id for row in page.rows if row.batch_id}))
    return Listed(page, uow.access.client_names(), batches, incident)


def _mark_of(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text[:64]) if text else None
    except ValueError:
        return None
