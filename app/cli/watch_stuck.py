"""``lifeboat watch stuck``: what orders are stuck on now, by type and by whose they are."""

from app.cli.language import said
from app.cli.terminal import Json, lifeboat, out, say_json, table
from app.watch.triage.look import StuckGroup, stuck_now
from app.watch.triage.table import table_in_force
from app.web.api.triage import stuck_out


def stuck(*, as_json: Json = False) -> None:
    """现在卡在哪里：超过环节限时的订单，按类型和责任方。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        triage, wrong = table_in_force(boat.settings.triage_table)
        with boat.store.reading() as uow:
            found = stuck_now(uow, triage, now=now)
    if as_json:
        say_json(stuck_out(found, now=now.astimezone(boat.settings.zone)).model_dump(mode="json"))
        return
    if wrong:
        out.print(said("自己的对照表不能用，暂用自带的：{why}", why=wrong), style="red", markup=False)
    table(
        "现在卡在哪里",
        ("类型", "责任方", "笔数", "最久（分钟）", "下一步", "例如"),
        [_cells(one) for one in found.groups],
        empty="没有滞留的订单。",
    )


def _cells(one: StuckGroup) -> tuple[str, ...]:
    oldest = int(one.orders[0].waited.total_seconds() // 60)
    named = " ".join(order.ref for order in one.orders[:3])
    return one.line.type, one.line.owner, str(len(one.orders)), str(oldest), one.line.next, named
