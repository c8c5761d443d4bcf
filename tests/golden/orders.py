"""Orders, rich and odd, whose files are kept byte for byte beside this module."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from app.domain.order import Item, Order, Payment, Recipient
from tests.deployment.facts import TEN

Facts = dict[str, object]

RICH = Order(
    phone="13800138000-6762",
    items=(
        Item(sku="A-1001", name="跑步鞋 42", quantity=2, unit_price=29950),
        Item(sku="=cmd|' /C calc'!A0", name='袜子 "厚",三双', quantity=1, unit_price=100),
        Item(sku="3301234567890123456", quantity=99_999, unit_price=0),
    ),
    client_order_id="-SHOP-1",
    total=60000,
    freight=1000,
    discount=1000,
    recipient=Recipient(name="张三", province="浙江省", city="杭州市", district="西湖区", address="文三路 1 号"),
    payment=Payment(status="paid", paid_at=TEN, transaction_id="4200001234"),
    buyer="@nick",
    note="=1+1\r\n到了打电话,\n“轻放”",
    placed_at=datetime(2026, 11, 22, 9, 59, 59, 999999, tzinfo=timezone(timedelta(hours=8))),
)
BARE = Order(phone="13800138000", items=(Item(sku="A", quantity=1),))

ORDERS: tuple[tuple[Order, Facts], ...] = (
    (RICH, {"priority": "high", "total": 60000, "client": "旗舰店"}),
    (BARE, {}),
    (replace(RICH, payment=Payment(status="cod"), buyer=None), {"total": 60000, "remark": "演练订单，请勿发货"}),
    (replace(RICH, payment=Payment(status="unpaid"), client_order_id=None, placed_at=None), {"total": 1}),
    (
        replace(
            RICH,
            payment=Payment(status="paid"),
            recipient=replace(RICH.recipient or Recipient(), address="浙江省杭州市西湖区文三路 1 号"),
        ),
        {"total": 0, "remark": "演练订单，请勿发货；疑似重复单，已人工放行"},
    ),
    (replace(RICH, recipient=Recipient(), payment=Payment()), {"total": 123456789012}),
    (replace(RICH, recipient=Recipient(address="　－一号楼"), note="", buyer=""), {"client": "=外部"}),
    (replace(RICH, recipient=Recipient(province="上海市", city="上海市", address="𠮷野路 5 号")), {"total": 5}),
    (
        replace(
            BARE,
            items=(Item(sku="'=x", name="a\x00b\x07", quantity=1, unit_price=1), Item(sku="", quantity=0)),
            note="'-5\t半个\ud83d字",
            client_order_id="+8613800138000",
            freight=0,
            discount=5,
            recipient=Recipient(name="＝李", city="市", district="＠区", address=""),
            payment=Payment(status="cod", paid_at=TEN, transaction_id="-1"),
        ),
        {"total": 101},
    ),
    (replace(BARE, buyer="买；家", client_order_id="  外部 1  "), {"total": None, "remark": "=备注"}),
)


def number_of(index: int) -> str:
    """Return the number of the order at ``index``."""
    return f"LB{index:012d}X"


def received_at(index: int) -> datetime:
    """Return when the order at ``index`` was taken."""
    return TEN + timedelta(hours=index, microseconds=index)
