"""Rows of a list of orders as people read them: what was bought and for whom, the latter never in full."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from app import words
from app.domain import money
from app.domain.csv_cell import defuse, on_one_line
from app.domain.times import local_text
from app.store.repositories.overview import OrderListRow
from app.store.sealing import Keyring
from app.store.unit_of_work import UnitOfWork
from app.web.console.filters import name_masked
from app.web.console.goods import goods_line, unsealed

HEADS = ("应急单号", "外部单号", "渠道", "受理时间", "状态", "优先级", "商品", "金额", "收件人", "手机尾号", "批次")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order of a list; goods and recipient are empty where it cannot be unsealed."""

    row: OrderListRow
    goods: str
    recipient: str
    unpaid: bool


def lines_of(uow: UnitOfWork, keyring: Keyring, rows: Sequence[OrderListRow]) -> list[OrderLine]:
    """Open the orders of a page."""
    sealed = uow.search.sealed([row.id for row in rows])
    return [_line(keyring, row, sealed.get(row.id, b"")) for row in rows]


def _line(keyring: Keyring, row: OrderListRow, sealed: bytes) -> OrderLine:
    order = unsealed(keyring, sealed, row.number)
    if order is None:
        return OrderLine(row, "", "", unpaid=False)
    recipient = name_masked(order.recipient.name) if order.recipient else ""
    unpaid = order.payment is not None and order.payment.status == "unpaid"
    return OrderLine(row, goods_line(order.items), recipient, unpaid)


def sheet_of(
    lines: Iterable[OrderLine], *, clients: Mapping[str, str], batches: Mapping[int, str], zone: tzinfo
) -> bytes:
    """Return a list as a CSV file that a spreadsheet opens and does not execute."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADS)
    for line in lines:
        row = line.row
        cells = (
            row.number,
            row.client_order_id or "",
            clients.get(row.client_id, row.client_id),
            local_text(row.received_at, zone),
            words.ORDER_STATES[row.state].text,
            words.PRIORITIES[row.priority].text if row.priority in words.PRIORITIES else row.priority,
            line.goods,
            money.yuan(row.total_fen) if isinstance(row.total_fen, int) else "",
            line.recipient,
            row.phone_last4,
            batches.get(row.batch_id, ""),
        )
        writer.writerow([defuse(on_one_line(str(cell))) for cell in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")
