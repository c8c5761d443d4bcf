"""The home page: what came in, what is urgent, which file is new; refreshed by itself."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app import words
from app.web.console.dashboard_figures import DashboardFigures
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route
from app.web.ops.health import Health


class HomePage(ConsolePage):
    """The index of the console."""

    title = "总览"
    entry = "home"

    def __init__(self, frame: Frame, health: Health) -> None:
        super().__init__(frame)
        self._lookout = DashboardFigures(frame.boat)
        self._health = health

    @route("/", name="home")
    async def index(self, request: Request) -> Response:
        """Show everything at a glance."""
        return self.render(request, "home.html", **await self._shown())

    @route("/figures", name="figures")
    async def figures(self, request: Request) -> Response:
        """Return the part of the page that changes."""
        return self.render(request, "home_figures.html", **await self._shown())

    async def _shown(self) -> dict[str, Any]:
        figures = await run_in_threadpool(self._lookout.figures)
        document = await self._health.document()
        checks = document["checks"]
        reasons = [
            words.DEGRADED.get(code) or checks.get(code, {}).get("detail", code) for code in document["degraded"]
        ]
        return {
            "f": figures,
            "reasons": reasons,
            "failing": document["status"] == "fail",
            "every": self.boat.settings.batch_every_minutes,
            "door": f"{self.boat.settings.public_base}/v1/orders",
        }
