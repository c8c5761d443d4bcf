"""``lifeboat users``: accounts of the console."""

from typing import Annotated

import typer

from app.access.accounts import Role, add_user, disable_user, set_password
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table

app = typer.Typer(help="控制台账号。", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="账号名。")]


@app.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option(help="viewer 只看；service 客服；ops 运营；it 导入与对账；admin 全部。")
    ] = Role.VIEWER,
    *,
    as_json: Json = False,
) -> None:
    """新增账号，随机首次密码只显示一次。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        password = add_user(uow, name, role=role, now=boat.clock.now(), by=actor())
    if as_json:
        say_json({"name": name, "role": role, "password": password})
    else:
        out.print(f"账号 {name} 的首次密码（只显示这一次）：{password}", markup=False)


@app.command("reset-password")
def reset_password(name: Name, *, as_json: Json = False) -> None:
    """重置密码并结束其所有登录。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        password = set_password(uow, name, now=boat.clock.now(), by=actor())
    if as_json:
        say_json({"name": name, "password": password})
    else:
        out.print(f"账号 {name} 的新密码（只显示这一次）：{password}", markup=False)


@app.command()
def disable(name: Name) -> None:
    """停用账号并结束其所有登录。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        disable_user(uow, name, now=boat.clock.now(), by=actor())
    out.print(f"账号 {name} 已停用。")


@app.command("list")
def list_users(*, as_json: Json = False) -> None:
    """列出账号。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        rows = uow.access.users()
    if as_json:
        say_json([{"name": u.name, "role": u.role, "disabled": u.disabled_at is not None} for u in rows])
        return
    table(
        "账号",
        ("账号", "角色", "状态", "创建时间"),
        [(u.name, u.role, "停用" if u.disabled_at else "正常", local(boat, u.created_at)) for u in rows],
        empty="还没有账号。",
    )
