"""Puts the console together and under ``/console``."""

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from app.bootstrap import Lifeboat
from app.web.console import filters
from app.web.console.auth import ConsoleAuth, SignedInOnly
from app.web.console.dashboard_figures import DashboardFigures
from app.web.console.filters import BASE
from app.web.console.middleware import ConsoleMiddleware
from app.web.console.page import ConsolePage, Frame
from app.web.console.pages.account import AccountPage
from app.web.console.pages.alerts import AlertPages
from app.web.console.pages.audit import AuditPages
from app.web.console.pages.batches import BatchPages
from app.web.console.pages.buyer_order import add_buyer_form
from app.web.console.pages.by_hand import ByHandPage
from app.web.console.pages.claim import add_claim
from app.web.console.pages.compare import ComparePage
from app.web.console.pages.coupons import CouponPages
from app.web.console.pages.dashboard import HomePage
from app.web.console.pages.events_import import EventsImportPage
from app.web.console.pages.flow_map import FlowMapPage
from app.web.console.pages.goods import GoodsPages
from app.web.console.pages.guide import GuidePage
from app.web.console.pages.handing_over import HandingOverPages
from app.web.console.pages.held import HeldPage
from app.web.console.pages.hours import HoursPage
from app.web.console.pages.incidents import IncidentPages
from app.web.console.pages.jobs import JobsPage
from app.web.console.pages.kept_settings import KeptSettingsPage
from app.web.console.pages.keys import KeyPages
from app.web.console.pages.kiosks import KioskPage
from app.web.console.pages.live import LivePage
from app.web.console.pages.messages import MessagePages
from app.web.console.pages.office import HANDOVER, create_office
from app.web.console.pages.order_changes import OrderChangePage
from app.web.console.pages.order_deeds import OrderDeeds
from app.web.console.pages.order_health import OrderHealthPage
from app.web.console.pages.orders import OrderPages
from app.web.console.pages.orders_import import OrdersImportPage
from app.web.console.pages.people import PeoplePage
from app.web.console.pages.readiness import ReadinessPage
from app.web.console.pages.results import ResultPages
from app.web.console.pages.roster import RosterPage
from app.web.console.pages.settings import SettingsPages
from app.web.console.pages.sign_in import SignInPage
from app.web.console.pages.spool import SpoolPage
from app.web.console.pages.stuck import StuckPages
from app.web.console.pages.switching import SwitchingPage
from app.web.console.pages.systemic import SystemicPages
from app.web.console.pages.thresholds import ThresholdsPage
from app.web.console.pages.track import add_track
from app.web.console.pages.wall import WALL, create_wall
from app.web.console.routing import routes_of
from app.web.console.said import Said
from app.web.ops.health import Health
from app.web.parts import Parts

TITLE = "订单救生艇"
WORTH_PACKING = 1024
"""Bytes; less fits one packet as it is."""


def mount_console(api: FastAPI, parts: Parts) -> None:
    """Mount the console, the wall and the page of the office PC onto ``api``, and add the page for buyers."""
    frame = frame_of(parts)
    apps = {BASE: create_console(parts, frame), WALL: create_wall(frame, parts.lookout), HANDOVER: create_office(frame)}
    for base, app in apps.items():
        api.add_route(base, _to_index, include_in_schema=False)  # without this, a redirect would name host and scheme
        api.mount(base, app, name=base.strip("/"))
    add_track(api, frame)
    add_claim(api, frame)
    add_buyer_form(api, frame, parts.door.intake)


def frame_of(parts: Parts) -> Frame:
    """Return what every page of a process is made with."""
    boat, state = parts.boat, parts.state
    gate = ConsoleAuth(boat)
    dashboard = DashboardFigures(boat, lambda: state.spool_depth)
    parts.lookout.on_change = dashboard.forget
    gate.taking_orders = lambda: dashboard.taking_orders
    said = Said(boat.keyring.session)
    return Frame(boat, gate, _templates(boat, parts.health), said, dashboard, parts.health)


def create_console(parts: Parts, frame: Frame) -> Starlette:
    """Return the console's own application."""
    gate, sign_in = frame.gate, SignInPage(frame)
    pages: tuple[ConsolePage, ...] = (
        HomePage(frame),
        LivePage(frame, parts.lookout),
        KioskPage(frame),
        OrderDeeds(frame),
        KeyPages(frame),
        PeoplePage(frame),
        OrderPages(frame),
        ByHandPage(frame, parts.door.intake),
        OrdersImportPage(frame, parts.uploads, parts.door.intake),
        BatchPages(frame),
        HandingOverPages(frame),
        ResultPages(frame, parts.uploads),
        GoodsPages(frame, parts.uploads),
        HeldPage(frame),
        OrderChangePage(frame),
        GuidePage(frame, parts.door.intake),
        IncidentPages(frame),
        ComparePage(frame, parts.uploads),
        OrderHealthPage(frame),
        EventsImportPage(frame, parts.uploads),
        ThresholdsPage(frame),
        StuckPages(frame),
        FlowMapPage(frame),
        HoursPage(frame),
        AlertPages(frame),
        SwitchingPage(frame),
        SystemicPages(frame, parts.uploads),
        MessagePages(frame),
        CouponPages(frame),
        SettingsPages(frame),
        KeptSettingsPage(frame),
        AuditPages(frame),
        RosterPage(frame),
        ReadinessPage(frame),
        SpoolPage(frame),
        JobsPage(frame),
        AccountPage(frame),
        sign_in,
    )
    routes: list[BaseRoute] = [
        Mount("/static", StaticFiles(directory=filters.STATICS), name="static"),
        *sign_in.open_routes(),
        *sorted(
            (one for page in pages for one in routes_of(page, below=page.path, gate=gate, said=frame.said)),
            key=lambda one: "{" in one.path,  # /orders/search before /orders/{number}
        ),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(ConsoleMiddleware, secure=gate.secure),
            Middleware(GZipMiddleware, minimum_size=WORTH_PACKING),
            Middleware(SignedInOnly, gate=gate),
        ],
        exception_handlers={HTTPException: frame.refused},
    )


def _templates(boat: Lifeboat, health: Health) -> Jinja2Templates:
    templates = Jinja2Templates(filters.TEMPLATES)
    templates.env.filters.update(filters.filters(boat.settings.zone, boat.clock.now))
    templates.env.globals.update(filters.names())
    templates.env.globals["app_title"] = TITLE
    templates.env.globals["zone_offset"] = lambda: _offset(boat)
    templates.env.globals["worker_silence"] = health.worker_silence
    templates.env.globals["paused_channels"] = lambda: health.sentences("channel_paused")
    return templates


def _offset(boat: Lifeboat) -> int:
    """Return how many seconds the merchant's clock is ahead of UTC."""
    ahead = boat.clock.now().astimezone(boat.settings.zone).utcoffset()
    return int(ahead.total_seconds()) if ahead else 0


async def _to_index(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", status_code=303)
