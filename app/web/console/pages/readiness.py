"""体检: what doctor checks, in words, since when it is so and what to do about it; a person has the whole done."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.bootstrap.checkup import CHECKS, QUICK, Check, findings
from app.bootstrap.finding import Finding
from app.domain.states import AlertState
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, Frame
from app.web.console.routing import route
from app.web.console.said import say


class WayOut(NamedTuple):
    """What to do about a finding, and the page where it is done, by its route and where that is below ``/console``."""

    text: str
    route: str = ""
    path: str = ""


_SPOOL = WayOut("看暂存里有什么", "spool", "/spool")
_COUPONS = WayOut("导入新券码", "coupons", "/coupons")
_VALUES = WayOut("改服务器上的 .env 或文件后重启", "settings-values", "/settings/values")
_ROOM = WayOut("清理或扩容这块磁盘")
_ROSTER = WayOut("补上值班", "roster", "/roster")
_BOOKS = WayOut("在服务器上执行 lifeboat ledger --full，把结果发给技术支持；不要关闭事件")
STEPS: Mapping[str, WayOut] = {
    "schema": WayOut("重启服务：启动时自动升级数据库；降级过程序的，请装回新版"),
    "commit": WayOut("查数据库与它的磁盘；期间订单写入本机暂存，不会丢", "spool", "/spool"),
    "data_disk": _ROOM,
    "export_disk": _ROOM,
    "disk_low": _ROOM,
    "disk_reserve": _ROOM,
    "main_system": WayOut("在服务器上执行 lifeboat main check，照它说的改好"),
    "layout": WayOut("改好布局文件：lifeboat layout check 可先核对", "settings-values", "/settings/values"),
    "result_columns": _VALUES,
    "wecom": _VALUES,
    "feishu": _VALUES,
    "dingtalk": _VALUES,
    "sms": _VALUES,
    "coupons": _COUPONS,
    "coupons_low": _COUPONS,
    "coupons_falling": WayOut("看是谁在领券", "coupons", "/coupons"),
    "sms_capped": WayOut("核对是否异常；要放宽，改 .env 里的上限", "messages", "/messages"),
    "dead_letters": WayOut("看原因并重发", "messages", "/messages?state=dead"),
    "channel_paused": WayOut("看受阻的消息", "messages", "/messages?state=stuck"),
    "batch_overdue": WayOut("看批次", "batches", "/batches"),
    "batch_failing": WayOut("看批次", "batches", "/batches"),
    "orders_broken": WayOut("逐笔处理", "held", "/held"),
    "contradictions_open": WayOut("逐笔裁定", "batches", "/batches"),
    "worker_silent": WayOut("重启后台进程，再看任务是否恢复", "jobs", "/jobs"),
    "dead_man": WayOut("在 .env 里填外部看门狗的地址，核对它能连通", "systemic", "/systemic"),
    "heartbeat_down": WayOut("看是哪个任务", "systemic", "/systemic"),
    "roster_fallback": _ROSTER,
    "roster_nobody": _ROSTER,
    "roster_gap": _ROSTER,
    "roster_unverified": WayOut("看谁没有验证过的手机号", "roster", "/roster"),
    "roster_absent": _ROSTER,
    "kept_counts": _BOOKS,
    "strays": _BOOKS,
    "ledger": _BOOKS,
    "ledger_unbalanced": _BOOKS,
    "spool_waiting": _SPOOL,
    "set_aside": WayOut("逐条重试或放弃", "spool", "/spool"),
}
"""By the check, or by the rule of the watch that found it."""

ANY = WayOut("在告警页认领，按提示处理", "alerts", "/alerts")


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One finding as the page shows it."""

    finding: Finding
    step: WayOut | None
    since: datetime | None


class ReadinessPage(ConsolePage):
    """The check-up."""

    path = "/readiness"
    title = "体检"
    entry = "settings"

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self._running = False

    @route("", name="readiness")
    async def index(self, request: Request) -> Response:
        """Show what costs nothing to find out."""
        return await self._shown(request, QUICK)

    @route("/run", name="readiness-run", methods=("POST",))
    async def run(self, request: Request) -> Response:
        """Do the whole check-up and show what it finds; it counts every order, so one at a time."""
        if self._running:
            say(request, "全面体检正在进行，请稍候再看。", "warning")
            return RedirectResponse(f"{BASE}/readiness", status_code=303)
        self._running = True
        try:
            return await self._shown(request, CHECKS)
        finally:
            self._running = False

    async def _shown(self, request: Request, checks: Sequence[Check]) -> Response:
        health = await self.frame.health.document()
        shown = await run_in_threadpool(self._look, checks)
        return self.render(request, "readiness.html", health=health, whole=checks is CHECKS, **shown)

    def _look(self, checks: Sequence[Check]) -> dict[str, Any]:
        began = time.monotonic()
        found = list(findings(self.boat, checks))
        with self.boat.store.reading() as uow:
            since = {
                alert.rule: alert.firing_since or alert.pending_since
                for alert in reversed(uow.alerts.open())
                if alert.state != AlertState.RECOVERING
            }
        lines = [CheckLine(one, step_for(one), since.get(one.rule) if one.rule else None) for one in found]
        return {
            "wrong": [line for line in lines if line.finding.status == "fail"],
            "weak": [line for line in lines if line.finding.status == "warn"],
            "well": [line for line in lines if line.finding.status == "ok"],
            "at": self.boat.clock.now(),
            "took": time.monotonic() - began,
        }


def step_for(finding: Finding) -> WayOut | None:
    """Return what to do about a finding; None where it is well."""
    if finding.status == "ok":
        return None
    return STEPS.get(finding.name) or STEPS.get(finding.rule) or ANY
