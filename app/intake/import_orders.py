"""Imports the orders of a file through the intake, some at a time; what was accepted before is not accepted again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.order import total_of
from app.domain.own_clients import BY_FILE
from app.domain.problems import Busy, IdempotencyConflict, InvalidOrder, Problem
from app.intake.accept import Accepted, Intake
from app.intake.order_file import FileOrder, OrderFile, WrongRow
from app.store.statements import chunks
from app.store.unit_of_work import UnitOfWork

AT_ONCE = 200
"""Orders that wait for their commit together: as many as a few storefronts send, so that the door is not crowded."""

TRIES = 20
PAUSE = 0.25
"""Seconds until an order is tried again where more wait than the queue may hold."""

Record = Callable[[Mapping[str, int]], Awaitable[None]]
"""Writes down who imported these orders: their rows, by number."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What importing a file would do."""

    new: int
    known: int
    total_fen: int
    unknown_totals: int


@dataclass(slots=True)
class Imported:
    """What has been imported; ``stopped`` says why the rest, ``left`` orders, was not tried, and is empty otherwise."""

    accepted: int = 0
    replayed: int = 0
    refused: list[WrongRow] = field(default_factory=list)
    left: int = 0
    stopped: str = ""


def foresee(uow: UnitOfWork, intake: Intake, file: OrderFile) -> Foreseen:
    """Tell what importing a file would do; nothing is changed."""
    numbers, fen, unknown = [], 0, 0
    for one in file.orders:
        try:
            numbers.append(intake.prepare(one.order, BY_FILE, idempotency_key=one.key).number)
        except InvalidOrder:
            continue
        prices = ((item.unit_price, item.quantity) for item in one.order.items)
        order = one.order
        total = total_of(stated=order.total, prices=prices, freight=order.freight, discount=order.discount)
        fen, unknown = fen + (total or 0), unknown + (total is None)
    known = len(uow.orders.known_numbers(numbers))
    return Foreseen(len(numbers) - known, known, fen, unknown)


async def import_orders(
    intake: Intake, orders: Sequence[FileOrder], *, record: Record, progress: Callable[[int], None] = lambda _done: None
) -> Imported:
    """Import orders; each is on disk when it is counted, and a kill in between is made up for by importing again."""
    done = Imported()
    for n, some in enumerate(chunks(orders, AT_ONCE)):
        answers = await asyncio.gather(*(_give(intake, one) for one in some))
        taken: dict[str, int] = {}
        for one, answer in zip(some, answers, strict=True):
            _count(done, one, answer, taken)
        if taken:
            await record(taken)
        if done.stopped:
            done.left += max(len(orders) - (n + 1) * AT_ONCE, 0)
            break
        progress(len(some))
    return done


async def _give(intake: Intake, one: FileOrder) -> Accepted | Problem:
    for _ in range(TRIES):
        try:
            return await intake.accept(one.order, BY_FILE, idempotency_key=one.key)
        except Busy as problem:
            busy = problem
            await asyncio.sleep(PAUSE)
        except Problem as problem:
            return problem
    return busy


def _count(done: Imported, one: FileOrder, answer: Accepted | Problem, taken: dict[str, int]) -> None:
    match answer:
        case Accepted(number=number, replayed=replayed):
            taken[number] = one.rows[0]
            done.replayed += replayed
            done.accepted += not replayed
        case IdempotencyConflict():
            done.refused.append(WrongRow(one.rows[0], "店铺单号", "此前已导入过，内容不同；先前那一笔没有改动"))
        case InvalidOrder():
            done.refused.append(WrongRow(one.rows[0], "", answer.errors[0].detail if answer.errors else answer.detail))
        case Problem():
            done.left += 1
            done.stopped = answer.detail
