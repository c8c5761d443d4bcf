"""What each discrepancy of a comparison is called, what is to be done about it, and by whom."""

from typing import NamedTuple

DISCREPANCY_OWNERS = {
    "ops": "运营",
    "service": "客服",
    "finance": "财务",
    "it": "IT",
}
"""Who has a discrepancy in hand."""


class ToldDiscrepancy(NamedTuple):
    """A discrepancy for people: its word, the next step, and whose it is."""

    word: str
    next: str
    owner: str


class DiscrepancyWords(dict[str, ToldDiscrepancy]):
    """Words by kind; one that this program does not know is shown as it is."""

    def __missing__(self, kind: str) -> ToldDiscrepancy:
        """Return what stands for an unknown kind."""
        return ToldDiscrepancy(kind, "请人工核对。", "ops")


DISCREPANCIES = DiscrepancyWords(
    {
        "paid_nowhere": ToldDiscrepancy(
            "已收款，主系统没有", "钱已收到而主系统没有此单：按我方状态补导，或退款。", "ops"
        ),
        "money_without_order": ToldDiscrepancy(
            "有收款，两边都没有订单", "按账单的单号找到客户：补单或退款。", "finance"
        ),
        "not_paid": ToldDiscrepancy("按已付款受理，账单没有", "先别发货：向店铺核实付款，未付的取消。", "finance"),
        "double_payment": ToldDiscrepancy("重复付款", "同一单付了两次：退还其中一笔。", "finance"),
        "payment_differs": ToldDiscrepancy("收款金额不符", "核对实收与订单金额，差额补收或退还。", "finance"),
        "refunded": ToldDiscrepancy("已退款", "钱已退：确认主系统里也已取消，不要发货。", "service"),
        "paid_meanwhile": ToldDiscrepancy(
            "受理时未付款，账单已收到", "已付款：请店铺通知付款，或放行这笔订单。", "ops"
        ),
        "refund_due": ToldDiscrepancy("已收款，订单已关闭", "不会发货而钱已收：退款。", "finance"),
        "lost": ToldDiscrepancy(
            "已报导入，清单里没有", "结果说已导入而清单没有：在主系统里按单号查，没有就更正后补录。", "ops"
        ),
        "not_home": ToldDiscrepancy("已进文件，清单里没有", "把批次文件导入主系统并传回结果；失败的补录。", "ops"),
        "not_exported": ToldDiscrepancy("还没出批，清单里没有", "等下一批次，或先处理挂起原因。", "ops"),
        "already_there": ToldDiscrepancy("还没出批，清单里已有", "主系统已有：判定为重复，不要再导入。", "ops"),
        "doubled": ToldDiscrepancy("主系统里有两单", "只发一单：在主系统里取消另一单。", "ops"),
        "closed_but_there": ToldDiscrepancy("我方已关闭，清单里还有", "在主系统里取消，或更正我方结果。", "ops"),
        "cancelled_there": ToldDiscrepancy(
            "主系统里已取消", "问清为何取消：客户还要的补录，不要的在我方也关闭。", "service"
        ),
        "passed_on_there": ToldDiscrepancy(
            "主系统里已合并或拆分", "清单里没有之后的那一单：重新导出，或在主系统里查。", "ops"
        ),
        "unclear_state": ToldDiscrepancy("主系统的状态不认识", "在主系统里看一眼；这个词可写进自己的列名对照。", "it"),
        "amount_differs": ToldDiscrepancy("金额不符", "核对优惠、运费与改价；错的一边更正。", "ops"),
        "goods_differ": ToldDiscrepancy("商品不符", "核对商品与数量，发货前在主系统里更正。", "ops"),
        "unpaid_there": ToldDiscrepancy("主系统里未付款", "我方按已付款受理：在主系统里登记付款。", "finance"),
        "refunded_there": ToldDiscrepancy("主系统里有退款", "确认退款属实，不要重复发货。", "service"),
        "likely_there": ToldDiscrepancy("清单里有很像的一单", "两边对照：是同一单就判为重复，不是就放行。", "ops"),
        "ambiguous": ToldDiscrepancy("对不上是哪一单", "两边对照，由人确定哪一行是哪一单。", "ops"),
        "unknown_number": ToldDiscrepancy(
            "清单里有我方没有的应急单号", "先查各机器的本地暂存，再查这行从哪里导入。", "it"
        ),
        "not_ours": ToldDiscrepancy(
            "清单里多出的订单", "主系统自己收的单可用 --others 略过；否则查这行从哪里来。", "ops"
        ),
    }
)
"""By kind, the gravest first: in this order they are listed."""

RUNGS = {
    "our_number": "应急单号",
    "main_number": "主系统单号",
    "shop_number": "店铺单号",
    "payment_number": "支付单号",
    "likeness": "手机、商品、金额、时间",
}
"""What tied a row to an order."""

MOVED = {"payment": "收款", "refund": "退款", "revoked": "撤销"}
"""What a row of a statement says of the money."""

PLACED = {
    "matched": "对上",
    "ambiguous": "待人工确认",
    "missing": "清单里没有",
    "closed": "已关闭且清单里没有",
    "unexpected": "清单里多出",
    "elsewhere": "属于其他事件",
}
"""Where the orders of a comparison are, and the rows that are none of theirs."""
