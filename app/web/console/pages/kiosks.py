"""大屏: an administrator makes a link for each screen on a wall, and ends a screen."""

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.kiosks import LASTS, LINK_LASTS, IssuedLink, KioskError, make_kiosk, revoke_kiosk
from app.domain.actor import Actor
from app.store.tables import Kiosk
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say


class KioskPage(ConsolePage):
    """The screens there are, and a form for another."""

    path = "/kiosks"
    title = "大屏"
    entry = "settings"

    @route("", name="kiosks")
    async def index(self, request: Request) -> Response:
        """List the screens."""
        return await self._shown(request)

    @route("", name="kiosk-make", methods=("POST",))
    async def make(self, request: Request) -> Response:
        """Make a screen; its link is shown on this answer alone."""
        name = str((await request.form()).get("name") or "")[:200]
        try:
            link = await run_in_threadpool(self._make, name, actor_of(request))
        except KioskError as error:
            return await self._shown(request, status=422, wrong=str(error), name=harmless(name, 64))
        return await self._shown(request, link=link)

    @route("/{name:str}/revoke", name="kiosk-revoke", methods=("POST",))
    async def revoke(self, request: Request) -> Response:
        """End a screen."""
        text = request.path_params["name"]
        if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - fits the column
            raise HTTPException(404)
        try:
            kiosk = await run_in_threadpool(self._revoke, int(text), actor_of(request))
        except KioskError as error:
            say(request, str(error), "error")
        else:
            say(request, f"大屏“{harmless(kiosk.name, 64)}”已停用，几秒内不再显示。")
        return RedirectResponse(f"{BASE}/kiosks", status_code=303)

    async def _shown(
        self, request: Request, *, status: int = 200, link: IssuedLink | None = None, wrong: str = "", name: str = ""
    ) -> Response:
        now = self.boat.clock.now()
        address = f"{_host(request, self.boat.settings.public_base)}/wall/connect?link={link.token}" if link else ""
        return self.render(
            request,
            "kiosks.html",
            status=status,
            kiosks=await run_in_threadpool(self._all),
            at=now,
            days=LASTS.days,
            minutes=int(LINK_LASTS.total_seconds()) // 60,
            link=address,
            picture=Markup(segno.make(address).svg_inline(omitsize=True, border=2)) if address else "",  # noqa: S704 - made by us
            wrong=wrong,
            name=name,
        )

    def _make(self, name: str, by: Actor) -> IssuedLink:
        with self.boat.store.writing() as uow:
            return make_kiosk(uow, name, by=by, now=self.boat.clock.now())

    def _revoke(self, kiosk_id: int, by: Actor) -> Kiosk:
        with self.boat.store.writing() as uow:
            return revoke_kiosk(uow, kiosk_id, by=by, now=self.boat.clock.now())

    def _all(self) -> list[Kiosk]:
        with self.boat.store.reading() as uow:
            return uow.kiosks.all()


def _host(request: Request, public_base: str) -> str:
    """Return where this console is reached: as the administrator's own browser reaches it now."""
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host}" if host else public_base
