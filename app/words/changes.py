"""The words of what storefronts change about their orders afterwards."""

from app.domain.money import yuan
from app.domain.order_change import ChangeKind, Wish
from app.words.labels import Label, Labels, Sentences

CHANGES = Sentences({"cancel": "取消", "paid": "已付款"})
CHANGE_STATES = Labels(
    {
        "applied": Label("已生效", "green"),
        "noted": Label("待处理", "orange"),
        "done": Label("已处理", "green"),
        "refused": Label("未能处理", "red"),
    }
)


def what_is_told(wish: Wish) -> str:
    """Return what a wish tells beside itself, for people: why, or how it was paid."""
    if wish.kind == ChangeKind.CANCEL:
        return wish.reason or ""
    amount = None if wish.amount_fen is None else f"金额 {yuan(wish.amount_fen)} 元"
    payment = None if wish.transaction_id is None else f"支付单号 {wish.transaction_id}"
    return "，".join(one for one in (payment, amount) if one)
