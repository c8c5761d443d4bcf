"""审计: who did what, when, from where; found by person, action, order and time, taken along as a file, and proved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.access.audit_export import export_audit
from app.orders.decide import clean_number
from app.store.audit_chain import verify_chain
from app.store.repositories.audit import DeedFilter
from app.web.console.audit_sheet import sheet_of
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, cursor_of, with_query
from app.web.console.routing import route
from app.web.console.said import say
from app.web.console.sheet import as_download

SHOWN = 50
PROVED = 20_000
"""Deeds that a click proves again, the newest: a second's work beside orders; all are ``lifeboat audit verify``'s."""


@dataclass(frozen=True, slots=True)
class DeedsAskedFor:
    """The filter as a person wrote it."""

    person: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, given: QueryParams | FormData) -> "DeedsAskedFor":
        """Read the filter of an address or a form; what is longer than a row holds finds nothing and is cut."""
        return cls(*(str(given.get(name) or "").replace("\x00", "").strip()[:80] for name in cls.__slots__))

    def wanted(self, zone: ZoneInfo) -> DeedFilter:
        """Return the filter as the store reads it."""
        until = _moment(self.until, zone)
        return DeedFilter(
            actor=self.person,
            action=self.action if self.action in words.ACTIONS else "",
            subjects=tuple(dict.fromkeys((self.subject, clean_number(self.subject)))) if self.subject else (),
            since=_moment(self.since, zone),
            until=until and until + timedelta(minutes=1),
        )


class AuditPages(ConsolePage):
    """The record of deeds."""

    path = "/audit"
    title = "审计"
    entry = "settings"

    @route("", name="audit")
    async def index(self, request: Request) -> Response:
        """List deeds, newest first."""
        asked, before = DeedsAskedFor.of(request.query_params), cursor_of(request)
        shown = await run_in_threadpool(self._list, asked, before)
        page = shown["page"]
        more = with_query(request, before=page.before) if page.before else None
        first = with_query(request, before=None)
        return self.render(request, "audit.html", asked=asked, paged=before, more=more, first=first, **shown)

    @route("/export", name="audit-export", methods=("POST",))
    async def export(self, request: Request) -> Response:
        """Give what the filter finds as a file; who took it stands in the record from then on."""
        asked = DeedsAskedFor.of(await request.form())
        boat, by = self.boat, actor_of(request)
        now, zone = boat.clock.now(), boat.settings.zone

        def take() -> tuple[bytes, bool]:
            taken = export_audit(boat.store, asked.wanted(zone), by=by, now=now)
            return sheet_of(taken.deeds, zone=zone), taken.whole

        sheet, whole = await run_in_threadpool(take)
        return as_download(sheet, f"audit-{now.astimezone(zone):%Y%m%d-%H%M%S}{'' if whole else '-part'}")

    @route("/verify", name="audit-verify", methods=("POST",))
    async def verify(self, request: Request) -> Response:
        """Reckon the newest part of the chain again."""
        found = await run_in_threadpool(lambda: verify_chain(self.boat.store, newest=PROVED))
        if found.intact:
            text = f"审计链完好：已核对最近 {found.blocks} 段、{found.deeds} 条；另有 {found.unchained} 条待入链。"
            say(request, f"{text}链头 {found.head}，另存他处，日后可证明此前未被改动。")
        else:
            why = "其中的记录被改动、增加或抽走"
            text = f"审计链第 {found.broken} 段对不上：{why}。"
            say(request, f"{text}请保留现场，并在服务器上执行 lifeboat audit verify。", "error")
        return RedirectResponse(f"{BASE}/audit", status_code=303)

    def _list(self, asked: DeedsAskedFor, before: int | None) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            page = uow.audit.search(asked.wanted(self.boat.settings.zone), before=before, limit=SHOWN)
            return {
                "page": page,
                "people": [user.name for user in uow.access.users()],
                "last_block": uow.audit.last_block(),
                "unchained": uow.audit.unchained_count(),
                "clients": uow.access.client_names(),
            }


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a form's field on the merchant's clock, None where it is none."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None
    return moment if 2000 <= moment.year < 2200 else None  # noqa: PLR2004 - what a calendar can be reckoned with
