"""Puts the console together and under ``/console``."""

import logging

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import BaseAdmin, DefaultTheme, I18nConfig
from starlette_admin.theme import TablerSettings

from app.bootstrap import Lifeboat
from app.web.console import filters
from app.web.console.auth import ConsoleAuth
from app.web.console.filters import BASE
from app.web.console.middleware import ConsoleMiddleware
from app.web.console.pages.account import AccountPage
from app.web.console.pages.batches import BatchPages
from app.web.console.pages.dashboard import HomePage
from app.web.console.pages.held import HeldPage
from app.web.console.pages.messages import MessagePages
from app.web.console.pages.orders import OrderPages
from app.web.console.pages.sign_in import sign_in_routes
from app.web.ops.health import Health

TITLE = "订单救生艇"


def mount_console(api: FastAPI, boat: Lifeboat, health: Health) -> None:
    """Mount the console onto ``api``."""
    logging.getLogger("starlette_admin").setLevel(logging.WARNING)  # it tells of each route and each visitor
    gate = ConsoleAuth(boat, sign_in_routes)
    home = HomePage(boat, health)
    admin = BaseAdmin(
        title=TITLE,
        base_url=BASE,
        route_name="console",
        templates_dir=str(filters.TEMPLATES),
        static_dir=str(filters.STATICS),
        index_view=home,
        theme=DefaultTheme(TablerSettings(base="slate", primary="blue", radius=1)),
        auth_provider=gate,
        secret_key=boat.keyring.session.hex(),
        middlewares=[Middleware(ConsoleMiddleware, secure=gate.secure)],
        i18n_config=I18nConfig(default_locale="zh"),
        timezone_config=None,
    )
    environment = admin.templates.env
    environment.filters.update(filters.filters(boat.settings.zone, boat.clock.now))
    environment.globals.update(filters.names())
    environment.globals["paused_channels"] = lambda: health.sentences("channel_paused")
    for page in (OrderPages(boat), BatchPages(boat), MessagePages(boat), HeldPage(boat), AccountPage(gate)):
        admin.add_view(page)
    api.add_route(BASE, _to_home, include_in_schema=False)  # without this, a redirect would name host and scheme
    admin.mount_to(api)


async def _to_home(_request: Request) -> Response:
    return RedirectResponse(f"{BASE}/", status_code=303)
