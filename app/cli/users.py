"""``lifeboat users``: accounts of the console."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from app.access.accounts import add_user, disable_user, enable_user, set_password, set_role
from app.access.contacts import set_contact
from app.bootstrap import Lifeboat
from app.cli.language import said, words
from app.cli.terminal import Json, actor, fail, lifeboat, local, out, say_json, table
from app.domain.contact import ContactWay
from app.domain.role import Role
from app.store.contacts import contact_of
from app.store.tables import User

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
        out.print(
            said("账号 {name} 的首次密码（只显示这一次）：{password}", name=name, password=password), markup=False
        )


@app.command("reset-password")
def reset_password(name: Name, *, as_json: Json = False) -> None:
    """重置密码并结束其所有登录。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        password = set_password(uow, name, now=boat.clock.now(), by=actor())
    if as_json:
        say_json({"name": name, "password": password})
    else:
        out.print(said("账号 {name} 的新密码（只显示这一次）：{password}", name=name, password=password), markup=False)


@app.command()
def disable(name: Name, *, as_json: Json = False) -> None:
    """停用账号并结束其所有登录；最后一个管理员不能停用。"""
    _change(name, disabled=True, as_json=as_json)


@app.command()
def enable(name: Name, *, as_json: Json = False) -> None:
    """重新启用停用的账号，密码不变。"""
    _change(name, disabled=False, as_json=as_json)


@app.command("set-role")
def change_role(name: Name, role: Annotated[Role, typer.Argument(help="新角色。")], *, as_json: Json = False) -> None:
    """更改角色，下一次点击起生效；最后一个管理员不能降级。"""
    _change(name, role=role, as_json=as_json)


@app.command("set")
def change(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="新角色。")] = None,
    disabled: Annotated[bool | None, typer.Option("--disabled/--enabled", help="停用或启用。")] = None,
    phone: Annotated[str | None, typer.Option(help="手机号；本人在控制台验证之前不会使用。空 = 清除。")] = None,
    email: Annotated[str | None, typer.Option(help="邮箱；本人在控制台验证之前不会使用。空 = 清除。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """一次更改角色、启停与联系方式：全部生效，或什么都不变。"""
    contacts = {ContactWay.PHONE: phone, ContactWay.EMAIL: email}
    if role is None and disabled is None and phone is None and email is None:
        fail(said("请给出 --role、--disabled、--enabled、--phone 或 --email。"), code=2)
    _change(name, role=role, disabled=disabled, contacts=contacts, as_json=as_json)


def _change(
    name: str,
    *,
    role: Role | None = None,
    disabled: bool | None = None,
    contacts: Mapping[ContactWay, str | None] | None = None,
    as_json: bool,
) -> None:
    with lifeboat() as boat:
        how: dict[str, Any] = {"by": actor(), "now": boat.clock.now()}
        with boat.store.writing() as uow:
            if role is not None:
                set_role(uow, name, role, **how)
            if disabled is not None:
                (disable_user if disabled else enable_user)(uow, name, **how)
            for way, address in (contacts or {}).items():
                if address is not None:
                    set_contact(uow, name, way, address, keyring=boat.keyring, **how)
            user = uow.access.user_named(name)
            item = _item(boat, user) if user else {}
    if as_json:
        say_json(item)
        return
    role_word, state = words.ROLES[str(item["role"])], _state(bool(item["disabled"]))
    out.print(said("账号 {name}：{role}，{state}。", name=name, role=role_word, state=state), markup=False)
    for way, address in (contacts or {}).items():
        if address:
            told = _contact(item, way)
            out.print(said("{contact}：须由本人在控制台“我的账号”里验证，之前不会使用。", contact=told), markup=False)


def _state(disabled: bool) -> str:  # noqa: FBT001 - what it says is its only argument
    return said("停用") if disabled else said("正常")


def _item(boat: Lifeboat, user: User) -> dict[str, object]:
    item: dict[str, object] = {"name": user.name, "role": user.role, "disabled": user.disabled_at is not None}
    for way in ContactWay:
        contact = contact_of(boat.keyring, user, way)
        item |= {way.value: contact.told if contact else None}
        item |= {f"{way}_verified": contact is not None and contact.verified_at is not None}
    return item


def _contact(item: Mapping[str, object], way: ContactWay) -> str:
    """Return an address for a person, masked, and whether it may be used."""
    if item[way.value] is None:
        return ""
    return f"{item[way.value]}{'' if item[f'{way}_verified'] else said('（未验证）')}"


@app.command("list")
def list_users(*, as_json: Json = False) -> None:
    """列出账号。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        rows = uow.access.users()
    items = [_item(boat, user) for user in rows]
    if as_json:
        say_json(items)
        return
    table(
        "账号",
        ("账号", "角色", "状态", "手机", "邮箱", "创建时间"),
        [
            (
                u.name,
                u.role,
                _state(u.disabled_at is not None),
                *(_contact(item, way) for way in ContactWay),
                local(boat, u.created_at),
            )
            for u, item in zip(rows, items, strict=True)
        ],
        empty="还没有账号。",
    )
