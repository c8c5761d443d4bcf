"""The import file of 管易 (column names as in merchants' own tools).

Flags are 0 and 1; rows of one order belong together by 平台单号.
"""

from app.files.layouts import values
from app.files.layouts.layout import Column, Kind, Layout

_PAID_BY = {"cod": "货到付款", "paid": "在线支付"}

GUANYI = Layout(
    name="guanyi",
    title="管易",
    columns=(
        Column("店铺", Kind.TEXT, values.client),
        Column("平台单号", Kind.NUMBER, values.number),
        Column("买家会员", Kind.TEXT, values.buyer),
        Column(
            "支付金额", Kind.MONEY, lambda line: line.parcel.total if line.parcel.payment.status == "paid" else None
        ),
        Column("商品名称", Kind.TEXT, values.title),
        Column("商品代码", Kind.TEXT, values.sku),
        Column("规格代码", Kind.TEXT, values.empty),
        Column("规格名称", Kind.TEXT, values.empty),
        Column("是否赠品", Kind.WORD, lambda _line: "0"),
        Column("数量", Kind.COUNT, values.quantity),
        Column("价格", Kind.MONEY, values.price),
        Column("商品备注", Kind.TEXT, values.remark_with_outside_number),
        Column("运费", Kind.MONEY, values.freight),
        Column("买家留言", Kind.TEXT, values.note),
        Column("收货人", Kind.TEXT, values.name),
        Column("联系电话", Kind.PHONE, values.empty),
        Column("联系手机", Kind.PHONE, values.phone),
        Column("收货地址", Kind.TEXT, values.address),
        Column("省", Kind.TEXT, values.province),
        Column("市", Kind.TEXT, values.city),
        Column("区", Kind.TEXT, values.district),
        Column("邮编", Kind.WORD, values.empty),
        Column("订单创建时间", Kind.TIME, values.placed_at),
        Column("订单付款时间", Kind.TIME, values.paid_at),
        Column("仓库名称", Kind.WORD, values.empty),
        Column("是否货到付款", Kind.WORD, lambda line: "1" if line.parcel.payment.status == "cod" else "0"),
        Column("支付方式", Kind.WORD, lambda line: _PAID_BY.get(line.parcel.payment.status or "", "")),
        Column("支付交易号", Kind.TEXT, values.transaction),
    ),
    requirements=(
        values.NEEDS_NAME,
        values.NEEDS_PHONE,
        values.NEEDS_ADDRESS,
        values.NEEDS_SKU,
        values.NEEDS_QUANTITY,
        values.NEEDS_PRICE,
        values.NEEDS_TOTAL,
        values.NEEDS_PAID_AT,
    ),
)
