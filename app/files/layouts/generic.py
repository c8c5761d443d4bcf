"""Our own file: every field an order may have, nothing required beyond what the door requires."""

from app.files.layouts import values
from app.files.layouts.layout import Column, Kind, Layout

GENERIC = Layout(
    name="generic",
    title="通用",
    columns=(
        Column("应急单号", Kind.NUMBER, values.number),
        Column("外部单号", Kind.TEXT, values.outside_number),
        Column("渠道", Kind.TEXT, values.client),
        Column("优先级", Kind.WORD, lambda line: "高优处理" if line.parcel.high else "普通"),
        Column("下单时间", Kind.TIME, values.placed_at),
        Column("收件人", Kind.TEXT, values.name),
        Column("手机号", Kind.PHONE, values.phone),
        Column("省", Kind.TEXT, values.province),
        Column("市", Kind.TEXT, values.city),
        Column("区", Kind.TEXT, values.district),
        Column("详细地址", Kind.TEXT, values.address),
        Column("商品编码", Kind.TEXT, values.sku),
        Column("商品名称", Kind.TEXT, values.title),
        Column("数量", Kind.COUNT, values.quantity),
        Column("单价", Kind.MONEY, values.price),
        Column("明细金额", Kind.MONEY, values.amount),
        Column("订单金额", Kind.MONEY, values.total),
        Column("运费", Kind.MONEY, values.freight),
        Column("优惠", Kind.MONEY, values.discount),
        Column("付款状态", Kind.WORD, values.payment_status),
        Column("付款时间", Kind.TIME, values.paid_at),
        Column("支付单号", Kind.TEXT, values.transaction),
        Column("买家留言", Kind.TEXT, values.note),
        Column("备注", Kind.TEXT, values.remark_with_buyer),
    ),
)
