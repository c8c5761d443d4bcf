"""What people read, made from a message's content at the moment it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.money import yuan

TEXT_LIMIT = 2048
MARKDOWN_LIMIT = 4096
"""UTF-8 bytes WeCom takes (facts on WeCom, section 2); a longer message is refused, not cut."""


def money(fen: int | None) -> str:
    """Return an amount for people; an unknown one is said to be unknown."""
    return "金额待核" if fen is None else f"¥{yuan(fen)}"


def order_text(content: Mapping[str, Any]) -> str:
    """Return the group message of one order."""
    high = content["priority"] == "high"
    head = f"{_drill(content)}{'【高优处理】' if high else '【新订单】'}{content['number']}"
    lines = [
        head,
        f"金额：{money(content['total'])}　件数：{content['pieces']}",
        f"商品：{content['goods']}",
        f"手机：{content['phone']}　渠道：{content['client']}",
        f"受理：{content['at']}",
    ]
    if content.get("client_order_id"):
        lines.append(f"外部单号：{content['client_order_id']}")
    return "\n".join(lines)


def order_line(content: Mapping[str, Any]) -> str:
    """Return one order as a line of a digest."""
    return f"{content['number']} {money(content['total'])} {content['phone']} {content['at'][11:16]}"


def high_digest_text(contents: Sequence[Mapping[str, Any]]) -> str:
    """Return high-priority orders in one message; every one is named."""
    lines = [f"{_drill(contents[0])}【高优处理】{len(contents)} 笔"]
    return "\n".join(lines + [order_line(content) for content in contents])


def fitting(contents: Sequence[Mapping[str, Any]], *, limit: int = TEXT_LIMIT) -> int:
    """Return how many of these orders one high-priority digest can name."""
    room = limit - 64  # the head line
    for n, content in enumerate(contents):
        room -= len(order_line(content).encode()) + 1
        if room < 0:
            return max(n, 1)
    return len(contents)


def digest_text(digest: Mapping[str, Any]) -> str:
    """Return many orders in one message: sums first, then as many lines as fit."""
    head = f"{_drill(digest)}【新订单汇总】{digest['count']} 笔，合计 {money(digest['total'])}"
    if digest["unpriced"]:
        head += f"（另有 {digest['unpriced']} 笔金额待核）"
    lines = [head, f"受理时间：{digest['first_at'][11:19]} – {digest['last_at'][11:19]}"]
    size = sum(len(line.encode()) + 1 for line in lines)
    shown = 0
    for line in digest["lines"]:
        size += len(line.encode()) + 1
        if size > MARKDOWN_LIMIT - 80:  # the closing line
            break
        lines.append(line)
        shown += 1
    if shown < digest["count"]:
        lines.append(f"其余 {digest['count'] - shown} 笔见控制台与批次文件。")
    return "\n".join(lines)


def batch_text(content: Mapping[str, Any]) -> str:
    """Return the announcement of a batch."""
    kind = "补录批次" if content["kind"] == "repair" else "新批次"
    lines = [
        f"{_drill(content)}【{kind}】{content['batch']}",
        f"订单 {content['orders']} 笔，{content['rows']} 行，合计 {money(content['total'])}，高优 {content['high']} 笔",
        f"SHA-256：{content['sha256'][:16]}…",
        f"下载：{content['url']}",
    ]
    if content["held"]:
        lines.insert(2, f"另有 {content['held']} 笔待人工确认，未进入本批次。")
    return "\n".join(lines)


def alert_text(content: Mapping[str, Any]) -> str:
    """Return an alert."""
    return f"{_drill(content)}【告警】{content['sentence']}"


def notice_sms(content: Mapping[str, Any]) -> str:
    """Return the calming text message as its reader sees it."""
    return (
        f"【{content['shop']}】您的订单已收到，应急单号 {content['number']}。"
        "系统繁忙，我们会尽快安排发货，请放心，无需重复下单。"
    )


def coupon_sms(content: Mapping[str, Any]) -> str:
    """Return the coupon message as its reader sees it; marketing texts end with the way out of them."""
    worth = f"{content['worth']} " if content.get("worth") else ""
    return f"【{content['shop']}】感谢您的耐心等待，送您{worth}优惠券 {content['coupon']}，下次购物可用。拒收请回复R"


def combined_sms(content: Mapping[str, Any]) -> str:
    """Return notice and coupon in one message."""
    worth = f"{content['worth']} " if content.get("worth") else ""
    return (
        f"【{content['shop']}】您的订单已收到，应急单号 {content['number']}，我们会尽快安排发货。"
        f"为表歉意送您{worth}优惠券 {content['coupon']}。拒收请回复R"
    )


def _drill(content: Mapping[str, Any]) -> str:
    return "【演练】" if content.get("drill") else ""
