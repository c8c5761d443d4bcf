"""Makes the rows of an order, all of them, before the first is written: what cannot be written is known in time."""

from app.files.layouts.export_order import ExportOrder
from app.files.layouts.layout import Rows
from app.files.layouts.values import MAX_CELL


class CannotBeWritten(ValueError):
    """An order has no row, or a cell that no file can hold."""


def whole_rows(rows: Rows, order: ExportOrder) -> list[list[str]]:
    """Return the rows of ``order`` as plain text; each fits every format.

    Raises:
        CannotBeWritten: there is none, or a cell is longer than a spreadsheet's.
        Exception: whatever a value of the order, or a layout of somebody's own, breaks; nothing has been written yet.
    """
    made = list(rows(order))
    if not made:
        raise CannotBeWritten("no item")
    for row in made:
        if max(map(len, row)) > MAX_CELL:
            raise CannotBeWritten("a cell too long")
        "".join(row).encode()  # half of a pair of surrogates is no text
    return made
