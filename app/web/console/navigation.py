"""The menu of the console, in the order in which it is shown."""

from typing import NamedTuple


class Entry(NamedTuple):
    """An entry of the menu: the route it leads to, where that is below ``/console``, its word and its icon."""

    route: str
    path: str
    word: str
    icon: str
    on_a_phone: bool = True
    """Whether it has a tab at the foot of a phone's screen; the others stand under 更多."""


ENTRIES = (
    Entry("home", "/", "总览", "home"),
    Entry("orders", "/orders", "订单", "receipt"),
    Entry("batches", "/batches", "批次", "package"),
    Entry("held", "/held", "待办", "checklist"),
    Entry("goods", "/goods", "商品", "truck", on_a_phone=False),
    Entry("guide", "/guide", "应急向导", "lifebuoy", on_a_phone=False),
    Entry("switching", "/switching", "切换", "refresh", on_a_phone=False),
    Entry("incidents", "/incidents", "事件", "history", on_a_phone=False),
    Entry("health", "/health", "健康", "chart-bar", on_a_phone=False),
    Entry("alerts", "/alerts", "告警", "bell", on_a_phone=False),
    Entry("roster", "/roster", "值班", "calendar-event", on_a_phone=False),
    Entry("messages", "/messages", "消息", "send", on_a_phone=False),
    Entry("coupons", "/coupons", "优惠券", "ticket", on_a_phone=False),
    Entry("settings", "/settings", "设置", "settings", on_a_phone=False),
)
