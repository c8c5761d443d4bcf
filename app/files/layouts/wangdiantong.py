"""The import file of 旺店通 (column names as in merchants' own tools); it reads the whole address from one cell."""

from app.files.layouts import values
from app.files.layouts.layout import Column, Kind, Layout

WANGDIANTONG = Layout(
    name="wangdiantong",
    title="旺店通",
    columns=(
        Column("店铺名称", Kind.TEXT, values.client),
        Column("原始单号", Kind.NUMBER, values.number),
        Column("收件人", Kind.TEXT, values.name),
        Column("手机", Kind.PHONE, values.phone),
        Column("地址", Kind.TEXT, values.whole_address),
        Column("发货条件", Kind.WORD, lambda line: "货到付款" if line.parcel.payment.status == "cod" else "款到发货"),
        Column("应收合计", Kind.MONEY, values.total),
        Column("邮费", Kind.MONEY, values.freight),
        Column("优惠金额", Kind.MONEY, values.discount),
        Column("商家编码", Kind.TEXT, values.sku),
        Column("货品数量", Kind.COUNT, values.quantity),
        Column("货品总价", Kind.MONEY, values.amount),
    ),
    requirements=(
        values.NEEDS_NAME,
        values.NEEDS_PHONE,
        values.NEEDS_ADDRESS,
        values.NEEDS_SKU,
        values.NEEDS_QUANTITY,
        values.NEEDS_PRICE,
        values.NEEDS_TOTAL,
    ),
)
