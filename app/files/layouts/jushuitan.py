"""The import file of 聚水潭 (column names as in merchants' own tools).

An empty 线上单号 is filled there with a random one, which defeats its check for duplicates: ours is never empty.
"""

from app.files.layouts import values
from app.files.layouts.layout import Column, Kind, Layout

JUSHUITAN = Layout(
    name="jushuitan",
    title="聚水潭",
    columns=(
        Column("线上单号", Kind.NUMBER, values.number),
        Column("店铺编码", Kind.TEXT, values.client),
        Column("订单日期", Kind.TIME, values.placed_at),
        Column("买家账号", Kind.TEXT, values.buyer),
        Column("收件人", Kind.TEXT, values.name),
        Column("手机", Kind.PHONE, values.phone),
        Column("省", Kind.TEXT, values.province),
        Column("市", Kind.TEXT, values.city),
        Column("区", Kind.TEXT, values.district),
        Column("详细地址", Kind.TEXT, values.address),
        Column("买家留言", Kind.TEXT, values.note),
        Column("卖家备注", Kind.TEXT, values.remark_with_outside_number),
        Column("应付金额", Kind.MONEY, values.total),
        Column("运费", Kind.MONEY, values.freight),
        Column("SKU编码", Kind.TEXT, values.sku),
        Column("店铺商品编码", Kind.TEXT, values.sku),
        Column("商品名称", Kind.TEXT, values.title),
        Column("商品属性", Kind.TEXT, values.empty),
        Column("单价", Kind.MONEY, values.price),
        Column("数量", Kind.COUNT, values.quantity),
        Column("明细金额", Kind.MONEY, values.amount),
        Column("明细备注", Kind.TEXT, values.empty),
    ),
    requirements=(
        values.NEEDS_NUMBER,
        values.NEEDS_NAME,
        values.NEEDS_PHONE,
        values.NEEDS_ADDRESS,
        values.NEEDS_SKU,
        values.NEEDS_QUANTITY,
        values.NEEDS_PRICE,
    ),
)
