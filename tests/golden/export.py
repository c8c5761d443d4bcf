"""The orders of this folder as an export sees them."""

from app.files.layouts.export_order import ExportOrder
from tests.golden.orders import ORDERS, number_of, received_at


def export_orders() -> list[ExportOrder]:
    """Return them, each with what its row would know besides."""
    return [
        ExportOrder(
            **{
                "number": number_of(index),
                "client": "c1",
                "priority": "normal",
                "received_at": received_at(index),
                "total": order.total,
                "order": order,
                **facts,
            }  # type: ignore[arg-type]
        )
        for index, (order, facts) in enumerate(ORDERS)
    ]
