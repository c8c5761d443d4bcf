"""Answers for orders while the store is away, or knows less than this machine: "not now" and never "not here"."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from app.bootstrap import Lifeboat
from app.domain.caller import Caller
from app.domain.problems import NotFound, StoreAway
from app.store.database.faults import is_the_stores_fault
from app.store.spool.kept_here import may_be_kept_here

log = structlog.get_logger()

NOT_FOUND = "没有找到该订单。"


@contextmanager
def store_at_hand() -> Iterator[None]:
    """Say that the store is away where it is.

    Raises:
        StoreAway: it did not answer.
    """
    try:
        yield
    except Exception as error:
        if is_the_stores_fault(error):
            log.warning("store_away", reason=type(error).__name__)
            raise StoreAway from None
        raise


def require_known(boat: Lifeboat, caller: Caller, number: str) -> None:
    """Make sure that the store has an order of a caller, once it was not found there.

    The spool is asked, then the store again: an order goes from there to here, and is in one of them at every instant.

    Raises:
        NotFound: the caller has no such order, or another has.
        StoreAway: it is in this machine's spool, or may be.
    """
    told_to = None if caller.scope == "ops" else caller.client_id
    kept = may_be_kept_here(boat.settings.spool_dir, client_id=told_to, number=number)
    with boat.store.reading() as uow:
        if uow.orders.numbered(number, client_id=told_to) is not None:
            return
    raise StoreAway if kept else NotFound(NOT_FOUND)
