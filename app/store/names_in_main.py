"""What one of our orders may be called in the main system."""

from app.domain.main_system import OrderNames
from app.store.tables import OrderRow
from app.store.unit_of_work import UnitOfWork


def names_in_main(uow: UnitOfWork, row: OrderRow) -> OrderNames:
    """Return an order's numbers, ours and the shop's, and the storefront that it came by."""
    return OrderNames(row.number, row.client_order_id, uow.access.client_name(row.client_id) or "")
