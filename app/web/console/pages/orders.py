"""The list of orders, its filters, and the search that puts no telephone number into an address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.ledger import Ledger
from app.orders.export import MOST, export_orders
from app.orders.find import OfBatch, OfCustomer, find
from app.store.repositories.overview import OrderFilter, OrderListRow
from app.store.repositories.overview import RowPage as Rows
from app.store.tables import Batch, Incident
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless
from app.web.console.page import cursor_of, with_query
from app.web.console.pages.order import OrderDetail
from app.web.console.pages.order_choice import SPANS, Choice, chips_of, choice_of, filter_of
from app.web.console.pages.order_lines import OrderLine, lines_of, sheet_of
from app.web.console.routing import route
from app.web.console.sheet import as_download

_LONGEST_SEARCH = 128
NEW_AT_MOST = 999
"""New orders that are counted while somebody reads; more are shown with a plus sign."""

_PAGE_OF_A_SHEET = 500
_STRETCHES_OF_A_SHEET = 20
"""Looks into the past for one exported list; each is bounded, and so is their number."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Orders to show, and the names of what they belong to."""

    page: Rows[OrderListRow]
    lines: list[OrderLine]
    clients: dict[str, str]
    batches: dict[int, str]
    incident: str | None = None
    ledger: Ledger | None = None
    newest: int = 0


