"""Coupons: what is left of them, who was given which, and new codes, looked at before they are imported."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.bootstrap import reserve_of
from app.domain.actor import Actor
from app.domain.problems import NoRoom, Refusal
from app.notify.coupons import CodesFound, import_coupons, look_at_codes, read_codes
from app.notify.rendered import masked_code
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, cursor_of, may_of, with_query
from app.web.console.routing import route
from app.web.console.said import say

SHOWN = 50
MOST_COUNTED = 100_000
"""Whoever reads the figure learns nothing from a greater one."""


class CouponPages(ConsolePage):
    """The pool of coupons."""

    path = "/coupons"
    title = "优惠券"
    entry = "coupons"

    @route("", name="coupons")
    async def index(self, request: Request) -> Response:
        """Show what is left, and who was given which code, newest first."""
        before = cursor_of(request)
        shown = await run_in_threadpool(self._pool, before)
        last = shown.pop("next")
        show_code = (lambda code: code) if may_of(request, "coupons-import") else masked_code
        more = with_query(request, before=last) if last else None
        return self.render(request, "coupons.html", more=more, paged=before, show_code=show_code, **shown)

    @route("/preview", methods=("POST",), name="coupons-preview")
    async def preview(self, request: Request) -> Response:
        """Show what importing these codes would do; nothing changes."""
        text = str((await request.form()).get("codes") or "")
        try:
            found = await run_in_threadpool(self._look, text)
        except Refusal as refusal:
            say(request, str(refusal), "error")
            return RedirectResponse(f"{BASE}/coupons", status_code=303)
        return self.render(request, "coupons_preview.html", found=found, codes=text)

    @route("/import", methods=("POST",), name="coupons-import")
    async def take_in(self, request: Request) -> Response:
        """Import the codes that were looked at."""
        text = str((await request.form()).get("codes") or "")
        try:
            added = await run_in_threadpool(self._import, text, actor_of(request))
            say(request, f"已导入 {added} 张新券码，等券的短信随后发出。")
        except Refusal as refusal:
            say(request, str(refusal), "error")
        except NoRoom as problem:
            say(request, problem.detail, "error")
        return RedirectResponse(f"{BASE}/coupons", status_code=303)

    def _look(self, text: str) -> CodesFound:
        codes = read_codes(_lines(text))
        with self.boat.store.reading() as uow:
            return look_at_codes(uow, codes)

    def _import(self, text: str, by: Actor) -> int:
        reserve_of(self.boat.settings).require()
        codes = read_codes(_lines(text))
        with self.boat.store.writing() as uow:
            return import_coupons(uow, codes, source="console", by=by, now=self.boat.clock.now())

    def _pool(self, before: int | None) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            found = uow.coupons.given_page(before=before, limit=SHOWN + 1)
            free = uow.coupons.free_by_worth(at_most=MOST_COUNTED)
            return {
                "free": free,
                "left": sum(free.values()),
                "given": uow.coupons.given(at_most=MOST_COUNTED),
                "most": MOST_COUNTED,
                "low_at": self.boat.live.coupon_low_at,
                "rows": found[:SHOWN],
                "next": found[SHOWN - 1].coupon.id if len(found) > SHOWN else None,
                "clients": uow.access.client_names(),
            }


def _lines(text: str) -> bytes:
    """Return what was pasted as the file it would be: columns copied from a spreadsheet are parted by tabs."""
    return text.replace("\t", ",").replace("，", ",").encode("utf-8", "replace")
