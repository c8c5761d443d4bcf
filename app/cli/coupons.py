"""``lifeboat coupons``: filling the pool of coupon codes."""

import csv
import secrets
from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import Json, actor, fail, lifeboat, out, say_json
from app.domain.csv_cell import DamagedBySpreadsheet, identifier_of

app = typer.Typer(help="优惠券码池：导入、生成、查看。每个手机号在一次事件中最多得一张。", no_args_is_help=True)

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing a customer could mistake for another
_HEADERS = {"code", "券码", "优惠码", "优惠券", "coupon"}


@app.command("import")
def import_codes(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV：第一列券码，第二列面额说明（可空）。")
    ],
    *,
    as_json: Json = False,
) -> None:
    """从 CSV 导入券码；重复的券码只记一次。"""
    codes = _read(file)
    if not codes:
        fail("文件中没有券码。")
    with lifeboat() as boat, boat.store.writing() as uow:
        added = uow.coupons.add(codes, now=boat.clock.now())
        uow.audit.record(
            "coupons.import", actor=actor(), at=boat.clock.now(), detail={"file": file.name, "added": added}
        )
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
    codes: set[str] = set()
    if count * 4 > len(_ALPHABET) ** length:
        fail("位数太少，券码会被猜中；请加大 --length。")
    while len(codes) < count:
        codes.add(prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length)))
    with lifeboat() as boat, boat.store.writing() as uow:
        added = uow.coupons.add([(code, worth) for code in sorted(codes)], now=boat.clock.now())
        uow.audit.record("coupons.generate", actor=actor(), at=boat.clock.now(), detail={"added": added})
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


def _read(file: Path) -> list[tuple[str, str]]:
    data = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        fail("无法识别文件编码，请另存为 UTF-8 CSV。")
    codes = []
    for number, row in enumerate(csv.reader(text.splitlines(), strict=True), start=1):
        if not row or not row[0].strip() or (number == 1 and row[0].strip().lower() in _HEADERS):
            continue
        try:
            code = identifier_of(row[0])
        except DamagedBySpreadsheet:
            fail(f"第 {number} 行的券码已被表格软件改成科学计数法，无法还原；请从源头重新导出。")
        if not code or len(code) > 64:  # noqa: PLR2004 - the column's length
            fail(f"第 {number} 行的券码为空或超过 64 位。")
        codes.append((code, row[1].strip()[:64] if len(row) > 1 else ""))
    return codes
