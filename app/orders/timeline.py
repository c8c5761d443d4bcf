"""An order's whole way, derived from what happened and stored nowhere twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app import words
from app.channels.kinds import label_of
from app.domain.passed_on import sentence_of
from app.domain.states import HeldKind, OrderState
from app.orders.decide import DECISIONS
from app.orders.discretion import without_foreign_numbers
from app.store.tables import Audit, OrderRow
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order: a stable name, and a Chinese sentence."""

    at: datetime
    event: str
    detail: str


def time_line(uow: UnitOfWork, row: OrderRow, *, told_to: str | None = None) -> list[Event]:
    """Return what happened to an order, oldest first.

    ``told_to`` is the client that asks, and reads no number of another client's order; None is one of ours.
    """
    events = _events(uow, row)
    if told_to is None:
        return events
    return [replace(one, detail=without_foreign_numbers(uow, one.detail, client_id=told_to)) for one in events]


def whole_time_line(uow: UnitOfWork, row: OrderRow) -> list[Event]:
    """Return also what people did around an order: who took it on, who saw its customer, who fetched its files."""
    events = [*_events(uow, row)]
    events += [Event(d.at, d.action.partition(".")[2], _INSIDE[d.action](d)) for d in _deeds(uow, row.number)]
    if (noted := uow.passed_on.of(row.number)) is not None:
        events.append(Event(noted.first_at, "passed_on", sentence_of(noted.said, inside=True)))
    batches = [batch.name or "" for batch in uow.batches.of_order(row.id or 0)]
    for name, downloads in uow.audit.of_each(batches, "batch.download").items():
        events += [Event(d.at, "download", f"{name} 被 {d.actor} 下载") for d in downloads]
    return sorted(events, key=lambda event: event.at)


def _deeds(uow: UnitOfWork, number: str) -> list[Audit]:
    return [deed for deed in uow.audit.of(number) if deed.action in _INSIDE]


def _sentence(deed: Audit) -> str:
    return str(deed.detail.get("sentence", ""))


_INSIDE: Mapping[str, Callable[[Audit], str]] = {
    "order.claim": _sentence,
    "order.handled": _sentence,
    "order.let_go": _sentence,
    "order.by_hand": lambda deed: f"{deed.actor} 代客下单",
    "order.by_file": lambda deed: (
        f"{deed.actor} 从文件导入（{deed.detail.get('file', '')} 第 {deed.detail.get('row', '')} 行）"
    ),
    "order.unmask": lambda deed: f"{deed.actor} 查看了完整客户信息",
}


def why_held(row: OrderRow) -> str:
    """Return the sentence that tells why an order waits for a person."""
    if row.looks_like and row.held_kind == HeldKind.LOOK_ALIKE:
        return f"疑似重复单（{row.looks_like}），待人工确认"
    return f"{row.state_reason or words.ORDER_STATES[row.state].text}，待人工确认"


def _events(uow: UnitOfWork, row: OrderRow) -> list[Event]:
    order_id = row.id or 0
    events = [Event(row.received_at, "accepted", f"已受理，应急单号 {row.number}")]
    events += _messages(uow, order_id)
    decisions = [deed for deed in uow.audit.of(row.number) if deed.action in DECISIONS]
    events += [Event(d.at, d.action.partition(".")[2], _sentence(d)) for d in decisions]
    if row.state == OrderState.HELD:
        events.append(Event(row.received_at, "held", why_held(row)))
    for batch in uow.batches.of_order(order_id):
        if batch.published_at is not None:
            events.append(Event(batch.published_at, "batched", f"已进入批次 {batch.name}"))
    results = uow.results.of_order(order_id)
    events += [
        Event(
            r.reported_at,
            r.result,
            words.RESULT_SENTENCES[r.result]
            + (f"：{r.reason or r.main_order_number}" if r.reason or r.main_order_number else ""),
        )
        for r in results
    ]
    if row.settled_at is not None and not results and not decisions:
        events.append(Event(row.settled_at, row.state, words.ORDER_STATES[row.state].text))
    return sorted(events, key=lambda event: event.at)


def main_numbers_of(uow: UnitOfWork, row: OrderRow) -> list[str]:
    """Return an order's numbers in the main system, the one it is known by first; several where it was split."""
    if row.main_order_number is None:
        return []
    told = uow.results.main_numbers([row.id or 0]).get(row.id or 0, [])
    return list(dict.fromkeys([row.main_order_number, *told]))


def _messages(uow: UnitOfWork, order_id: int) -> list[Event]:
    events = []
    for message in uow.messages.of_order(order_id):
        sentence = words.message_name(message.subject, message.channel, label_of(message.channel))
        speaker = uow.messages.get(message.merged_into) if message.merged_into else message
        if speaker is None or speaker.finished_at is None:
            continue
        match speaker.state:
            case "sent":
                events.append(Event(speaker.finished_at, "notified", f"{sentence}已发送"))
            case "simulated":
                events.append(Event(speaker.finished_at, "simulated", f"{sentence}（模拟发送，未实际发出）"))
            case "dead":
                events.append(Event(speaker.finished_at, "undelivered", f"{sentence}未送达"))
    return events
