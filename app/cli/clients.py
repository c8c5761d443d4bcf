"""``lifeboat clients``: who may post orders, and with which key."""

from typing import Annotated

import typer

from app.access.clients import IssuedKey, Scope, add_client, revoke_key, rotate_key
from app.cli.language import said
from app.cli.terminal import Json, actor, lifeboat, local, moment, out, say_json, table

app = typer.Typer(help="渠道与密钥：谁可以下单、谁可以取批次。", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="渠道名称，例如 天猫旗舰店。")],
    scope: Annotated[
        Scope, typer.Option(help="intake 下单；ops 取批次、传结果、看台账；lifecycle 上报订单进度。")
    ] = "intake",
    *,
    drill: Annotated[bool, typer.Option("--drill", help="演练专用：其订单归入演练事件，不会打扰顾客。")] = False,
    as_json: Json = False,
) -> None:
    """新增渠道并生成密钥（只显示一次）。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        issued = add_client(uow, name, scope=scope, drill=drill, by=actor(), now=boat.clock.now())
    _show(issued, as_json=as_json)


@app.command()
def rotate(name: Annotated[str, typer.Argument(help="渠道名称或编号。")], *, as_json: Json = False) -> None:
    """为渠道增加一把新密钥；旧密钥继续有效，确认切换后用 revoke 吊销。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        issued = rotate_key(uow, name, by=actor(), now=boat.clock.now())
    _show(issued, as_json=as_json)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="密钥编号：lbk_ 之后、第二个下划线之前的部分。")]) -> None:
    """吊销一把密钥，数秒内在所有进程生效。"""
    with lifeboat() as boat, boat.store.writing() as uow:
        revoke_key(uow, key_id, by=actor(), now=boat.clock.now())
    out.print(said("密钥 {id} 已吊销。", id=key_id))


@app.command("list")
def list_clients(*, as_json: Json = False) -> None:
    """列出渠道及其有效密钥的编号。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        rows = [(c, [k.id for k in uow.access.keys_of(c.id, active=True)]) for c in uow.access.clients()]
        if as_json:
            say_json(
                [
                    {
                        "id": c.id,
                        "name": c.name,
                        "scope": c.scope,
                        "drill": c.drill,
                        "keys": keys,
                        "created_at": moment(boat, c.created_at),
                    }
                    for c, keys in rows
                ]
            )
            return
        table(
            "渠道",
            ("编号", "名称", "权限", "演练", "有效密钥", "创建时间"),
            [
                (c.id, c.name, c.scope, said("是") if c.drill else "", " ".join(keys), local(boat, c.created_at))
                for c, keys in rows
            ],
            empty="还没有渠道。用 lifeboat clients add 名称 新增一个。",
        )


def _show(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        say_json({"id": issued.client_id, "key_id": issued.key_id, "key": issued.key})
        return
    out.print(
        said("渠道编号：{id}\n密钥（只显示这一次，请妥善保存）：\n{key}", id=issued.client_id, key=issued.key),
        markup=False,
    )
