"""Noted changes of orders whose file is out: each is settled here, and the file of a batch's changes is taken here."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from app.batch.publish_changes import TakenSheet
from app.bootstrap import change_publisher
from app.domain.actor import Actor
from app.domain.problems import Problem
from app.orders.change import LONGEST_SETTLEMENT, settle_change
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say


class OrderChangePage(ConsolePage):
    """What is done about changes that storefronts have asked for."""

    path = "/order-changes"

    @route("/{id:int}/settle", name="change-settle", methods=("POST",))
    async def settle(self, request: Request) -> Response:
        """Settle a noted change: it was followed in the main system, or could not be."""
        form = await request.form()
        outcome, reason = str(form.get("outcome") or ""), str(form.get("reason") or "")[:LONGEST_SETTLEMENT]
        if outcome not in ("done", "refused"):
            raise HTTPException(404)
        back = f"{BASE}/held?queue=changes"
        try:
            number = await run_in_threadpool(
                self._settle, request.path_params["id"], outcome == "done", reason, actor_of(request)
            )
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            say(request, f"{number} 的变更已记为“{'已处理' if outcome == 'done' else '未能处理'}”。")
            if form.get("back") == "order":
                back = f"{BASE}/orders/{number}"
        return RedirectResponse(back, status_code=303)

    @route("/{name:str}/file", name="change-file")
    async def file(self, request: Request) -> Response:
        """Give the file of a batch's changes, and write down who took it."""
        name = request.path_params["name"]
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise HTTPException(403)
        try:
            taken = await run_in_threadpool(self._take, name[:32].replace("\x00", ""), actor_of(request))
        except Problem as problem:
            say(request, problem.detail, "error")
            return RedirectResponse(f"{BASE}/held?queue=changes", status_code=303)
        return FileResponse(taken.path, media_type="text/csv; charset=utf-8", filename=taken.path.name)

    def _take(self, name: str, by: Actor) -> TakenSheet:
        return change_publisher(self.boat).take(name, by=by, now=self.boat.clock.now())

    def _settle(self, change_id: int, done: bool, reason: str, by: Actor) -> str:  # noqa: FBT001 - a thread's call
        with self.boat.store.writing() as uow:
            now = self.boat.clock.now()
            return settle_change(uow, change_id, done=done, reason=reason, by=by, now=now).order_number
