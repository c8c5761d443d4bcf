"""Orders that wait for a person, each beside the one it looks like."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route

from app.web.console.page import ConsolePage


class HeldPage(ConsolePage):
    """Look-alikes that wait for a person."""

    menu_label = "待确认"
    icon = "fa-solid fa-user-check"
    path = "/held"
    route_name = "held"

    @route("")
    async def index(self, request: Request) -> Response:
        """List held orders, oldest first, each beside the one it looks like."""
        return self.render(request, "held.html", **await run_in_threadpool(self._list))

    def _list(self) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            held = uow.orders.held(limit=100)
            earlier = uow.overview.orders_numbered([row.looks_like for row in held if row.looks_like])
            return {
                "held": held,
                "total": uow.overview.held_count(),
                "earlier": {row.number: row for row in earlier},
                "clients": uow.access.client_names(),
            }
