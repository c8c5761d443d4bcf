"""What people read: each stable code of a row has one Chinese word here, on every page and in every list."""

from collections.abc import Mapping

from app.domain.ledger import Ledger
from app.domain.subject import Subject
from app.words.access import ACCOUNT_STATES as ACCOUNT_STATES
from app.words.access import CONTACT_STATES as CONTACT_STATES
from app.words.access import CONTACT_WAYS as CONTACT_WAYS
from app.words.access import DUTY_PLACES as DUTY_PLACES
from app.words.access import DUTY_SOURCES as DUTY_SOURCES
from app.words.access import KEY_STATES as KEY_STATES
from app.words.access import ROLE_SENTENCES as ROLE_SENTENCES
from app.words.access import SCOPES as SCOPES
from app.words.buyers import TRACKED as TRACKED
from app.words.changes import CHANGE_STATES as CHANGE_STATES
from app.words.changes import CHANGES as CHANGES
from app.words.compare import DISCREPANCIES as DISCREPANCIES
from app.words.compare import DISCREPANCY_OWNERS as DISCREPANCY_OWNERS
from app.words.compare import MOVED as MOVED
from app.words.compare import PLACED as PLACED
from app.words.compare import RUNGS as RUNGS
from app.words.deeds import ACTIONS as ACTIONS
from app.words.deeds import DETAILS as DETAILS
from app.words.deeds import WAYS as WAYS
from app.words.failover import MAIN_STATES as MAIN_STATES
from app.words.failover import switched_name as switched_name
from app.words.hours import WEEKDAYS as WEEKDAYS
from app.words.labels import Label as Label
from app.words.labels import Labels, Sentences
from app.words.main_system import CHECK_VERDICTS as CHECK_VERDICTS
from app.words.main_system import MAIN_ANSWERS as MAIN_ANSWERS
from app.words.main_system import MAIN_CHECKS as MAIN_CHECKS
from app.words.main_system import MAIN_TROUBLES as MAIN_TROUBLES
from app.words.main_system import REPLAY_STATES as REPLAY_STATES
from app.words.main_system import main_trouble as main_trouble
from app.words.marks import MARKS as MARKS
from app.words.sources import SOURCE_KINDS as SOURCE_KINDS
from app.words.sources import SOURCE_TROUBLES as SOURCE_TROUBLES
from app.words.sources import source_trouble as source_trouble
from app.words.systemic import BEATS as BEATS
from app.words.systemic import DIMENSIONS as DIMENSIONS
from app.words.systemic import HAPPENINGS as HAPPENINGS
from app.words.systemic import PROBE_REASONS as PROBE_REASONS
from app.words.systemic import SWITCHES as SWITCHES
from app.words.systemic import VERDICTS as VERDICTS
from app.words.what_if import HEALTH_RULES as HEALTH_RULES
from app.words.what_if import INHIBITED_BY as INHIBITED_BY
from app.words.what_if import WHAT_IF_DOUBTS as WHAT_IF_DOUBTS

