"""What people read, made from a message's content at the moment it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from app import words
from app.domain.money import yuan
from app.notify.contents import (
    AlertContent,
    AlertGroupContent,
    AlertLine,
    BatchContent,
    CodeContent,
    CustomerContent,
    DigestContent,
    DutyContent,
    GroupContent,
    HighDigestContent,
    OrderContent,
)

HEAD_ROOM = 64
"""Bytes kept for the head line of a digest of high-priority orders."""

CUT = "…"

CLOSING_ROOM = 80
"""Bytes kept for the line that says how many orders a digest does not list."""


NO_LINKS: Mapping[int, str] = MappingProxyType({})

_GROUP_HEADS: Mapping[str, str] = {
    "some_resolved": "【部分恢复】",
    "all_resolved": "【已恢复】",
    "repeat": "【仍未恢复】",
    "summary": "【昨日未处理】",
}


def money(fen: int | None) -> str:
    """Return an amount for people; an unknown one is said to be unknown."""
    return "金额待核" if fen is None else f"¥{yuan(fen)}"


def group_text(content: GroupContent, *, limit: int) -> str:
    """Return a group message; all but those of an order and a batch are as long as ``limit`` bytes of UTF-8 allow."""
    match content:
        case OrderContent():
            return order_text(content)
        case HighDigestContent():
            return high_digest_text(content)
        case DigestContent():
            return digest_text(content, limit=limit)
        case BatchContent():
            return batch_text(content)
        case AlertContent():
            return shortened(alert_text(content), limit=limit)
        case AlertGroupContent():
            return shortened(alert_group_text(content), limit=limit)
        case DutyContent():
            return shortened(duty_text(content), limit=limit)
        case _:
            assert_never(content)


def order_text(content: OrderContent) -> str:
    """Return the group message of one order."""
    head = "【高优处理】" if content.priority == "high" else "【新订单】"
    lines = [
        f"{_drill(drill=content.drill)}{head}{content.number}",
        f"金额：{money(content.total)}　件数：{content.pieces}",
        f"商品：{content.goods}",
        f"手机：{content.phone}　渠道：{content.client}",
        f"受理：{content.at}",
    ]
    if content.client_order_id:
        lines.append(f"外部单号：{content.client_order_id}")
    return "\n".join(lines)


def bare_text(content: GroupContent) -> str:
    """Return the message of an order without what strangers wrote into it; empty if the content holds no such thing."""
    if not isinstance(content, OrderContent):
        return ""
    return order_text(replace(content, goods="（略）", client_order_id=""))


def order_line(content: OrderContent) -> str:
    """Return one order as a line of a digest."""
    return f"{content.number} {money(content.total)} {content.phone} {content.at[11:16]}"


def high_digest_text(content: HighDigestContent) -> str:
    """Return high-priority orders in one message; every one is named."""
    lines = [f"{_drill(drill=content.high[0].drill)}【高优处理】{len(content.high)} 笔"]
    return "\n".join(lines + [order_line(order) for order in content.high])


def fitting(orders: Sequence[OrderContent], *, limit: int) -> int:
    """Return how many of these orders one high-priority digest of ``limit`` bytes can name."""
    room = limit - HEAD_ROOM
    for n, order in enumerate(orders):
        room -= len(order_line(order).encode()) + 1
        if room < 0:
            return max(n, 1)
    return len(orders)


def digest_text(digest: DigestContent, *, limit: int) -> str:
    """Return many orders in one message: sums first, then as many lines as fit."""
    head = f"{_drill(drill=digest.drill)}【新订单汇总】{digest.count} 笔，合计 {money(digest.total)}"
    if digest.unpriced:
        head += f"（另有 {digest.unpriced} 笔金额待核）"
    lines = [head, f"受理时间：{digest.first_at[11:19]} – {digest.last_at[11:19]}"]
    size = sum(len(line.encode()) + 1 for line in lines)
    shown = 0
    for line in digest.lines:
        size += len(line.encode()) + 1
        if size > limit - CLOSING_ROOM:
            break
        lines.append(line)
        shown += 1
    if shown < digest.count:
        lines.append(f"其余 {digest.count - shown} 笔见控制台与批次文件。")
    return "\n".join(lines)


def batch_text(content: BatchContent) -> str:
    """Return the announcement of a batch."""
    kind = "补录批次" if content.kind == "repair" else "新批次"
    lines = [
        f"{_drill(drill=content.drill)}【{kind}】{content.batch}",
        f"订单 {content.orders} 笔，{content.rows} 行，合计 {money(content.total)}，高优 {content.high} 笔",
        f"SHA-256：{(content.sha256 or '')[:16]}…",
        f"下载：{content.url}",
    ]
    due = {"unpaid": content.unpaid, "cod": content.cod, "unknown": content.unknown_payment}
    if told := words.due_sentence(due):
        lines.insert(2, f"其中{told}，发货前请核对。")
    if content.held:
        lines.insert(2, f"另有 {content.held} 笔待人工确认，未进入本批次。")
    return "\n".join(lines)


def shortened(text: str, *, limit: int) -> str:
    """Return a text that is at most so many bytes of UTF-8 long, and says so where it was cut."""
    if len(text.encode()) <= limit:
        return text
    return text.encode()[: max(limit - len(CUT.encode()), 0)].decode(errors="ignore") + CUT


def alert_text(content: AlertContent) -> str:
    """Return an alert, that somebody has taken it on, or its end."""
    taken = f"【已认领】{content.taken_by} 在处理：" if content.taken_by else "【告警】"
    head = "【已恢复】" if content.ended else taken
    return f"{_drill(drill=content.drill)}{head}{content.sentence}"


def alert_group_text(content: AlertGroupContent, links: Mapping[int, str] = NO_LINKS) -> str:
    """Return alerts of one owner in one message; ``links`` are those by which its reader takes them on, by alert.

    One alone reads as it would by itself.
    """
    if content.reason != "summary" and content.new + content.going_on + content.ended == 1 and content.lines:
        only = content.lines[0]
        head = "【已恢复】" if only.state == "ended" else "【告警】"
        return f"{_drill(drill=content.drill)}{head}{_alert_line(only, links)}"
    counts = ((content.new, "新出现"), (content.going_on, "仍在继续"), (content.ended, "已恢复"))
    told = "，".join(f"{word} {count} 条" for count, word in counts if count)
    level = words.ALERT_LEVELS.get(content.level, "")
    lines = [f"{_drill(drill=content.drill)}{_GROUP_HEADS.get(content.reason, '【告警】')}{level}：{told}"]
    for state, word in (("new", "新出现："), ("going_on", "仍在继续："), ("ended", "已恢复：")):
        alike = [f"· {_alert_line(line, links)}" for line in content.lines if line.state == state]
        lines += [word, *alike] if alike else []
    if rest := content.new + content.going_on + content.ended - len(content.lines):
        lines.append(f"其余 {rest} 条见控制台“告警”。")
    return "\n".join(lines)


def _alert_line(line: AlertLine, links: Mapping[int, str]) -> str:
    if line.state == "ended":
        return f"{line.sentence}（持续 {line.lasted} 分钟）"
    since = f"（{line.at} 起）" if line.at else ""
    taken = f"（{line.taken_by} 在处理）" if line.taken_by else ""
    link = links.get(line.alert_id, "")
    claim = f"\n  认领（此链接只属于您，请勿转发）：{link}" if link else ""
    return f"{line.sentence}{since}{taken}{claim}"


def alert_sms_text(content: AlertContent, code: str) -> str:
    """Return an alert as a text message to a person, with the code by which he takes it on."""
    state = alert_state(content)
    if content.more:
        return f"【{content.shop}】订单救生艇{state}告警，请登录控制台查看。"
    how = f"打开 {content.claim_at} 输入 {code} 认领。" if code else ""
    return f"【{content.shop}】订单救生艇{state}，{content.at} 起。{how}"


def alert_state(content: AlertContent) -> str:
    """Return how an alert stands in so few characters that a variable of a text message's template holds them."""
    if content.more:
        return f"另有{min(content.more, 999)}条"
    level = words.ALERT_LEVELS.get(content.level, "")
    return "已恢复" if content.ended else "已认领" if content.taken_by else f"{level}告警"