class OrderPages(OrderDetail):
    """Orders: the list, the search, and (inherited) the page of each."""

    path = "/orders"
    title = "订单"
    entry = "orders"

    @route("", name="orders")
    async def index(self, request: Request) -> Response:
        """List orders, newest first."""
        if customer := _mark_of(request.query_params.get("customer")):
            listed = await run_in_threadpool(self._of_customer, customer)
            return self._listing(request, listed, customer=True)
        choice = await self._choice(request)
        before = cursor_of(request)
        listed = await run_in_threadpool(self._page, choice, before)
        more = with_query(request, before=listed.page.before) if listed.page.before else None
        pages = {"more": more, "paged": before, "first": with_query(request, before=None)}
        chips = chips_of(choice, listed.ledger)
        return self._listing(request, listed, choice=choice, chips=chips, spans=SPANS, **pages)

    @route("/search", name="orders-search", methods=("POST",))
    async def search(self, request: Request) -> Response:
        """Find orders by whatever is at hand; one that is found alone is opened at once."""
        form = await request.form()
        text = str(form.get("q") or "").strip()[:_LONGEST_SEARCH].replace("\x00", "")
        if not text:
            return RedirectResponse(f"{BASE}/orders", status_code=303)
        found = await run_in_threadpool(self._find, text)
        if isinstance(found, OfCustomer):  # the mark finds the customer and tells nobody who it is
            return RedirectResponse(f"{BASE}/orders?customer={found.mark.hex()}", status_code=303)
        if isinstance(found, OfBatch):
            return RedirectResponse(f"{BASE}/batches/{found.name}", status_code=303)
        if len(found.page.rows) == 1:
            return RedirectResponse(f"{BASE}/orders/{found.page.rows[0].number}", status_code=303)
        return self._listing(request, found, searched=harmless(text, 64))

    @route("/fresh", name="orders-fresh")
    async def fresh(self, request: Request) -> Response:
        """Say how many orders of this list have come since its page was made, so that no row moves under a finger."""
        choice = await self._choice(request)
        after = request.query_params.get("after", "")
        after_id = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0  # noqa: PLR2004 - 64 bits
        new = await run_in_threadpool(self._newer, choice, after_id)
        return self.render(request, "orders_fresh.html", new=new, most=NEW_AT_MOST, choice=choice)

    @route("/export", name="orders-export", methods=("POST",))
    async def export(self, request: Request) -> Response:
        """Hand out this list as a file, its customers masked, and write down who took it."""
        choice = await self._choice(request)
        sheet = await run_in_threadpool(self._sheet, choice, actor_of(request))
        now = self.boat.clock.now().astimezone(self.boat.settings.zone)
        return as_download(sheet, f"orders-{now:%Y%m%d-%H%M%S}")

    def _listing(self, request: Request, listed: Listed, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        known: dict[str, Any] = {"choice": None, "customer": False, "searched": None, "most": MOST}
        return self.render(request, "orders.html", listed=listed, **{**known, **context})

    async def _choice(self, request: Request) -> Choice:
        clients = await run_in_threadpool(self._clients)
        return choice_of(request.query_params, zone=self.boat.settings.zone, clients=clients)

    def _clients(self) -> dict[str, str]:
        with self.boat.store.reading() as uow:
            return uow.access.client_names()

    def _page(self, choice: Choice, before: int | None) -> Listed:
        with self.boat.store.reading() as uow:
            newest = uow.overview.newest_order_id()
            wanted, incident, batch = self._wanted(uow, choice)
            page = uow.overview.orders(wanted, before=before)
            ledger = None if batch or choice.span == "today" else self._ledger(uow, incident)
            listed = self._listed(uow, page)
        return replace(listed, incident=incident.name if incident else None, ledger=ledger, newest=newest)

    def _wanted(self, uow: UnitOfWork, choice: Choice) -> tuple[OrderFilter, Incident | None, Batch | None]:
        batch = uow.batches.named(choice.batch) if choice.batch else None
        if choice.batch and batch is None:
            raise HTTPException(404)
        incident = uow.incidents.latest() if choice.span == "incident" and batch is None else None
        ids = {"incident_id": incident.id if incident else None, "batch_id": batch.id if batch else None}
        zone = self.boat.settings.zone
        return filter_of(choice, now=self.boat.clock.now(), zone=zone, **ids), incident, batch

    def _ledger(self, uow: UnitOfWork, incident: Incident | None) -> Ledger:
        return uow.ledger.of(incident) if incident else uow.ledger.of_all()

    def _newer(self, choice: Choice, after_id: int) -> int:
        with self.boat.store.reading() as uow:
            wanted, _, _ = self._wanted(uow, choice)
            return uow.overview.newer(wanted, after_id=after_id, at_most=NEW_AT_MOST + 1)

    def _sheet(self, choice: Choice, by: Actor) -> bytes:
        lines, before, looks = list[OrderLine](), None, 0
        clients, batches = dict[str, str](), dict[int, str]()
        while len(lines) < MOST and looks < _STRETCHES_OF_A_SHEET + MOST // _PAGE_OF_A_SHEET:
            with self.boat.store.reading() as uow:  # one for each page: a long one keeps the log from being emptied
                wanted, _, _ = self._wanted(uow, choice)
                page = uow.overview.orders(wanted, before=before, size=_PAGE_OF_A_SHEET)
                listed = self._listed(uow, page)
            lines += listed.lines
            clients, batches, before, looks = listed.clients, batches | listed.batches, page.before, looks + 1
            if before is None:
                break
        lines = lines[:MOST]
        sheet = sheet_of(lines, clients=clients, batches=batches, zone=self.boat.settings.zone)
        with self.boat.store.writing() as uow:
            export_orders(uow, choice.told(), orders=len(lines), by=by, now=self.boat.clock.now())
        return sheet

    def _of_customer(self, mark: bytes) -> Listed:
        with self.boat.store.reading() as uow:
            return self._listed(uow, Rows(tuple(uow.search.of_customer(mark)), None))

    def _find(self, text: str) -> OfCustomer | OfBatch | Listed:
        with self.boat.store.reading() as uow:
            found = find(uow, self.boat.keyring, text, prefix=self.boat.settings.order_prefix)
            if isinstance(found, OfCustomer | OfBatch):
                return found
            return self._listed(uow, Rows(tuple(found.rows), None))

    def _listed(self, uow: UnitOfWork, page: Rows[OrderListRow]) -> Listed:
        ids: Sequence[int] = sorted({row.batch_id for row in page.rows if row.batch_id})
        lines = lines_of(uow, self.boat.keyring, page.rows)
        return Listed(page, lines, uow.access.client_names(), uow.overview.batch_names(ids))


def _mark_of(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text[:64]) if text else None
    except ValueError:
        return None