ORDER_STATES = Labels(
    {
        "accepted": Label("待进批次", "blue"),
        "held": Label("待人工确认", "orange"),
        "batched": Label("已进批次", "cyan"),
        "imported": Label("已导入主系统", "green"),
        "duplicate": Label("重复单", "secondary"),
        "rejected": Label("已人工关闭", "secondary"),
        "cancelled": Label("已取消", "secondary"),
    }
)
HELD_KINDS = {
    "look_alike": Label("疑似重复", "orange"),
    "incomplete": Label("资料不全", "orange"),
    "broken": Label("无法处理", "red"),
    "unpaid": Label("未付款", "orange"),
    "main_may_have": Label("主系统可能已有", "orange"),
}
ORDER_FIELDS = {
    "phone": "手机号",
    "items": "商品",
    "sku": "商品编码",
    "name": "名称",
    "quantity": "数量",
    "unit_price": "单价",
    "total": "合计",
    "freight": "运费",
    "discount": "优惠",
    "recipient": "收件信息",
    "recipient.name": "收件人姓名",
    "recipient.province": "省",
    "recipient.city": "市",
    "recipient.district": "区县",
    "recipient.address": "详细地址",
    "payment": "付款",
    "payment.status": "付款状态",
    "payment.paid_at": "付款时间",
    "payment.transaction_id": "支付流水号",
    "buyer": "买家账号",
    "note": "买家留言",
    "placed_at": "下单时间",
}
"""Fields of an order by their path; those of a line of goods by their name."""
PRIORITIES = {"high": Label("高优处理", "red"), "normal": Label("普通", "secondary")}
MESSAGE_STATES = {
    "pending": Label("待发送", "blue"),
    "sending": Label("发送中", "blue"),
    "settling": Label("查询中", "orange"),
    "sent": Label("已发送", "green"),
    "simulated": Label("模拟发送", "purple"),
    "merged": Label("已汇总", "secondary"),
    "cancelled": Label("已撤回", "secondary"),
    "dead": Label("发送失败", "red"),
}
MESSAGE_FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("全部", ()),
    "open": ("待发送", ("pending", "sending")),
    "stuck": ("受阻", ("pending", "sending")),
    "settling": ("查询中", ("settling",)),
    "dead": ("发送失败", ("dead",)),
    "sent": ("已发送", ("sent",)),
    "simulated": ("模拟发送", ("simulated",)),
    "merged": ("已汇总", ("merged",)),
    "cancelled": ("已撤回", ("cancelled",)),
}
CHANNEL_CONDITIONS = Labels(
    {
        "well": Label("正常", "green"),
        "held": Label("人工暂停", "orange"),
        "fault": Label("故障", "red"),
        "limited": Label("限流，稍后自动恢复", "orange"),
        "recorded": Label("未接通·仅记录", "secondary"),
    }
)
CUSTOMER_MESSAGES = {Subject.NOTICE: "安抚短信", Subject.COUPON: "优惠券短信"}
GROUP_MESSAGES = {Subject.DIGEST: "新订单汇总", Subject.BATCH: "批次群通知", Subject.ALERT: "告警群通知"}
STAFF_MESSAGES = {Subject.CODE: "验证码", Subject.DUTY: "交接班通知"}
OUTCOMES = {
    "delivered": "成功",
    "simulated": "模拟",
    "throttled": "限流，稍后再发",
    "deferred": "该号码受限，稍后再发",
    "unreachable": "未送达，将重试",
    "rejected": "被拒绝",
    "unknown": "结果未知",
}
RESULTS = {
    "imported": Label("成功", "green"),
    "duplicate": Label("重复", "secondary"),
    "failed": Label("失败", "red"),
}
CONTRADICTIONS = Labels(
    {
        "open": Label("待裁定", "orange"),
        "kept": Label("维持原状", "secondary"),
        "corrected": Label("已更正", "green"),
    }
)
JOB_OUTCOMES = Sentences(
    {"ok": "成功", "failed": "失败", "running": "运行中", "cut_off": "被中断", "never": "尚未运行"}
)
RESULT_SENTENCES = Sentences({"imported": "主系统导入成功", "duplicate": "主系统判定重复", "failed": "主系统导入失败"})
LEDGER = {
    **{state: ORDER_STATES[state].text for state in ("imported", "duplicate", "rejected", "cancelled", "batched")},
    "waiting": ORDER_STATES["accepted"].text,
    "held": ORDER_STATES["held"].text,
    "spooled": "本地暂存",
}
"""The parts of the ledger's equation, in the order in which it is written."""
UNFINISHED = {
    "waiting": "待进批次，出最后一批",
    "spooled": "在本地暂存，数据库恢复后自动补入",
    "held": "待人工确认",
    "batched": "已出文件，还没有最终结果",
}
"""What orders without a final result wait for, by the part of the ledger."""
SPOOL_FILES = {"open": "使用中", "damaged": "损坏，待抢救"}
QUARANTINED = {"damaged": "记录损坏", "idempotency_conflict": "同号不同内容"}
SPOOL_TROUBLES = {
    "refused": "数据库又不可用了：读出的订单已放入暂存，恢复后会自动写入；之后请再执行一次。",
    "full": "磁盘没有空间放抢救出的订单，请先腾出空间。",
    "damaged": "暂存文件损坏，已另存，请用 lifeboat spool salvage 抢救。",
}
"""Why records of the spool could not be brought home."""
BATCH_FAILURES = Sentences(
    {
        "disk": "请检查导出目录与磁盘",
        "layout": "文件布局不可用，请检查 LIFEBOAT_BATCH_COLUMNS 与布局文件",
        "checks": "写出的文件与订单核对不上，请检查导出目录所在的磁盘",
        "orders": "过半订单都无法写出，多半是文件布局的问题，请运行 lifeboat layout check",
        "program": "程序出错，请联系技术支持并附上日志",
        "died": "生成批次的进程中途被终止，请检查内存与系统日志",
    }
)
"""What somebody should look at, by what a batch's failure begins with."""
BATCH_KINDS = {"regular": "常规批次", "repair": "补录批次"}
CHECKS = {
    "one_live_batch": "每笔订单只在一个批次",
    "unique_numbers": "应急单号不重复",
    "look_alikes": "疑似重复单已转人工",
    "profile_valid": "符合导入要求",
    "row_count": "回读行数一致",
}
ALERT_LEVELS = Sentences({"notice": "告知", "yellow": "黄灯", "orange": "橙灯", "red": "红灯"})
ALERT_STATES = Sentences(
    {
        "pending": "观察中",
        "firing": "进行中",
        "acknowledged": "已认领",
        "recovering": "恢复中",
        "resolved": "已恢复",
    }
)
INHIBITED = Sentences(
    {
        "red": "同一环节已有红灯，不再单独通知。",
        "incident": "应急接单进行中，主系统本来就停着，不再单独通知。",
        "closed": "仓库休息，不再通知；开工半小时后再看。",
    }
)
ALERT_TURNS = Sentences({**ALERT_STATES, "firing": "响起", "forgotten": "未成告警", "announced": "补发"})
"""What happened to an alert, as a recorded day is told."""
TOLD_TO = Sentences({"group": "群", "owner": "负责人邮箱", "duty": "值班短信", "emergency": "应急群"})
STAGE_VERDICTS = {
    "well": Label("正常", "green"),
    "slow": Label("偏慢", "yellow"),
    "suspected": Label("疑似", "yellow"),
    "bottleneck": Label("瓶颈", "red"),
    "blind": Label("看不见", "orange"),
    "empty": Label("没有订单", "secondary"),
    "closed": Label("仓库休息", "secondary"),
}
PAYMENTS = Sentences({"paid": "已付款", "unpaid": "未付款", "cod": "货到付款"})
PAYMENT_MARKS = {"unpaid": "【未付款，勿发货】", "cod": "【货到付款】"}
"""Stands first in a remark where a file has no column for the payment."""
STRIP = {"calm": "待命", "live": "应急接单中", "drill": "演练中"}
"""How things stand, in the strip above every page."""
ROLES = {"viewer": "只读", "service": "客服", "ops": "运营", "it": "IT", "admin": "管理员"}
DEGRADED = {
    "store_away": "数据库不可用：订单正写入本机暂存，照常受理；恢复后自动补入，无需操作。",
    "draining": "服务正在停止，不再受理新订单。",
    "intake_unavailable": "数据库与本机暂存都不可写：当前无法受理订单，请立即联系 IT。",
}
STATUS_SENTENCES = {
    401: "登录已过期，请重新登录。",
    403: "您的账号没有此操作的权限。",
    404: "没有这个页面，或它指向的内容不存在。",
    405: "这个地址不能这样访问。",
    413: "提交的内容过大。",
}


