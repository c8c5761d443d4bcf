"""Does a part of a transaction, or nothing of it if it breaks: one bad row must not hold up the others."""

from collections.abc import Callable

from app.store.database.faults import is_the_stores_fault
from app.store.unit_of_work import UnitOfWork


def trouble_with(uow: UnitOfWork, act: Callable[[], object]) -> Exception | None:
    """Do something, or nothing of it if it breaks; return what broke, unless that is the store's own trouble."""
    try:
        with uow.savepoint():
            act()
    except Exception as error:
        if is_the_stores_fault(error):
            raise
        return error
    return None
