"""Whether the main system's access has been tried: noted after each check, since an outage is no time to find out."""

from datetime import datetime

from app.store.unit_of_work import UnitOfWork


def note_check(uow: UnitOfWork, account: str, *, well: bool, now: datetime) -> None:
    """Note what a check of an account has found; what is not well any more counts as never tried."""
    uow.main_access.keep_tried(account, now if well else None)


def tried_at(uow: UnitOfWork, account: str) -> datetime | None:
    """Return when everything about an account was last found well; None where nobody knows that it is."""
    row = uow.main_access.get(account)
    return None if row is None else row.tried_at
