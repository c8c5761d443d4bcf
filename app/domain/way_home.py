"""What follows for an order from what the main system said of it: the one place where that is decided."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainThrottled,
    MainUnknown,
    OrderRefused,
    SameNumber,
)
from app.domain.money import yuan
from app.domain.order import Order, total_of

RESTS = (timedelta(seconds=50), timedelta(minutes=2), timedelta(minutes=5), timedelta(minutes=15))
"""Before each look at an order that may be there; the first is a call's time limit and half a minute, after which
nothing of it can be running any more."""

BELIEVED_AFTER = 3
"""Times that an order which may have been sent was not found, before that is believed: an index may lag."""


@dataclass(frozen=True, slots=True)
class ComesHome:
    """It is in the main system; ``was_there`` where it had been before we sent it, which makes it a duplicate."""

    main_numbers: tuple[str, ...]
    was_there: bool


@dataclass(frozen=True, slots=True)
class StaysRefused:
    """The main system will never take it as it is: its own words, and the field if it named one."""

    words: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class AskFirst:
    """Nobody knows whether it is there: look it up after ``wait``, and never send it before."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class SendNow:
    """It is not there, and may be sent."""


@dataclass(frozen=True, slots=True)
class WaitThenGoOn:
    """The account is to be left alone for ``wait``; no attempt of this order's is used up."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class StopEverybody:
    """Nothing gets through before a person has put the access right; no order is charged with it."""

    code: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class PersonDecides:
    """No machine can tell; ``reason`` says to a person what does not fit."""

    reason: str


AfterCreate = ComesHome | StaysRefused | AskFirst | WaitThenGoOn | StopEverybody | PersonDecides
AfterFind = ComesHome | SendNow | AskFirst | WaitThenGoOn | StopEverybody | PersonDecides


def after_create(outcome: CreateOutcome, order: Order) -> AfterCreate:
    """Decide what follows from an order's being sent."""
    match outcome:
        case CreatedInMain(number):
            return ComesHome((number,), was_there=False)
        case ExistsInMain(found):  # where it does not tell what is in it, only a look can
            return AskFirst(timedelta()) if found is None else _settled(found, order)
        case OrderRefused(words, field):
            return StaysRefused(words, field)
        case AccessRefused() | MainThrottled():
            return _held_up(outcome)
        case MainUnknown():
            return AskFirst(RESTS[0])
        case _:
            assert_never(outcome)


def after_find(
    outcome: FindOutcome, order: Order, *, asked: int, absent: int, may_be_there: bool, same_number: SameNumber
) -> AfterFind:
    """Decide what follows from a look.

    ``asked`` counts the looks so far, ``absent`` those that ended with "no such order", both with this one;
    ``may_be_there`` where the order may have been sent before, by us or by whoever passed it on.
    """
    match outcome:
        case ExistsInMain(found):
            if found is None:
                return PersonDecides("主系统说已有此单，但查不到它的内容，请核对后处理")
            return _settled(found, order)
        case AbsentFromMain():
            if may_be_there and absent < BELIEVED_AFTER:
                return AskFirst(rest_after(asked))
            return _believed(absent, doubles=may_be_there and same_number is SameNumber.DOUBLES)
        case AccessRefused() | MainThrottled():
            return _held_up(outcome)
        case MainUnknown(words=words, helps=helps):
            if helps:
                return AskFirst(rest_after(asked))
            return PersonDecides(words or "主系统的接口查不了这一单，请核对后处理")
        case _:
            assert_never(outcome)


def rest_after(asked: int) -> timedelta:
    """Return the rest before the next look, after so many."""
    return RESTS[min(asked, len(RESTS) - 1)]


def difference(order: Order, found: FoundInMain) -> str:
    """Return what the main system has otherwise than we have, as a sentence; empty where all that it tells agrees."""
    total = total_of(
        stated=order.total,
        prices=((item.unit_price, item.quantity) for item in order.items),
        freight=order.freight,
        discount=order.discount,
    )
    if None not in (total, found.total_fen) and total != found.total_fen:
        return f"主系统里的金额是 {yuan(found.total_fen or 0)} 元，本系统是 {yuan(total or 0)} 元"
    ours = _pieces((item.sku, item.quantity) for item in order.items)
    if found.goods is not None and _pieces(found.goods) != ours:
        return "主系统里的商品或数量与本系统的不同"
    return ""


def _held_up(outcome: AccessRefused | MainThrottled) -> StopEverybody | WaitThenGoOn:
    """Return what follows where the call got nowhere: nothing was done, and no order is charged with it."""
    if isinstance(outcome, MainThrottled):
        return WaitThenGoOn(outcome.wait)
    return StopEverybody(outcome.code, outcome.words)


def _believed(absent: int, *, doubles: bool) -> SendNow | PersonDecides:
    """Return what follows once it is believed that the order is not there."""
    if doubles:
        return PersonDecides(f"查了 {absent} 次都没有，但再发一次可能产生两单，请核对后处理")
    return SendNow()


def _settled(found: FoundInMain, order: Order) -> ComesHome | PersonDecides:
    """Return what follows for an order that is there; what differs is never overwritten."""
    if found.is_void:
        return PersonDecides("主系统里有这一单，但已作废或取消，请核对后处理")
    if different := difference(order, found):
        return PersonDecides(f"{different}，请核对后处理")
    if found.by == "shop" and found.total_fen is None and found.goods is None:
        return PersonDecides("主系统里有店铺单号相同的订单，但没有金额与商品可核对，请核对后处理")
    return ComesHome(found.main_numbers, was_there=True)


def _pieces(goods: Iterable[tuple[str, int]]) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for sku, quantity in goods:
        pieces[sku] += quantity
    return pieces
