"""A past of any length on either engine: orders that were composed, batched and imported, and all that came of them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app.store.tables import METADATA
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours

BATCH = 20
"""Orders of one batch."""


def add_past(deployment: Deployment, orders: int) -> None:
    """Give a store ``orders`` orders that were composed, batched and, those of a closed incident, imported."""
    ids = range(1, orders + 1)
    at = {i: TEN - hours(1) - timedelta(seconds=orders - i) for i in ids}
    closed = orders // 2
    batches = range(1, orders // BATCH + 1)
    rows: dict[str, list[dict[str, Any]]] = {
        "incident": [_incident(1, at[1], closed_at=at[closed]), _incident(2, at[closed])],
        "batch": [_batch(n, 1 if n * BATCH <= closed else 2, at[n * BATCH]) for n in batches],
        "orders": [_order(i, at[i], done=i <= closed) for i in ids],
        "order_goods": [
            {
                "order_id": i,
                "incident_id": 1 + (i > closed),
                "fate": "home" if i <= closed else "open",
                "lines": [["A", 1]],
            }
            for i in ids
        ],
        "sku_count": [{"incident_id": n, "sku": sku, "accepted": closed} for n in (1, 2) for sku in ("", "A")],
        "batch_order": [{"batch_id": (i - 1) // BATCH + 1, "order_id": i} for i in ids],
        "import_result": [_result(i, at[i]) for i in ids if i <= closed],
        "main_number": [{"order_id": i, "number": f"M{i}", "said_at": at[i]} for i in ids if i <= closed],
        "message": [
            *(_message(i, at[i], f"order_wecom:{i}:robot-1", "wecom", target="robot-1") for i in ids),
            *(_message(i, at[i], f"order_sms:1:{i:032x}", "sms", target="") for i in ids),
        ],
        "attempt": [
            _attempt(i, at[i % orders + 1], "sms" if i > orders else "wecom") for i in range(1, 2 * orders + 1)
        ],
        "coupon": [_coupon(i, at[i], given=i > 20) for i in ids],
        "audit": [
            {"at": TEN, "actor": "x", "action": "batch.download", "subject": f"P-{n}", "address": "", "detail": {}}
            for n in batches
        ],
        "tally": [{"incident_id": n, "shard": 0, "accepted": closed} for n in (1, 2)],
        "standing": [
            {"incident_id": 1, "state": "imported", "orders": closed},
            {"incident_id": 2, "state": "batched", "orders": orders - closed},
        ],
    }
    with deployment.engines.writer.begin() as connection:
        for name, some in rows.items():
            connection.execute(insert(METADATA.tables[name]), some)
        if not deployment.engines.is_sqlite:
            for name in ("orders", "message", "attempt", "batch", "coupon", "import_result"):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {10 * orders})")
            connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('incident', 'id'), 2)")
    if not deployment.engines.is_sqlite:
        with deployment.engines.writer.begin() as connection:
            connection.exec_driver_sql("ANALYZE")


def _incident(number: int, at: datetime, closed_at: datetime | None = None) -> dict[str, Any]:
    row = {"id": number, "name": f"INC-{number}", "drill": False, "reason": "", "opened_by": "", "opened_at": at}
    return {**row, "closed_at": closed_at}


def _batch(number: int, incident: int, at: datetime) -> dict[str, Any]:
    moments = ("window_from", "window_to", "claimed_at", "lease_until", "published_at", "announced_at")
    row = {"id": number, "name": f"P-{number}", "incident_id": incident, "kind": "regular", "columns": "generic"}
    counts = {"orders": BATCH, "rows": BATCH, "total_fen": 0, "held": 0}
    return {**row, **counts, "state": "published", **dict.fromkeys(moments, at)}


def _order(i: int, at: datetime, *, done: bool) -> dict[str, Any]:
    return {
        "id": i,
        "number": f"LBP{i:010d}",
        "incident_id": 1 if done else 2,
        "client_id": "c1",
        "idempotency_key": f"P{i}",
        "client_order_id": f"T{i}",
        "phone_last4": f"{i % 10_000:04d}",
        "priority": "high" if i % 3 == 0 else "normal",
        "total_fen": 9900,
        "received_at": at,
        "composed_at": at,
        "batch_id": (i - 1) // BATCH + 1,
        "state": "imported" if done else "batched",
        "sealed": b"x" * 300,
        **{name: i.to_bytes(16) for name in ("fingerprint", "look_alike", "phone_index")},
    }


def _result(i: int, at: datetime) -> dict[str, Any]:
    said = {"result": "imported", "reported_by": "x", "reported_at": at}
    return {"batch_id": (i - 1) // BATCH + 1, "order_id": i, **said}


def _coupon(i: int, at: datetime, *, given: bool) -> dict[str, Any]:
    theirs = {"incident_id": 1, "phone_index": i.to_bytes(16), "order_id": i, "given_at": at}
    return {"code": f"F{i}", "worth": "20 元", "added_at": TEN, **(theirs if given else dict.fromkeys(theirs))}


def _message(i: int, at: datetime, once: str, channel: str, *, target: str) -> dict[str, Any]:
    row = {
        "once": once,
        "subject": once.partition("_")[0].replace("order", "order" if channel == "wecom" else "notice"),
        "channel": channel,
        "target": target,
    }
    row |= {"lane": 2, "order_id": i, "drill": False}
    times = {"created_at": at, "due_at": at, "finished_at": at}
    return {**row, "content": {"number": f"LBP{i:010d}"}, "state": "sent", "attempts": 1, "asked": 0, **times}


def _attempt(message: int, at: datetime, channel: str) -> dict[str, Any]:
    target = "robot-1" if channel == "wecom" else ""
    return {
        "message_id": message,
        "channel": channel,
        "target": target,
        "number": 1,
        "started_at": at - hours(30),
        "finished_at": at - hours(30),
        "outcome": "delivered",
    }