NOT_DONE = "请求未能完成，请返回重试。"
PAGE_EXPIRED = "页面已过期。为安全起见，请返回上一页，刷新后重试。"

INCIDENT_KINDS = {False: "应急", True: "演练"}
"""By whether it is a drill."""


def said(code: str) -> str:
    """Return what people call a result of the main system, or the state that it contradicts."""
    return RESULTS[code].text if code in RESULTS else ORDER_STATES[code].text


def row_of(sheet: str, row: int) -> str:
    """Return where a line of a file stands, as its reader would look for it."""
    return (f"工作表“{sheet}”" if sheet else "") + f"第 {row} 行"


def ledger_sentence(ledger: Ledger, *parts: str) -> str:
    """Return ``parts`` of a ledger as people read them: "待进批次 3，已进批次 9"."""
    return "，".join(f"{LEDGER[part]} {getattr(ledger, part)}" for part in parts)


def due_sentence(payments: Mapping[str, int]) -> str:
    """Return how many orders are not known to be paid, by state (``unknown`` is one); empty if none is."""
    states = {"unpaid": PAYMENTS["unpaid"], "cod": PAYMENTS["cod"], "unknown": "付款状态未知"}
    return "，".join(f"{word} {payments[state]} 笔" for state, word in states.items() if payments.get(state))


def field_name(path: str) -> str:
    """Return what people call a field of an order: ``items.0.unit_price`` is "第 1 行单价"."""
    first, _, rest = path.partition(".")
    line, _, field = rest.partition(".")
    if first != "items" or not line.isdigit():
        return ORDER_FIELDS.get(path, path)
    return f"第 {int(line) + 1} 行{ORDER_FIELDS.get(field, '')}"


def held_sentence(held_by: Mapping[str, int]) -> str:
    """Return held orders by kind as people read them: "疑似重复 2，资料不全 1"."""
    return "，".join(f"{HELD_KINDS[kind].text if kind in HELD_KINDS else kind} {n}" for kind, n in held_by.items())


def message_name(subject: str, channel: str, label: str) -> str:
    """Return what people call a kind of message; ``label`` is what they call its channel."""
    if subject in CUSTOMER_MESSAGES:
        return CUSTOMER_MESSAGES[Subject(subject)]
    if subject in STAFF_MESSAGES:
        return STAFF_MESSAGES[Subject(subject)]
    if channel == "email":
        return "告警邮件"
    return GROUP_MESSAGES.get(Subject(subject), f"{label}群通知") if subject in set(Subject) else subject
