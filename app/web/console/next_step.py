"""Your next step: of everything that could be done now, the one thing this person should do first."""

from collections.abc import Callable
from dataclasses import dataclass

from app.store.tables import Batch

MayUse = Callable[[str], bool]
"""Whether the person may use a route, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the choice is made from."""

    taking_orders: bool
    """Whether an incident is open."""
    untaken: tuple[Batch, ...] = ()
    """Published files that nobody has downloaded, newest first."""
    unanswered: tuple[Batch, ...] = ()
    """Files that were downloaded and have no results yet, oldest first."""
    held: int = 0
    urgent: int = 0
    failed: int = 0
    """Messages that were given up."""
    overdue: bool = False
    clients: int = 0
    """Storefronts that can order."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One card: what, why, and where it is done. ``path`` lies below ``/console``; empty, there is nothing to do."""

    title: str
    why: str
    path: str = ""
    action: str = ""
    batch: Batch | None = None
    """The file that is offered on the card itself."""


def next_step(now: Circumstances, may: MayUse) -> NextStep:
    """Return the first step that this person may take; who may do nothing about it is told how things stand."""
    for step in _in_order(now, may):
        return step
    if now.taking_orders:
        return NextStep("眼下没有要您处理的事", "新的文件、待办和告警会出现在这里，本页自动更新。")
    if not now.clients:
        return NextStep("还没有店铺密钥", "店铺拿到密钥后才能把订单发到这里，请管理员发放。")
    return NextStep("一切就绪，等待启用", "主系统宕机后，店铺把订单发到这里，第一笔订单到达时自动开始应急接单。")


def _in_order(now: Circumstances, may: MayUse) -> list[NextStep]:
    steps = []
    if now.overdue and may("batches"):
        steps.append(NextStep("批次逾期，请找 IT", "该出的文件没有出来，后台进程可能停了。", "/batches", "看批次"))
    if now.untaken and may("batch-file"):
        newest = now.untaken[0]
        more = f"共 {len(now.untaken)} 份文件还没有人下载" if len(now.untaken) > 1 else "还没有人下载"
        why = f"{newest.orders} 笔，{more}。下载后导入主系统。"
        steps.append(NextStep(f"下载 {newest.name}", why, f"/batches/{newest.name}", "看批次", newest))
    if now.held and may("order-decide"):
        why = "疑似重复或缺信息的订单，等人判断后才会进入文件。"
        steps.append(NextStep(f"处理 {now.held} 笔待人工确认", why, "/held", "去处理"))
    if now.unanswered and may("results-preview"):
        oldest = now.unanswered[0]
        why = f"已下载 {len(now.unanswered)} 份文件还没有导入结果，从最早的开始。"
        steps.append(NextStep(f"上传 {oldest.name} 的结果", why, f"/batches/{oldest.name}/results", "去上传"))
    if now.failed and may("messages"):
        why = "多次未送达，需要人看一看原因。"
        steps.append(NextStep(f"{now.failed} 条消息发送失败", why, "/messages?state=dead", "看原因"))
    if now.urgent and may("orders"):
        why = "大额订单，请优先联系客户、优先导入。"
        steps.append(NextStep(f"认领 {now.urgent} 笔高优订单", why, "/orders/urgent", "去认领"))
    if not now.taking_orders and not now.clients and may("keys"):
        why = "没有密钥，店铺的订单进不来。"
        steps.append(NextStep("发放第一把店铺密钥", why, "/keys", "去发放"))
    return steps
