"""A page whose forms each do one deed, in one transaction, and lead back to it with a sentence."""

from collections.abc import Callable
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless
from app.web.console.page import ConsolePage
from app.web.console.said import say

Act = Callable[[UnitOfWork, FormData, dict[str, Any]], str]
"""Does what a form says, by whom and when as the last argument has it; returns the sentence that tells it was done."""


class FormPage(ConsolePage):
    """A page below ``path`` that is shown again after each of its deeds."""

    refusal: ClassVar[type[Refusal]] = Refusal
    """What is no fault of ours: its sentence is said on the page."""
    longest: ClassVar[int] = 300
    """Characters of such a sentence."""

    async def _done(self, request: Request, act: Act) -> Response:
        form = await request.form()
        try:
            say(request, await run_in_threadpool(self._do, act, form, actor_of(request)))
        except self.refusal as refusal:
            say(request, harmless(str(refusal), self.longest), "error")
        return RedirectResponse(f"{BASE}{self.path}", status_code=303)

    def _do(self, act: Act, form: FormData, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            return act(uow, form, {"by": by, "now": self.boat.clock.now()})