def customer_text(content: CustomerContent) -> str:
    """Return a text message as its reader sees it; marketing texts end with the way out of them."""
    worth = f"{content.worth} " if content.worth else ""
    match content.template:
        case "notice":
            return (
                f"【{content.shop}】您的订单已收到，应急单号 {content.number}。"
                "系统繁忙，我们会尽快安排发货，请放心，无需重复下单。"
            )
        case "coupon":
            return f"【{content.shop}】感谢您的耐心等待，送您{worth}优惠券 {content.coupon}，下次购物可用。拒收请回复R"
        case "combined":
            return (
                f"【{content.shop}】您的订单已收到，应急单号 {content.number}，我们会尽快安排发货。"
                f"为表歉意送您{worth}优惠券 {content.coupon}。拒收请回复R"
            )
        case _:
            assert_never(content.template)


def code_text(content: CodeContent, code: str) -> str:
    """Return the message that brings a code."""
    return f"【{content.shop}】订单救生艇验证码 {code}，{content.minutes} 分钟内有效。非本人操作请忽略。"


def duty_text(content: DutyContent) -> str:
    """Return a hand-over as its reader sees it: who takes over from whom and when, and which alerts are open."""
    who = f"{content.person}：" if content.person else ""
    place = words.DUTY_PLACES.get(str(content.place), "")
    if content.comes:
        turn = "由您接班" if not content.person else "接班"
        rest = "没有人值班，由兜底人顶上。" if content.stands_in else f"{content.other} 交班。" if content.other else ""
    else:
        turn = "您交班" if not content.person else "交班"
        rest = f"{content.other} 接班。" if content.other else "之后没有人值班，由兜底人顶上。"
    when = f"{content.at} 起" if content.ahead else f"{content.at}"
    head = f"{_drill(drill=content.drill)}【{place}{'接班' if content.comes else '交班'}】{who}{when}{turn}。{rest}"
    if not content.open_alerts:
        return f"{head}\n没有未恢复的告警。"
    lines = [head, f"未恢复的告警 {content.open_alerts} 条：", *(f"· {alert}" for alert in content.alerts)]
    if content.open_alerts > len(content.alerts):
        lines.append(f"其余 {content.open_alerts - len(content.alerts)} 条见控制台“告警”。")
    return "\n".join(lines)


def _drill(*, drill: bool) -> str:
    return "【演练】" if drill else ""
