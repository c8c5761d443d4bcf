"""Brings the counts by SKU in step with orders that have come to their end, or back from it."""

from app.store.unit_of_work import Store

MOST = 500
"""Notes in one transaction: short, so that the door's commits are not kept waiting."""


def count_ended_goods(store: Store) -> int:
    """Count a page of orders anew; return how many. Where there is nothing to do no lock is taken."""
    with store.reading() as uow:
        if not uow.goods.notes_waiting():
            return 0
    with store.writing() as uow:
        return uow.goods.count_anew(limit=MOST)
