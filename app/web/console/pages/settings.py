"""设置: the way to everything that is set up once and looked at when something is wrong."""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from app.settings.legible import legible
from app.web.console.page import ConsolePage, may_of
from app.web.console.routing import route


class Place(NamedTuple):
    """Where something is set up: the route it leads to, where that is below ``/console``, and what is done there."""

    route: str
    path: str
    word: str
    why: str
    icon: str


PLACES = (
    Place("keys", "/keys", "店铺密钥", "让店铺和程序进来：发放、更换、吊销", "key"),
    Place("people", "/people", "人员", "谁能登录、能做什么；重置密码、停用", "users"),
    Place("kiosks", "/kiosks", "大屏", "给墙上的屏幕一个链接，只有数字", "device-tv"),
    Place("kept", "/kept", "机器人与通知", "群机器人、提醒谁、告警邮箱；改完几秒生效", "bell"),
    Place("thresholds", "/thresholds", "告警阈值", "订单健康的告警何时响、何时解除；先试算再保存", "chart-bar"),
    Place("audit", "/audit", "审计", "谁在何时做了什么，可筛选、导出、核对", "history"),
    Place("readiness", "/readiness", "体检", "数据库、磁盘、渠道、台账是否就绪", "stethoscope"),
    Place("spool", "/spool", "暂存", "数据库不可用时的订单，放到一边的记录", "database"),
    Place("jobs", "/jobs", "定时任务", "出批次等任务何时运行、结果如何", "calendar-event"),
    Place("systemic", "/systemic", "系统性排查", "变更、心跳、外部依赖，与滞留订单的共同点", "search"),
    Place("settings-values", "/settings/values", "运行配置", "服务器 .env 里的值，只读", "file-text"),
)


class SettingsPages(ConsolePage):
    """Where to set what up, and what was set by whoever runs the server."""

    path = "/settings"
    title = "设置"
    entry = "settings"

    @route("", name="settings")
    async def index(self, request: Request) -> Response:
        """Show the ways that are open to this person."""
        places = [place for place in PLACES if may_of(request, place.route)]
        return self.render(request, "settings.html", places=places)

    @route("/values", name="settings-values")
    async def values(self, request: Request) -> Response:
        """Show what stands in the environment and in ``.env``, and no secret."""
        return self.render(request, "settings_values.html", title="运行配置", groups=legible(self.boat.settings))
