"""What does not agree between us, the main system's list and the payment statement, each kind by its name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum

from app.domain.goods import Fate
from app.domain.witness import MainOrder, MainOrderState, Moved, Movement, OurOrder, share_a_coding


class Discrepancy(StrEnum):
    """A kind of discrepancy; the console and the command line have its word, its next step and its owner."""

    LOST = "lost"
    """Said to be in the main system, and not in its list."""
    NOT_HOME = "not_home"
    """In a file, without a result, and not in the list."""
    NOT_EXPORTED = "not_exported"
    """In no file yet, and not in the list."""
    PAID_NOWHERE = "paid_nowhere"
    """The statement has the money, and the list has no order."""
    ALREADY_THERE = "already_there"
    """In no file yet, and in the list all the same."""
    DOUBLED = "doubled"
    CLOSED_BUT_THERE = "closed_but_there"
    CANCELLED_THERE = "cancelled_there"
    PASSED_ON_THERE = "passed_on_there"
    """Merged or split, and what it became is not in the list."""
    UNCLEAR_STATE = "unclear_state"
    AMOUNT_DIFFERS = "amount_differs"
    GOODS_DIFFER = "goods_differ"
    UNPAID_THERE = "unpaid_there"
    REFUNDED_THERE = "refunded_there"

    LIKELY_THERE = "likely_there"
    """One order here and one row there look like the same."""
    AMBIGUOUS = "ambiguous"
    UNKNOWN_NUMBER = "unknown_number"
    """A row with a number that only we give, and none of ours has."""
    NOT_OURS = "not_ours"

    NOT_PAID = "not_paid"
    """Taken as paid, and the statement of that day has no payment."""
    DOUBLE_PAYMENT = "double_payment"
    PAYMENT_DIFFERS = "payment_differs"
    REFUNDED = "refunded"
    PAID_MEANWHILE = "paid_meanwhile"
    """Taken as unpaid, and the statement has the payment."""
    REFUND_DUE = "refund_due"
    """Paid, and nobody will ship it."""
    MONEY_WITHOUT_ORDER = "money_without_order"


MISSING = frozenset({Discrepancy.LOST, Discrepancy.NOT_HOME, Discrepancy.NOT_EXPORTED, Discrepancy.PAID_NOWHERE})
"""Of these the main system's list has nothing."""

_STANDS = frozenset({MainOrderState.LIVE, MainOrderState.UNPAID, MainOrderState.UNCLEAR})


def against_the_list(
    order: OurOrder, found: Sequence[MainOrder], *, has_money: bool, perhaps: bool
) -> Iterator[Discrepancy]:
    """Yield what does not agree with the main system's list, given what was found of an order there.

    ``has_money`` is whether the statement has its payment; ``perhaps`` whether a row there is doubtful and may be it.
    """
    standing = [one for one in found if one.state in _STANDS]
    if order.fate is Fate.CLOSED:
        if standing:
            yield Discrepancy.CLOSED_BUT_THERE
    elif standing:
        yield from _of_standing(order, standing, found)
    elif any(one.state is MainOrderState.PASSED_ON for one in found):
        yield Discrepancy.PASSED_ON_THERE
    elif found:
        yield Discrepancy.CANCELLED_THERE
    elif not perhaps:
        yield _missing(order, has_money=has_money)


def _missing(order: OurOrder, *, has_money: bool) -> Discrepancy:
    if has_money:
        return Discrepancy.PAID_NOWHERE
    if order.fate is Fate.HOME:
        return Discrepancy.LOST
    return Discrepancy.NOT_HOME if order.exported else Discrepancy.NOT_EXPORTED


def _of_standing(order: OurOrder, standing: Sequence[MainOrder], found: Sequence[MainOrder]) -> Iterator[Discrepancy]:
    if not order.exported and order.fate is Fate.OPEN:
        yield Discrepancy.ALREADY_THERE
    several = len({one.number or one.places for one in standing}) > 1
    if several and not _is_split(order, standing, found):
        yield Discrepancy.DOUBLED
    else:
        yield from _values(order, standing)
    if any(one.state is MainOrderState.UNCLEAR for one in standing):
        yield Discrepancy.UNCLEAR_STATE
    if order.payment == "paid" and any(one.state is MainOrderState.UNPAID for one in standing):
        yield Discrepancy.UNPAID_THERE
    if any(one.refund_fen for one in standing):
        yield Discrepancy.REFUNDED_THERE


def _is_split(order: OurOrder, standing: Sequence[MainOrder], found: Sequence[MainOrder]) -> bool:
    """Tell whether several orders there are one of ours in parts: they say so, or goods or amounts add up to it."""
    if any(one.state is MainOrderState.PASSED_ON for one in found):
        return True
    goods = _sum_of_goods(standing)
    if goods is not None and share_a_coding(order.goods, goods):
        return goods == order.goods
    return order.total_fen is not None and _sum_of_amounts(standing) == order.total_fen


def _values(order: OurOrder, standing: Sequence[MainOrder]) -> Iterator[Discrepancy]:
    amount = _sum_of_amounts(standing)
    if amount is not None and order.total_fen is not None and amount != order.total_fen:
        yield Discrepancy.AMOUNT_DIFFERS
    goods = _sum_of_goods(standing)
    if share_a_coding(order.goods, goods) and goods != order.goods:
        yield Discrepancy.GOODS_DIFFER


def _sum_of_amounts(found: Sequence[MainOrder]) -> int | None:
    amounts = [one.amount_fen for one in found if one.amount_fen is not None]
    return sum(amounts) if len(amounts) == len(found) else None


def _sum_of_goods(found: Sequence[MainOrder]) -> dict[str, int] | None:
    total: Counter[str] = Counter()
    for one in found:
        if one.goods is None:
            return None
        total.update(one.goods)
    return dict(total)


def against_the_statement(order: OurOrder, moved: Sequence[Movement], *, covered: bool) -> Iterator[Discrepancy]:
    """Yield what does not agree with the payment statement; ``covered`` is whether it tells of the order's day."""
    payments = {one.number: one for one in moved if one.kind is Moved.PAYMENT}
    given_back = any(one.kind is not Moved.PAYMENT for one in moved)
    if len(payments) > 1:
        yield Discrepancy.DOUBLE_PAYMENT
    elif payments:
        (paid,) = payments.values()
        if paid.amount_fen is not None and order.total_fen is not None and paid.amount_fen != order.total_fen:
            yield Discrepancy.PAYMENT_DIFFERS
    if given_back:
        yield Discrepancy.REFUNDED
    if order.fate is Fate.CLOSED:
        if payments and not given_back:
            yield Discrepancy.REFUND_DUE
    elif payments and order.payment == "unpaid":
        yield Discrepancy.PAID_MEANWHILE
    elif not moved and order.payment == "paid" and covered:
        yield Discrepancy.NOT_PAID
