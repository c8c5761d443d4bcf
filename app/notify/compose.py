"""Composes what is owed for orders, batches and alerts that nobody has heard of, in the transaction that says so.

The goods of each order are counted in the same transaction: an order is composed once, so it is counted once.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from app.channels.kinds import KINDS, SMS
from app.domain.alert_group import GROUPED
from app.domain.clock import Clock
from app.domain.harmless_text import harmless_text
from app.domain.order import Order
from app.domain.phone import masked
from app.domain.quiet_hours import earliest_send
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.domain.times import local_text
from app.notify.alert_messages import Exit, alert_messages, owners_of
from app.notify.codes import compose_codes
from app.notify.contents import BatchContent, CustomerContent, OrderContent
from app.notify.count_goods import count_goods
from app.notify.coupon_message import coupon_follow_up, customer_of
from app.notify.new_message import NewMessage
from app.notify.policy import MessagePolicy
from app.notify.trouble import trouble_with
from app.store.sealing import Keyring
from app.store.tables import Alert, Batch, OrderRow
from app.store.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()

PAGE = 100
"""Orders in one transaction: short, so that the door's commits are not kept waiting."""


class Composer:
    """Turns rows without messages into messages."""

    def __init__(self, store: Store, keyring: Keyring, policy: MessagePolicy, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._policy = policy
        self._clock = clock

    def run_once(self) -> int:
        """Compose one page of orders, and all new batches and alerts; return how many orders were composed."""
        now = self._clock.now()
        with self._store.writing() as uow:
            orders = uow.orders.claim_uncomposed(limit=PAGE, now=now)
            opened: dict[str, Order] = {}
            if orders and trouble_with(uow, partial(self._compose_orders, uow, orders, opened, now)):
                self._compose_one_by_one(uow, orders, opened, now)
            count_goods(uow, orders, opened)
            if error := trouble_with(uow, partial(compose_codes, uow, shop=self._policy.shop, now=now)):
                log.error("codes_cannot_be_composed", reason=type(error).__name__)
            for batch in uow.batches.claim_unannounced(now=now):
                if error := trouble_with(uow, partial(self._announce, uow, batch, now)):
                    log.error("batch_cannot_be_announced", batch=batch.name, reason=type(error).__name__)
            for alert, ended in uow.alerts.claim_untold(now=now):
                if error := trouble_with(uow, partial(self._tell_alert, uow, alert, ended=ended, now=now)):
                    log.error("alert_cannot_be_told", rule=alert.rule, reason=type(error).__name__)
        return len(orders)

    def _add(self, uow: UnitOfWork, messages: Sequence[NewMessage]) -> None:
        uow.messages.add_new([message.as_row() for message in messages])

    # ---- orders ----------------------------------------------------------------------------------------------------

    def _compose_orders(self, uow: UnitOfWork, orders: list[OrderRow], opened: dict[str, Order], now: datetime) -> None:
        clients = uow.access.client_names()
        messages: list[NewMessage] = []
        for row in orders:
            order = opened[row.number] = self._keyring.open_order(row.sealed, row.number)
            messages += self._group_messages(
                row, self._facts(row, order, clients.get(row.client_id, row.client_id)), now
            )
            messages += self._text_messages(uow, row, order.phone, now=now)
        self._add(uow, messages)

    def _compose_one_by_one(
        self, uow: UnitOfWork, orders: list[OrderRow], opened: dict[str, Order], now: datetime
    ) -> None:
        """Compose orders of which one breaks: that one is told to the groups by what its row alone says."""
        broken = 0
        for row in orders:
            error = trouble_with(uow, partial(self._compose_orders, uow, [row], opened, now))
            if error is None:
                continue
            broken += 1
            log.error("order_cannot_be_composed", number=row.number, reason=type(error).__name__)
            if error := trouble_with(uow, partial(self._tell_bare, uow, row, now)):
                log.error("order_cannot_be_told", number=row.number, reason=type(error).__name__)
        log.error("orders_composed_without_content", count=broken)

    def _tell_bare(self, uow: UnitOfWork, row: OrderRow, now: datetime) -> None:
        facts = OrderContent(
            number=row.number,
            client_order_id=harmless_text(row.client_order_id or "")[:64],
            priority="high" if row.priority == "high" else "normal",
            total=row.total_fen,
            pieces=0,
            goods="（内容无法读取，请在控制台查看）",
            phone=f"*******{row.phone_last4}",
            client=row.client_id,
            at=local_text(row.received_at, self._policy.zone),
            drill=row.drill,
        )
        self._add(uow, self._group_messages(row, facts, now))

    def _facts(self, row: OrderRow, order: Order, client: str) -> OrderContent:
        first = order.items[0]
        goods = harmless_text(first.name or first.sku)[:40] + f" ×{first.quantity}"
        if len(order.items) > 1:
            goods += f" 等 {len(order.items)} 种"
        return OrderContent(
            number=row.number,
            client_order_id=harmless_text(row.client_order_id or "")[:64],
            priority="high" if row.priority == "high" else "normal",
            total=row.total_fen,
            pieces=sum(item.quantity for item in order.items),
            goods=goods,
            phone=masked(order.phone),
            client=harmless_text(client)[:40],
            at=local_text(row.received_at, self._policy.zone),
            drill=row.drill,
        )

    def _group_messages(self, row: OrderRow, facts: OrderContent, now: datetime) -> list[NewMessage]:
        return [
            NewMessage(
                once=f"order_{group.channel}:{row.id}:{group.target}",
                subject=Subject.ORDER,
                channel=group.channel,
                target=group.target,
                urgency=Urgency.HIGH if row.priority == "high" else Urgency.NORMAL,
                content=facts,
                now=now,
            ).about(row)
            for group in self._policy.everyday_groups
        ]

    def _text_messages(self, uow: UnitOfWork, row: OrderRow, phone: str, *, now: datetime) -> list[NewMessage]:
        """One notice and one coupon for a phone and incident, however often it orders."""
        if "-" in phone:  # a marketplace's privacy number takes calls, not messages
            return []
        plain = CustomerContent(number=row.number, shop=self._policy.shop, template="notice", drill=row.drill)
        notice = NewMessage(
            once=f"order_sms:{customer_of(row)}",
            subject=Subject.NOTICE,
            channel=SMS.name,
            target=row.client_id,
            content=plain,
            now=now,
        ).about(row)
        if not self._owes_coupon(uow, row):
            return [notice]
        daytime = earliest_send(now, zone=self._policy.zone)
        if self._policy.coupon == "combined":
            known = uow.messages.template_of(notice.once)
            if known == "combined":
                return [notice]  # an earlier order's message brings it, or has brought it
            if known is None and daytime == now:
                return [notice.saying(replace(plain, template="combined"))]
        # At night the notice goes alone and at once; the coupon, being marketing, follows in the morning.
        alone = self._policy.coupon == "separate" or self._policy.coupon_template
        return [notice, coupon_follow_up(row, plain, own_template=alone, now=now, due_at=daytime)]

    def _owes_coupon(self, uow: UnitOfWork, row: OrderRow) -> bool:
        """Tell whether a customer is to get a coupon; its code is drawn only when the message is about to leave.

        A drill gives no real code away. Before the first codes were filled in nobody is promised one.
        """
        if self._policy.coupon == "off" or row.drill or not uow.coupons.any():
            return False
        return not uow.coupons.has_one(incident_id=row.incident_id, phone_index=row.phone_index)

    # ---- batches and alerts ----------------------------------------------------------------------------------------

    def _announce(self, uow: UnitOfWork, batch: Batch, now: datetime) -> None:
        self._add(uow, self._batch_messages(uow, batch, now))

    def _tell_alert(self, uow: UnitOfWork, alert: Alert, *, ended: bool, now: datetime) -> None:
        people: list[Exit] = []
        if not ended and alert.level in GROUPED:
            incident, owners = uow.incidents.open_one(drill=False), owners_of(uow, alert, self._keyring, self._policy)
            uow.alert_groups.join(alert, owners, incident_id=incident.id if incident else None, now=now)
        if ended:  # nobody is woken for what is over, and whoever was hears of its end; a group reads both
            reason = "告警已恢复，不再发送"
            uow.outbox_of_alerts.take_back(alert.id or 0, now=now, reason=reason, from_people=True)
            told = uow.outbox_of_alerts.told_alone(alert.id or 0)
            people = [one for one in told if one[1] or alert.level in GROUPED]  # of the others the settings speak
        self._add(uow, alert_messages(alert, self._policy, ended=ended, people=people, now=now))

    def _batch_messages(self, uow: UnitOfWork, batch: Batch, now: datetime) -> list[NewMessage]:
        payments = (batch.manifest or {}).get("payments", {})
        content = BatchContent(
            batch=batch.name or "",
            kind="repair" if batch.kind == "repair" else "regular",
            orders=batch.orders,
            rows=batch.rows,
            total=batch.total_fen,
            high=uow.batches.high_in(batch.id or 0),
            held=batch.held,
            sha256=batch.sha256,
            url=f"{self._policy.public_url}/console/batches/{batch.name}",
            unpaid=payments.get("unpaid", 0),
            cod=payments.get("cod", 0),
            unknown_payment=payments.get("unknown", 0),
            drill=batch.drill,
        )
        return [
            NewMessage(
                once=f"batch_{group.channel}:{batch.id}:{group.target}",
                subject=Subject.BATCH,
                channel=group.channel,
                target=group.target,
                urgency=Urgency.ALERT,
                content=content,
                now=now,
                due_at=now + KINDS[group.channel].announcement_delay(random.random()),  # noqa: S311 - spread, not secrecy
                incident_id=batch.incident_id,
                batch_id=batch.id,
                drill=batch.drill,
            )
            for group in self._policy.everyday_groups
        ]
