"""``lifeboat watch promises``: orders whose promise is broken, or breaks within some hours."""

from datetime import timedelta
from typing import Annotated

import typer

from app.cli.language import said
from app.cli.terminal import Json, lifeboat, local, out, say_json, table
from app.watch.promises import LONGEST, promises_within
from app.web.api.promises import HOURS, promises_out


def promises(
    *,
    hours: Annotated[int, typer.Option(min=0, max=LONGEST // timedelta(hours=1), help="今后几小时之内。")] = HOURS,
    as_json: Json = False,
) -> None:
    """承诺发货时间：已超时与今后几小时内要超时的订单。"""
    with lifeboat() as boat:
        now = boat.clock.now()
        with boat.store.reading() as uow:
            found = promises_within(uow, timedelta(hours=hours), now=now)
        if as_json:
            say_json(promises_out(found, hours=hours, now=now.astimezone(boat.settings.zone)).model_dump(mode="json"))
            return
        rows = [
            (
                said("已超时") if row in found.broken else said("将超时"),
                row.order_ref,
                row.channel,
                str(row.stage),
                local(boat, row.promised_at),
            )
            for row in (*found.broken, *found.soon)
        ]
        table(
            "承诺发货时间",
            ("承诺", "单号", "渠道", "环节", "承诺时间"),
            rows,
            empty="没有已超时或即将超时的订单。",
        )
        if found.cut:
            out.print(said("还有更多，只列最早的。"), style="yellow")
