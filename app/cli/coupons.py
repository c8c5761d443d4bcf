"""``lifeboat coupons``: filling the pool of coupon codes."""

from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import reserve_of
from app.cli.terminal import Json, actor, lifeboat, out, say_json
from app.notify.coupons import generate_coupons, import_coupons, read_codes

app = typer.Typer(help="优惠券码池：导入、生成、查看。每个手机号在一次事件中最多得一张。", no_args_is_help=True)


@app.command("import")
def import_codes(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV：第一列券码，第二列面额说明（可空）。")
    ],
    *,
    as_json: Json = False,
) -> None:
    """从 CSV 导入券码；重复的券码只记一次。"""
    with lifeboat() as boat:
        reserve_of(boat.settings).require()
        codes = read_codes(file.read_bytes())
        with boat.store.writing() as uow:
            added = import_coupons(uow, codes, source=file.name, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"added": added, "known": len(codes) - added})
    else:
        out.print(f"导入 {added} 张新券码，另有 {len(codes) - added} 张已存在。")


@app.command()
def generate(
    count: Annotated[int, typer.Argument(min=1, max=1_000_000, help="张数。")],
    worth: Annotated[str, typer.Option(help="面额说明，写入短信，例如 20 元。")] = "",
    prefix: Annotated[str, typer.Option(help="券码前缀。")] = "",
    length: Annotated[int, typer.Option(min=4, max=16, help="随机部分的位数。")] = 8,
    *,
    as_json: Json = False,
) -> None:
    """生成随机券码并加入券池。"""
    with lifeboat() as boat:
        reserve_of(boat.settings).require()
        with boat.store.writing() as uow:
            added = generate_coupons(
                uow, count, worth=worth, prefix=prefix, length=length, by=actor(), now=boat.clock.now()
            )
    if as_json:
        say_json({"added": added})
    else:
        out.print(f"已生成 {added} 张券码。请把同样的券码录入商城系统，否则顾客无法使用。")


@app.command()
def status(*, as_json: Json = False) -> None:
    """查看券池余量。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        total, free = uow.coupons.total(), uow.coupons.free()
    if as_json:
        say_json({"total": total, "free": free, "given": total - free})
    else:
        out.print(f"券码共 {total} 张，已发 {total - free} 张，剩余 {free} 张。")
