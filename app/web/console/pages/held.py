"""Orders that wait for a person: why each does, and what fits that."""

from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app import words
from app.bootstrap.decisions import preflight_of
from app.domain.fitness import Fitness
from app.domain.states import HeldKind
from app.orders.complete import COMPLETABLE
from app.store.tables import OrderRow
from app.web.console.page import ConsolePage
from app.web.console.routing import route

SHOWN = 100
_RELEASE = {
    HeldKind.LOOK_ALIKE: "不是重复，放行",
    HeldKind.INCOMPLETE: "资料无误，放行",
    HeldKind.BROKEN: "已修好，放行",
    HeldKind.UNPAID: "未付款也发货，放行",
}


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """A held order, and what a person may do about it."""

    row: OrderRow
    fitness: Fitness

    @property
    def kind(self) -> HeldKind | None:
        """Why it is held; None for a kind of a later release."""
        return HeldKind(self.row.held_kind) if self.row.held_kind in set(HeldKind) else None

    @property
    def besides(self) -> str:
        """What would keep it once the doubt it is held for is gone."""
        return self.fitness.reason if self.fitness.kind not in (None, self.kind) else ""

    @property
    def release(self) -> str | None:
        """The word on the button that lets it go; None where pre-flight would refuse."""
        return _RELEASE.get(self.kind) if self.kind and self.fitness.may_be_released else None

    @property
    def asks_why(self) -> bool:
        """Whether who lets it go should say why."""
        return self.kind is not HeldKind.LOOK_ALIKE

    @property
    def may_be_duplicate(self) -> bool:
        """Whether there is an order that it may repeat."""
        return self.kind is HeldKind.LOOK_ALIKE and self.row.looks_like is not None

    @property
    def may_be_completed(self) -> bool:
        """Whether other data could mend it; a look-alike is asked about first."""
        return self.row.held_kind in COMPLETABLE and (self.kind is not HeldKind.LOOK_ALIKE or bool(self.besides))


class HeldPage(ConsolePage):
    """Orders that wait for a person."""

    path = "/held"
    title = "待人工确认"
    entry = "held"

    @route("", name="held")
    async def index(self, request: Request) -> Response:
        """List held orders, oldest first, each with its reason; a look-alike beside the one it looks like."""
        asked = request.query_params.get("kind")
        kind = HeldKind(asked) if asked in set(HeldKind) else None
        return self.render(request, "held.html", kind=kind, **await run_in_threadpool(self._list, kind))

    def _list(self, kind: HeldKind | None) -> dict[str, Any]:
        preflight = preflight_of(self.boat)
        with self.boat.store.reading() as uow:
            held = uow.orders.held(kind=kind, limit=SHOWN)
            earlier = uow.search.numbered([row.looks_like for row in held if row.looks_like])
            return {
                "held": [HeldOrder(row, preflight(row)) for row in held],
                "total": uow.overview.held_count(),
                "earlier": {row.number: row for row in earlier},
                "clients": uow.access.client_names(),
                "kinds": words.HELD_KINDS,
            }
