"""What a buyer reads of an order: kind words for each state, and none of our stages or troubles."""

from typing import NamedTuple


class Told(NamedTuple):
    """A heading, a kind sentence, and whether it is good, calm or needs a look."""

    title: str
    sentence: str
    tone: str


TRACKED = {
    "accepted": Told("订单已收到", "您的订单已经收到并妥善保存，正在排队处理，请放心，无需重复下单。", "good"),
    "held": Told("正在人工核对", "您的订单已经收到，客服正在核对信息，必要时会与您联系，请保持电话畅通。", "calm"),
    "batched": Told("正在处理", "您的订单已经整理完毕，正在录入仓库系统，随后安排发货。", "good"),
    "imported": Told("已进入发货流程", "您的订单已经进入正常的发货流程，请留意后续的发货通知。", "good"),
    "duplicate": Told(
        "已并入另一笔订单", "这笔订单与您的另一笔订单相同，我们按一笔处理；如果您确实要两份，请联系客服。", "calm"
    ),
    "rejected": Told("订单已关闭", "这笔订单已由客服关闭；如有疑问，请联系店铺客服。", "warn"),
    "cancelled": Told("订单已取消", "这笔订单已经取消；如有疑问，请联系店铺客服。", "warn"),
    "unknown": Told(
        "没有查到",
        "请核对订单号和收货手机号后四位。刚刚下单的，请过几分钟再查；仍查不到请联系店铺客服，先不要重复付款。",
        "warn",
    ),
    "wait": Told("查询过于频繁", "请稍等一会儿再查。您的订单不受影响。", "warn"),
    "away": Told("暂时查不到", "查询暂时不可用，请过几分钟再试。您的订单不受影响，无需重复下单。", "warn"),
}
"""What the public page says, by the state of the order or the condition of the page."""
