"""Messages: what was sent, what waits, what was given up and why."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app import words
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.routing import route


class MessagePages(ConsolePage):
    """Messages by state, newest first."""

    path = "/messages"
    title = "消息"
    entry = "messages"

    @route("", name="messages")
    async def index(self, request: Request) -> Response:
        """List messages."""
        chosen = request.query_params.get("state", "")
        chosen = chosen if chosen in words.MESSAGE_FILTERS else ""
        shown = await run_in_threadpool(self._list, chosen, cursor_of(request))
        page = shown["page"]
        more = with_query(request, before=page.before) if page.before else None
        return self.render(request, "messages.html", chosen=chosen, more=more, paged=cursor_of(request), **shown)

    def _list(self, chosen: str, before: int | None) -> dict[str, Any]:
        states = words.MESSAGE_FILTERS[chosen][1]
        stuck_at = self.boat.clock.now() if chosen == "stuck" else None
        with self.boat.store.reading() as uow:
            page = uow.overview.messages(states, before=before, stuck_at=stuck_at)
            return {
                "page": page,
                "numbers": uow.overview.order_numbers(sorted({m.order_id for m in page.rows if m.order_id})),
                "batches": uow.overview.batch_names(sorted({m.batch_id for m in page.rows if m.batch_id})),
            }
