"""``lifeboat coupons``: filling the pool of coupon codes, and who was given one."""

from pathlib import Path
from typing import Annotated

import typer

from app.bootstrap import Lifeboat, reserve_of
from app.cli.language import said
from app.cli.terminal import Json, actor, lifeboat, local, out, say_json, table
from app.notify.coupons import CodesFound, generate_coupons, import_coupons, look_at_codes, read_codes
from app.store.repositories.coupons import GivenCoupon

app = typer.Typer(help="优惠券码池：导入、生成、查看。每个手机号在一次事件中最多得一张。", no_args_is_help=True)


@app.command("import")
def import_codes(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV，一行一张。")],
    column: Annotated[int | None, typer.Option(min=1, help="券码在第几列（缺省第 1 列，面额说明在第 2 列）。")] = None,
    worth_column: Annotated[int | None, typer.Option(min=1, help="面额说明在第几列；写入短信。")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会导入什么，什么都不改。")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="在终端里不再询问。")] = False,
    as_json: Json = False,
) -> None:
    """从 CSV 导入券码；重复的券码只记一次。"""
    with lifeboat() as boat:
        reserve_of(boat.settings).require()
        worth_in = 2 if column is None and worth_column is None else worth_column
        codes = read_codes(file.read_bytes(), column=column or 1, worth_column=worth_in)
        asks = out.is_terminal and not (yes or as_json)
        if dry_run or asks:
            with boat.store.reading() as uow:
                found = look_at_codes(uow, codes)
            if as_json:
                say_json(_preview(found))
            else:
                _show(found)
            if dry_run:
                return
            typer.confirm(said("导入？"), abort=True)
        with boat.store.writing() as uow:
            added = import_coupons(uow, codes, source=file.name, by=actor(), now=boat.clock.now())
    if as_json:
        say_json({"added": added, "known": len(codes) - added})
    else:
        out.print(said("导入 {added} 张新券码，另有 {known} 张已存在。", added=added, known=len(codes) - added))


@app.command("given")
def list_given(
    limit: Annotated[int, typer.Option(min=1, max=200, help="条数。")] = 50,
    before: Annotated[int | None, typer.Option(help="从这个编号之前继续（上一页的 next）。")] = None,
    *,
    as_json: Json = False,
) -> None:
    """列出已发出的券码：给了哪一笔订单，最近的在前。"""
    with lifeboat() as boat:
        with boat.store.reading() as uow:
            found = uow.coupons.given_page(before=before, limit=limit + 1)
        more = str(found[limit - 1].coupon.id) if len(found) > limit else None
        if as_json:
            say_json({"items": [_given(boat, one) for one in found[:limit]], "next": more})
            return
        table(
            "已发出的优惠券",
            ("应急单号", "券码", "面额", "手机尾号", "时间"),
            [
                (g.order_number, g.coupon.code, g.coupon.worth, g.phone_last4, local(boat, g.coupon.given_at))
                for g in found[:limit]
            ],
            empty="还没有发出优惠券。",
            whole=("券码",),
        )
        if more:
            out.print(said("更早的：lifeboat coupons given --before {id}", id=more))


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
        out.print(said("已生成 {added} 张券码。请把同样的券码录入商城系统，否则顾客无法使用。", added=added))


@app.command()
def status(*, as_json: Json = False) -> None:
    """查看券池余量。"""
    with lifeboat() as boat, boat.store.reading() as uow:
        total, free, low_at = uow.coupons.total(), uow.coupons.free(), boat.live.coupon_low_at
    counts = {"total": total, "given": total - free, "free": free}
    if as_json:
        say_json({"total": total, "free": free, "given": total - free})
    elif total and free <= low_at:
        out.print(
            said(
                "券码共 {total} 张，已发 {given} 张，剩余 {free} 张。不超过告警线 {low_at} 张，请尽快补充。",
                **counts,
                low_at=low_at,
            )
        )
    else:
        out.print(said("券码共 {total} 张，已发 {given} 张，剩余 {free} 张。", **counts))


def _preview(found: CodesFound) -> dict[str, object]:
    return {"would_add": found.new, "known": found.known, "twice": found.twice, "worths": list(found.worths)}


def _show(found: CodesFound) -> None:
    out.print(
        said(
            "将新增 {new} 张；已存在 {known} 张，文件内重复 {twice} 张。",
            new=found.new,
            known=found.known,
            twice=found.twice,
        )
    )
    table("开头几张", ("券码", "面额"), found.first, empty="")


def _given(boat: Lifeboat, one: GivenCoupon) -> dict[str, object]:
    at = one.coupon.given_at
    return {
        "code": one.coupon.code,
        "worth": one.coupon.worth,
        "order_number": one.order_number,
        "client": one.coupon.client_id,
        "phone_last4": one.phone_last4,
        "given_at": at.astimezone(boat.settings.zone).isoformat() if at else None,
    }
