"""What a web process notices about the rest of the house: a silent worker, a late batch, a database that could lose."""

from app.bootstrap import Lifeboat
from app.domain.batch_window import is_overdue
from app.store.database.durability import durability_of
from app.store.repositories.leases import LEADER

WORKER_SILENT = "后台进程没有在工作：订单照常受理，但不发通知、不出批次"
BATCH_OVERDUE = "批次逾期：有订单等待过久仍未进入批次，请检查后台进程与磁盘"


def warnings_of(boat: Lifeboat) -> dict[str, str]:
    """Return what to warn of, by stable code; asks the store, so not for the event loop's own thread."""
    now = boat.clock.now()
    found = {gap.code: gap.sentence for gap in durability_of(boat.engines)}
    with boat.store.reading() as uow:
        leader = uow.leases.get(LEADER)
        waits = [since for i in uow.orders.incidents_waiting() if (since := uow.orders.waiting_since(i)) is not None]
    if leader is None or leader.until < now:
        found["worker_silent"] = WORKER_SILENT
    if is_overdue(now, oldest_waiting_at=min(waits, default=None), every=boat.settings.batch_every):
        found["batch_overdue"] = BATCH_OVERDUE
    return found
