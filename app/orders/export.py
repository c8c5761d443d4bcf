"""A list of orders is taken out of the console only with a record of who took which."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.actor import Actor
from app.store.unit_of_work import UnitOfWork

EXPORTED = "order.export"
"""The deed in the audit."""

MOST = 10_000
"""Orders of one list: what a spreadsheet scrolls well, and some seconds of unsealing."""


def export_orders(uow: UnitOfWork, chosen: Mapping[str, str], *, orders: int, by: Actor, now: datetime) -> None:
    """Write down that somebody is about to be handed a list; nobody is whose record could not be kept."""
    detail = {"filter": dict(chosen), "orders": orders, "sentence": f"导出订单列表 {orders} 笔（客户信息已打码）"}
    uow.audit.record(EXPORTED, by=by, at=now, subject=chosen.get("batch", ""), detail=detail)
