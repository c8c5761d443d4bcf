"""Whatever can be done at the command line has its place in the console, or a reason why it belongs to a shell."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from app.cli.main import app
from app.web.console.roles import ALLOWED

SHELL = "属于服务器："
NOT_YET = "还没有页面"
"""It should have one; whoever makes it puts its route here."""

PLACES = {
    "serve": f"{SHELL}启动进程",
    "web": f"{SHELL}启动进程",
    "worker": f"{SHELL}启动进程",
    "migrate": f"{SHELL}升级前由部署的人执行",
    "doctor": f"{SHELL}看磁盘、密钥与进程，读的是服务器本身",
    "export": "batch-now",
    "repair": "repair",
    "check-file": f"{SHELL}核对本机上的文件",
    "import-results": "results-preview",
    "results contradictions": "held",
    "results settle": "contradiction-settle",
    "changes list": "held",
    "changes settle": "change-settle",
    "changes file": "change-file",
    "ledger": "home",
    "main check": f"{SHELL}密钥在服务器的环境变量里，由 IT 试连",
    "main find": NOT_YET,
    "settle": f"{SHELL}平时由后台进程自动进行，手动只在修好接口之后",
    "replay plan": NOT_YET,
    "replay run": NOT_YET,
    "replay pause": NOT_YET,
    "replay resume": NOT_YET,
    "replay abort": NOT_YET,
    "replay status": NOT_YET,
    "compare": "compare-run",
    "held in-main": "order-decide",
    "held not-in-main": "order-decide",
    "watch status": NOT_YET,
    "watch replay": f"{SHELL}重放一份录下的文件，不读写数据",
    "watch simulate": f"{SHELL}打印一天的样例事件，不读写数据",
    "watch source list": NOT_YET,
    "watch source check": f"{SHELL}数据源的配置是服务器上的文件，由 IT 试读",
    "watch source poll": f"{SHELL}平时由后台进程自动进行",
    "watch stuck": "stuck",
    "watch what-if": "thresholds-try",
    "watch promises": "promises",
    "watch purge": f"{SHELL}平时每晚自动进行，手动只在清理磁盘时",
    "watch hours": "hours",
    "watch systemic": "systemic",
    "watch changes import": "changes-import",
    "watch events import": "events-import",
    "watch heartbeat list": "systemic",
    "watch heartbeat set": "heartbeat-set",
    "watch heartbeat remove": "heartbeat-remove",
    "clients add": NOT_YET,
    "clients rotate": NOT_YET,
    "clients revoke": NOT_YET,
    "clients list": NOT_YET,
    "users add": f"{SHELL}首个管理员要在登录之前建立",
    "users reset-password": f"{SHELL}忘了密码的人进不了控制台",
    "users disable": NOT_YET,
    "users enable": NOT_YET,
    "users set-role": NOT_YET,
    "users set": "account-contact",
    "users list": NOT_YET,
    "coupons import": "coupons-import",
    "coupons generate": f"{SHELL}控制台只导入服务商给的券码",
    "coupons status": "coupons",
    "coupons given": "coupons",
    "incident open": NOT_YET,
    "incident close": NOT_YET,
    "incident show": "home",
    "incident list": NOT_YET,
    "held list": "held",
    "held release": "order-decide",
    "held mark-duplicate": "order-decide",
    "held undo": "held-undo",
    "orders show": "order",
    "orders import": "orders-import",
    "orders complete": "order-complete",
    "orders cancel": NOT_YET,
    "orders reject": NOT_YET,
    "orders correct": NOT_YET,
    "switch": "switch-on",
    "probe show": "switching",
    "probe force": "main-order",
    "probe release": "main-withdraw",
    "roster list": "roster",
    "roster add": "roster-add",
    "roster override": "roster-override",
    "roster remove": "roster-remove",
    "roster fallback": "roster-fallback",
    "messages list": "messages",
    "messages show": "message",
    "messages retry": "messages-retry",
    "messages channels": "messages",
    "messages pause": "channel-hold",
    "messages unpause": "channel-release",
    "spool list": f"{SHELL}暂存是本机上的文件",
    "spool show": f"{SHELL}暂存是本机上的文件",
    "spool salvage": f"{SHELL}暂存是本机上的文件",
    "spool retry": f"{SHELL}暂存是本机上的文件",
    "spool give-up": f"{SHELL}暂存是本机上的文件",
    "profile check": f"{SHELL}检查本机上的配置文件",
    "profile answer": f"{SHELL}检查本机上的配置文件",
    "audit list": NOT_YET,
    "audit verify": f"{SHELL}链头要存到控制台之外",
    "alerts list": "alerts",
    "alerts claim": "alert-claim",
    "alerts silence": "alert-silence",
    "alerts unsilence": "alert-unsilence",
    "layout check": f"{SHELL}检查本机上的布局文件",
    "layout list": f"{SHELL}布局是本机上的文件",
    "settings list": "kept",
    "settings set": "kept-change",
    "settings forget": "kept-forget",
    "jobs list": f"{SHELL}体检的一部分",
}
"""By the command: the route of the console where the same is done or seen, or why it belongs to a shell.

Whoever adds a command adds its row.
"""


def _commands(group: Any, context: Any, before: str = "") -> Iterator[str]:
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from _commands(found, context, f"{before}{name} ")
        elif not found.hidden:
            yield f"{before}{name}"


def test_every_command_has_its_row_and_no_row_is_left_over():
    root = typer.main.get_command(app)
    assert set(_commands(root, typer.Context(root))) == PLACES.keys()


@pytest.mark.parametrize("command", PLACES)
def test_its_place_is_a_route_of_the_console_or_a_reason(command: str):
    place = PLACES[command]
    assert place in ALLOWED or place == NOT_YET or (place.startswith(SHELL) and len(place) > len(SHELL))
