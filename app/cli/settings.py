"""``lifeboat settings``: what can be changed without touching ``.env``, live within seconds."""

import sys
from typing import Annotated

import typer

from app.bootstrap.set_now import SettingLine, change, forget, setting_lines
from app.cli.language import said
from app.cli.terminal import Json, actor, lifeboat, local, moment, out, say_json, table
from app.settings.sources import PREFIX

app = typer.Typer(
    help="机器人、提醒谁、告警邮箱、布局、告警阈值、券码告警线：不改 .env，几秒内生效。", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="设置的名称，见 lifeboat settings list。")]


@app.command("list")
def list_settings(*, as_json: Json = False) -> None:
    """列出可以这样改的设置，以及各自的值来自哪里；机器人只显示主机和末 4 位。"""
    with lifeboat() as boat:
        lines = setting_lines(boat)
        if as_json:
            items = [
                {
                    "name": one.name,
                    "value": one.told,
                    "source": "console" if one.changed_at else "env",
                    "changed_by": one.changed_by or None,
                    "changed_at": moment(boat, one.changed_at),
                    "usable": not one.wrong,
                }
                for one in lines
            ]
            say_json({"items": items})
            return
        table(
            "设置",
            ("名称", "含义", "现在", "来自", "谁", "何时"),
            [
                (
                    one.name,
                    one.word,
                    one.told,
                    _source(one),
                    one.changed_by,
                    local(boat, one.changed_at),
                )
                for one in lines
            ],
            empty="没有可以这样改的设置。",
        )


@app.command("set")
def set_value(
    name: Name,
    value: Annotated[str, typer.Argument(help="新的值，多个用逗号分开；- 表示从标准输入读，地址不留在命令历史里。")],
    *,
    as_json: Json = False,
) -> None:
    """设一个值，代替 .env 里的；所有进程几秒内生效。"""
    text = sys.stdin.read().strip() if value == "-" else value
    with lifeboat() as boat:
        done = change(boat, _name(name), text, by=actor())
        if as_json:
            say_json({"name": _name(name), "value": done.told})
        else:
            out.print(said("{setting}已改为：{value}，几秒内生效。", setting=done.word, value=done.told), markup=False)


@app.command("forget")
def forget_value(name: Name, *, as_json: Json = False) -> None:
    """恢复为 .env 的值。"""
    with lifeboat() as boat:
        forget(boat, _name(name), by=actor())
        if as_json:
            say_json({"name": _name(name), "source": "env"})
        else:
            out.print(said("已恢复为 .env 的值，几秒内生效。"))


def _source(one: SettingLine) -> str:
    if not one.changed_at:
        return ".env"
    return said("控制台（不能用，按 .env）") if one.wrong else said("控制台")


def _name(typed: str) -> str:
    return typed.lower().removeprefix(PREFIX.lower())
