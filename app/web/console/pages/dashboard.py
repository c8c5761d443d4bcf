"""The home page: what came in, what is urgent, which file is new; refreshed by itself."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route

from app import words
from app.bootstrap import Lifeboat
from app.web.console.dashboard_figures import DashboardFigures
from app.web.console.page import ConsolePage
from app.web.ops.health import Health


class HomePage(ConsolePage):
    """The index of the console."""

    menu_label = "总览"
    icon = "fa-solid fa-gauge-high"
    path = "/"
    route_name = "index"

    def __init__(self, boat: Lifeboat, health: Health) -> None:
        super().__init__(boat)
        self._lookout = DashboardFigures(boat)
        self._health = health

    @route("")
    async def index(self, request: Request) -> Response:
        """Show everything at a glance."""
        return self.render(request, "home.html", **await self._shown())

    @route("/figures")
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
