"""The home page: what came in, what is urgent, which file is new; refreshed by itself."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app import words
from app.web.console.conservation import parts_of
from app.web.console.next_step import Circumstances, next_step
from app.web.console.page import ConsolePage, may_of
from app.web.console.routing import route


class HomePage(ConsolePage):
    """The index of the console."""

    title = "总览"
    entry = "home"

    @route("/", name="home")
    async def index(self, request: Request) -> Response:
        """Show everything at a glance."""
        return self.render(request, "home.html", **await self._shown(request))

    @route("/figures", name="figures")
    async def figures(self, request: Request) -> Response:
        """Return the part of the page that changes."""
        return self.render(request, "home_figures.html", **await self._shown(request))

    async def _shown(self, request: Request) -> dict[str, Any]:
        figures = await run_in_threadpool(self.frame.dashboard.figures)
        document = await self.frame.health.document()
        checks = document["checks"]
        reasons = [
            words.DEGRADED.get(code) or checks.get(code, {}).get("detail", code) for code in document["degraded"]
        ]
        situation = Circumstances(
            taking_orders=figures.incident is not None,
            untaken=figures.untaken,
            unanswered=figures.unanswered,
            held=figures.held,
            urgent=figures.urgent,
            failed=figures.dead_messages,
            overdue=figures.overdue,
            clients=len(figures.clients),
        )
        return {
            "f": figures,
            "parts": parts_of(figures.ledger) if figures.ledger else (),
            "step": next_step(situation, lambda route: may_of(request, route)),
            "reasons": reasons,
            "failing": document["status"] == "fail",
            "every": self.boat.settings.batch_every_minutes,
            "door": f"{self.boat.settings.public_base}/v1/orders",
        }
