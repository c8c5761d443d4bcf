"""The words of the marks on an order's way, and of what else befalls it."""

from app.words.labels import Sentences

MARKS = Sentences(
    {
        "placed": "下单",
        "paid": "付款",
        "queued": "入仓",
        "accepted": "仓库接单",
        "waybill": "获取面单",
        "picking_printed": "打印拣货单",
        "picking_started": "开始拣货",
        "picked": "拣货",
        "packed": "打包",
        "shipped": "发货",
        "collected": "揽收",
        "reopened": "退回",
        "hold": "挂起",
        "resumed": "恢复",
        "cancelled": "取消",
        "merged": "合并",
        "split": "拆分",
        "status": "状态",
    }
)
