"""What one client is told of an order names no order of another's, wherever the number comes from."""

import re

from app.domain.order_number import is_number
from app.store.unit_of_work import UnitOfWork

_MAY_BE_A_NUMBER = re.compile(r"(?<![0-9A-Za-z])[A-Za-z][0-9A-Za-z]{12,19}(?![0-9A-Za-z])")
SOMEBODY_ELSES = "另一笔订单"


def without_foreign_numbers(uow: UnitOfWork, text: str, *, client_id: str) -> str:
    """Return ``text`` with each order number in it that is not the client's own replaced by words.

    Reasons are written by people and by the main system, so the text is searched and not only the column.
    """

    def told(found: re.Match[str]) -> str:
        number = found[0].upper()
        if not is_number(number) or uow.orders.numbered(number, client_id=client_id) is not None:
            return found[0]
        return SOMEBODY_ELSES

    return _MAY_BE_A_NUMBER.sub(told, text)
