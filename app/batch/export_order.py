"""Turns an order's row and its unsealed content into what the files show."""

from app.domain.order import Order, Priority, without_wild_times
from app.files.layouts.export_order import ExportOrder
from app.store.tables import OrderRow


def export_order_of(row: OrderRow, order: Order, *, client: str = "", drill: bool = False) -> ExportOrder:
    """Return an order as it goes into a file."""
    remarks = (
        "演练订单，请勿发货" if drill else "",
        "疑似重复单，已人工放行" if row.released_at and row.looks_like else "",
    )
    order = without_wild_times(order, now=row.received_at)
    priority: Priority = "high" if row.priority == "high" else "normal"
    return ExportOrder(
        number=row.number,
        client=client,
        priority=priority,
        received_at=row.received_at,
        total=row.total_fen,
        order=order,
        remark="；".join(remark for remark in remarks if remark),
    )
