"""Composes what is owed for orders and batches nobody has spoken of yet, each in the transaction that marks it done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from app.domain.clock import Clock
from app.domain.harmless_text import harmless_text
from app.domain.order import Order
from app.domain.phone import masked
from app.domain.quiet_hours import earliest_send
from app.domain.send_budget import Urgency
from app.notify.policy import MessagePolicy
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import Batch, Coupon, OrderRow
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()

PAGE = 100
"""Orders in one transaction: short, so that the door's commits are not kept waiting."""

Rows = list[dict[str, Any]]


class Composer:
    """Turns rows without messages into messages."""

    def __init__(self, store: Store, keyring: Keyring, policy: MessagePolicy, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._policy = policy
        self._clock = clock

    def run_once(self) -> int:
        """Compose one page of orders and all new batches; return how many orders were composed."""
        now = self._clock.now()
        with self._store.writing() as uow:
            orders = uow.orders.claim_uncomposed(limit=PAGE, now=now)
            if orders:
                self._compose_orders(uow, orders, now)
            for batch in uow.batches.claim_unannounced(now=now):
                uow.messages.add_new(self._batch_messages(uow, batch, now))
        return len(orders)

    # ---- orders ----------------------------------------------------------------------------------------------------

    def _compose_orders(self, uow: UnitOfWork, orders: list[OrderRow], now: datetime) -> None:
        clients = {client.id: client.name for client in uow.access.clients()}
        drills = {i: uow.incidents.get(i).drill for i in {row.incident_id for row in orders}}
        rows: Rows = []
        for row in orders:
            try:
                order = self._keyring.open_order(row.sealed, row.number)
            except CannotUnseal:
                log.exception("order_cannot_be_unsealed", number=row.number)
                continue  # its group message could say nothing; the batch stage holds it for a person
            facts = self._facts(
                row, order, client=clients.get(row.client_id, row.client_id), drill=drills[row.incident_id]
            )
            rows += self._group_messages(row, facts, now)
            rows += self._text_messages(uow, row, order.phone, drill=drills[row.incident_id], now=now)
        uow.messages.add_new(rows)
        self._watch_the_pool(uow, orders[0].incident_id, now)

    def _facts(self, row: OrderRow, order: Order, *, client: str, drill: bool) -> dict[str, Any]:
        first = order.items[0]
        goods = harmless_text(first.name or first.sku)[:40] + f" ×{first.quantity}"
        if len(order.items) > 1:
            goods += f" 等 {len(order.items)} 种"
        return {
            "number": row.number,
            "client_order_id": harmless_text(row.client_order_id or "")[:64],
            "priority": row.priority,
            "total": row.total_fen,
            "pieces": sum(item.quantity for item in order.items),
            "goods": goods,
            "phone": masked(order.phone),
            "client": harmless_text(client)[:40],
            "at": row.received_at.astimezone(self._policy.zone).strftime("%Y-%m-%d %H:%M:%S"),
            "drill": drill,
        }

    def _group_messages(self, row: OrderRow, facts: Mapping[str, Any], now: datetime) -> Rows:
        lane = Urgency.HIGH if row.priority == "high" else Urgency.NORMAL
        return [
            _message(
                f"order_wecom:{row.id}:{group}",
                kind="order_wecom",
                channel="wecom",
                target=group,
                lane=lane,
                row=row,
                content=facts,
                now=now,
            )
            for group in self._policy.groups
        ]

    def _text_messages(self, uow: UnitOfWork, row: OrderRow, phone: str, *, drill: bool, now: datetime) -> Rows:
        """One notice and one coupon for a phone and incident, however often it orders."""
        if "-" in phone:  # a marketplace's privacy number takes calls, not messages
            return []
        customer = f"{row.incident_id}:{row.phone_index.hex()}"
        facts = {"number": row.number, "shop": self._policy.shop, "drill": drill}
        coupon = None if drill else self._coupon(uow, row, now)  # a drill gives no real code away
        notice = _message(
            f"order_sms:{customer}",
            kind="order_sms",
            channel="sms",
            target=row.client_id,
            row=row,
            content={**facts, "template": "notice"},
            now=now,
        )
        if coupon is None or coupon.order_id != row.id:  # an earlier order's messages bring it, or have brought it
            return [notice]
        gift = {**facts, "coupon": coupon.code, "worth": coupon.worth}
        daytime = earliest_send(now, zone=self._policy.zone)
        if self._policy.coupon == "combined" and daytime == now and not uow.messages.exists(notice["once"]):
            return [{**notice, "content": {**gift, "template": "combined"}}]
        # At night the notice goes alone and at once; the coupon, being marketing, follows in the morning.
        template = "coupon" if self._policy.coupon == "separate" or self._policy.coupon_template else "combined"
        follow_up = _message(
            f"coupon_sms:{customer}",
            kind="coupon_sms",
            channel="sms",
            target=row.client_id,
            row=row,
            content={**gift, "template": template},
            now=now,
        )
        return [notice, {**follow_up, "due_at": daytime}]

    def _coupon(self, uow: UnitOfWork, row: OrderRow, now: datetime) -> Coupon | None:
        if self._policy.coupon == "off":
            return None
        return uow.coupons.give(incident_id=row.incident_id, phone_index=row.phone_index, order_id=row.id or 0, now=now)

    def _watch_the_pool(self, uow: UnitOfWork, incident_id: int, now: datetime) -> None:
        if self._policy.coupon == "off" or not uow.coupons.any():
            return
        free = uow.coupons.free(at_most=self._policy.coupon_low_at + 1)  # a large pool is not counted for every page
        if free == 0:
            uow.messages.add_new(
                self.alert(
                    f"coupon_empty:{incident_id}", "优惠券已发完，后续短信只发通知、不带优惠券。请导入新券码。", now=now
                )
            )
        elif free <= self._policy.coupon_low_at:
            uow.messages.add_new(
                self.alert(f"coupon_low:{incident_id}", f"优惠券仅剩 {free} 张，请尽快导入新券码。", now=now)
            )

    # ---- batches and alerts ----------------------------------------------------------------------------------------

    def _batch_messages(self, uow: UnitOfWork, batch: Batch, now: datetime) -> Rows:
        content = {
            "batch": batch.name,
            "kind": batch.kind,
            "orders": batch.orders,
            "rows": batch.rows,
            "total": batch.total_fen,
            "high": uow.batches.high_in(batch.id or 0),
            "held": batch.held,
            "sha256": batch.sha256,
            "url": f"{self._policy.public_url}/console/batches/{batch.name}",
            "drill": uow.incidents.get(batch.incident_id).drill,
        }
        return [
            _message(
                f"batch_wecom:{batch.id}:{group}",
                kind="batch_wecom",
                channel="wecom",
                target=group,
                lane=Urgency.ALERT,
                content=content,
                now=now,
                incident_id=batch.incident_id,
                batch_id=batch.id,
            )
            for group in self._policy.groups
        ]

    def alert(self, once: str, sentence: str, *, now: datetime, drill: bool = False) -> Rows:
        """Return an alert to every group, and by e-mail to those named in the settings; ``once`` names its cause."""
        content = {"sentence": sentence, "drill": drill}
        groups = [
            _message(
                f"alert:{once}:{group}",
                kind="alert_wecom",
                channel="wecom",
                target=group,
                lane=Urgency.ALERT,
                content=content,
                now=now,
            )
            for group in self._policy.groups
        ]
        if not self._policy.alert_emails:
            return groups
        return [
            *groups,
            _message(
                f"alert:{once}:email", kind="alert_email", channel="email", lane=Urgency.ALERT, content=content, now=now
            ),
        ]


def _message(  # noqa: PLR0913 - the columns of one row
    once: str,
    *,
    kind: str,
    channel: str,
    content: Mapping[str, Any],
    now: datetime,
    target: str = "",
    lane: Urgency = Urgency.NORMAL,
    row: OrderRow | None = None,
    incident_id: int | None = None,
    batch_id: int | None = None,
) -> dict[str, Any]:
    return {
        "once": once,
        "kind": kind,
        "channel": channel,
        "target": target,
        "lane": int(lane),
        "incident_id": row.incident_id if row else incident_id,
        "order_id": row.id if row else None,
        "batch_id": batch_id,
        "content": dict(content),
        "state": "pending",
        "created_at": now,
        "due_at": now,
        "attempts": 0,
        "asked": 0,
    }
