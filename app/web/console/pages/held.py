"""What waits for a person: six queues, each with what fits it, and the seconds in which a decision is taken back."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.bootstrap.decisions import preflight_of
from app.channels.reasons import without_code
from app.domain.actor import Actor
from app.domain.problems import Problem
from app.domain.role import Role
from app.domain.states import HOLDING, HeldKind
from app.domain.subject import kind_of
from app.orders.undo import Undoable, undo_decision, undoable
from app.store.sealed_wish import open_wish
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of, person_of
from app.web.console.goods import opened
from app.web.console.gravity import gravest_first
from app.web.console.page import ConsolePage, with_query
from app.web.console.pages.held_order import HeldOrder, held_order
from app.web.console.routing import route
from app.web.console.said import say
from app.web.console.todo import BATCHES_LOOKED_AT, QUEUES, kinds_of, queue_of, told, way_back

SHOWN = 50
DEAD_LOOKED_AT = 10_000
"""Newest failed sends that are told apart by reason; a retry takes up as many."""


class HeldPage(ConsolePage):
    """What waits for a person."""

    path = "/held"
    title = "待办"
    entry = "held"

    @route("", name="held")
    async def index(self, request: Request) -> Response:
        """Show one queue: the one asked for, else the first in which anything waits."""
        figures = await run_in_threadpool(self.frame.dashboard.figures)
        asked, kind = request.query_params.get("queue", ""), request.query_params.get("kind")
        only = HeldKind(kind) if kind in set(HeldKind) else None
        queue = asked if asked in QUEUES else queue_of(only) if only else figures.todo.first
        shown = await run_in_threadpool(self._queue, queue, only, _after(request))
        decided = await run_in_threadpool(self._decided, request)
        context: dict[str, Any] = {"queue": queue, "queues": QUEUES, "todo": figures.todo, "kind": only}
        last = shown["held"][-1].row.id if len(shown.get("held", ())) >= SHOWN else None
        more = with_query(request, queue=queue, after=last, decided=None) if last else None
        first = with_query(request, queue=queue, after=None, decided=None) if _after(request) else None
        return self.render(request, "held.html", **context, **shown, decided=decided, more=more, first=first)

    @route("/count", name="held-count")
    async def count(self, request: Request) -> Response:
        """Return the number in the menu alone."""
        figures = await run_in_threadpool(self.frame.dashboard.figures)
        answer = self.frame.render(request, "console/todo_count.html", todo=figures.todo)
        answer.headers["cache-control"] = "no-store"
        return answer

    @route("/{number:str}/undo", methods=("POST",), name="held-undo")
    async def undo(self, request: Request) -> Response:
        """Take a decision back that was made some seconds ago."""
        number, form = request.path_params["number"], await request.form()
        try:
            taken = await run_in_threadpool(self._undo, number, actor_of(request), anybody=_is_admin(request))
        except Problem as problem:
            say(request, problem.detail, "error")
        else:
            say(request, f"{taken} 的裁定已撤销，重新等人确认。")
        return RedirectResponse(way_back(form), status_code=303)

    def _undo(self, number: str, by: Actor, *, anybody: bool) -> str:
        with self.boat.store.writing() as uow:
            return undo_decision(uow, number, by=by, now=self.boat.clock.now(), anybody=anybody).number

    def _decided(self, request: Request) -> Undoable | None:
        """Return the decision that brought here, while it can be taken back."""
        number = request.query_params.get("decided", "")[:20].replace("\0", "")
        if not number:
            return None
        by, anybody = actor_of(request), _is_admin(request)
        with self.boat.store.reading() as uow:
            return undoable(uow, number, by=by, now=self.boat.clock.now(), anybody=anybody)

    def _queue(self, queue: str, kind: HeldKind | None, after: int) -> dict[str, Any]:
        with self.boat.store.reading() as uow:
            match queue:
                case "failed":
                    return self._refused(uow)
                case "unsent":
                    return {"unsent": _unsent(uow)}
                case "changes":
                    found = uow.changes.page(after=None, limit=SHOWN)
                    wished = [(one, open_wish(self.boat.keyring, one.row, one.order_number)) for one in found]
                    return {"changes": wished, "shown": SHOWN}
                case "alerts":
                    open_ones = [one for one in uow.alerts.open() if one.state in HOLDING]
                    return {"alerts": gravest_first(told(open_ones))}
                case _:
                    kinds = (kind,) if kind in kinds_of(queue) else kinds_of(queue)
                    return {
                        "held": self._held(uow, kinds, after),
                        "gone_on": uow.passed_on.gone_on(limit=SHOWN) if HeldKind.MAIN_MAY_HAVE in kinds else (),
                        "kinds": kinds_of(queue),
                        "clients": uow.access.client_names(),
                    }

    def _held(self, uow: UnitOfWork, kinds: tuple[Any, ...], after: int) -> list[HeldOrder]:
        preflight, clients = preflight_of(self.boat), uow.access.client_names()
        rows = uow.held.page(kinds, after_id=after, limit=SHOWN)
        others = uow.held.numbered([row.looks_like for row in rows if row.looks_like])
        keys = self.boat.keyring
        return [
            held_order(
                row,
                preflight(row),
                opened(keys, row),
                other=(other, opened(keys, other)) if (other := others.get(row.looks_like or "")) else None,
                clients=clients,
            )
            for row in rows
        ]

    def _refused(self, uow: UnitOfWork) -> dict[str, Any]:
        batches = {batch.id or 0: batch for batch in uow.batches.page(limit=BATCHES_LOOKED_AT)}
        found = sorted(uow.results.failing(list(batches)), key=lambda one: -one.orders) if batches else []
        of = {id_: [one for one in found if one.batch_id == id_] for id_ in batches}
        return {
            "refused": [(batch, of[id_]) for id_, batch in batches.items() if of[id_]],
            "looked_at": BATCHES_LOOKED_AT if len(batches) == BATCHES_LOOKED_AT else 0,
            "contradictions": uow.contradictions.page(everything=False, after=None, limit=SHOWN),
        }


def _unsent(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Return failed sends by kind and channel, each with its reasons in words, the commonest first."""
    kinds: dict[tuple[str, str], dict[str, int]] = {}
    for one in uow.dead_letters.alike(limit=DEAD_LOOKED_AT):
        reasons = kinds.setdefault((one.subject, one.channel), {})
        said = (without_code(one.reason) if one.reason else "") or "没有留下原因"
        reasons[said] = reasons.get(said, 0) + one.messages
    groups = [
        {
            "subject": subject,
            "channel": channel,
            "kind": kind_of(subject, channel),
            "count": sum(reasons.values()),
            "reasons": sorted(reasons.items(), key=lambda pair: -pair[1])[:SHOWN],
        }
        for (subject, channel), reasons in kinds.items()
    ]
    return sorted(groups, key=lambda group: -int(str(group["count"])))


def _after(request: Request) -> int:
    text = request.query_params.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 - fits 64 bits


def _is_admin(request: Request) -> bool:
    return person_of(request).role is Role.ADMIN
