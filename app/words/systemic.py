"""The words of 系统性排查: verdicts, what stuck orders may have in common, what happened, how a heartbeat stands."""

from app.words.labels import Label, Labels, Sentences

VERDICTS = Sentences(
    {
        "few": "滞留不足 10 笔，不作判断",
        "scattered": "滞留分散，看不出共同点",
        "incomparable": "滞留集中，但没有可比的正常订单",
        "systemic": "很可能是系统性问题",
    }
)
DIMENSIONS = Sentences(
    {
        "stage": "环节",
        "type": "类型",
        "channel": "渠道",
        "sku": "商品",
        "warehouse": "仓库",
        "carrier": "快递",
        "pay": "支付方式",
    }
)
HAPPENINGS = Sentences({"change": "变更", "job": "定时任务", "heartbeat": "心跳", "dependency": "外部依赖"})
BEATS = Labels(
    {
        "new": Label("还没报到", "secondary"),
        "up": Label("正常", "green"),
        "late": Label("晚了", "orange"),
        "down": Label("失联", "red"),
    }
)
SWITCHES = Sentences({"patrol": "巡检（每 5 分钟）", "batch": "出批次（每个周期）"})
PROBE_REASONS = Sentences(
    {
        "timeout": "5 秒没有应答",
        "connect": "连不上",
        "host_not_allowed": "主机不在允许的名单中",
        "bad_url": "地址无法读取",
    }
)
