"""What a buyer reads at ``/track``: kind words for each state."""

from typing import NamedTuple


class Told(NamedTuple):
    """What a buyer is told: how serious it looks, a heading, and a sentence."""

    level: str
    title: str
    text: str


_ON_ITS_WAY = Told(
    "success",
    "订单已收到，请放心",
    "我们已经可靠地记下您的订单，正在按下单先后处理。商城系统恢复后会为您安排发货，无需重复下单。",
)
TRACK_WORDS = {
    "ask": Told("info", "", "请输入订单号（或最后 6 位）和下单手机号的后四位。"),
    "accepted": _ON_ITS_WAY,
    "batched": _ON_ITS_WAY,
    "held": Told(
        "info", "订单已收到，正在核对", "有一处信息需要人工核对，必要时客服会联系您。订单不会丢失，无需重复下单。"
    ),
    "imported": Told("success", "订单已进入商城系统", "商城已接手这笔订单，后续发货与物流请以商城通知为准。"),
    "duplicate": Told(
        "info", "这是重复提交的一笔", "您的另一笔相同订单正在处理，这一笔不会重复发货。如有疑问请联系客服。"
    ),
    "rejected": Told("info", "订单需要客服处理", "这笔订单由客服跟进，请联系客服了解详情。"),
    "cancelled": Told("info", "订单已取消", "这笔订单已经取消。如果不是您本人的意思，请联系客服。"),
    "unknown": Told("warning", "没有查到", "请核对订单号与手机号后四位。刚下的单请一分钟后再查，仍查不到请联系客服。"),
    "limited": Told("warning", "查询太频繁", "请一分钟后再试。"),
    "away": Told("warning", "暂时查不了", "查询暂时没有应答，已经下的单不受影响，请稍后再试。"),
}
"""By the order's state; a buyer reads neither our stages nor our troubles."""
