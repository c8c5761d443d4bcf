"""``lifeboat watch hours``: when the warehouse works, and so when the clock of its stages runs."""

from app.cli.language import said, words
from app.cli.terminal import Json, lifeboat, local, out, say_json, table
from app.watch.flow_map.warehouse_hours import hours_in_force
from app.web.api.hours import hours_out


def hours(*, as_json: Json = False) -> None:
    """仓库作业时间：第 3 至第 5 环节只在这些时间里计时。"""
    with lifeboat() as boat:
        now, zone = boat.clock.now(), boat.settings.zone
        with boat.store.reading() as uow:
            found = hours_in_force(uow, zone=zone, now=now)
        if as_json:
            say_json(hours_out(found, now=now, zone=zone).model_dump(mode="json"))
            return
        closed = said("休")
        rows = [(words.WEEKDAYS[str(number)], text or closed) for number, text in enumerate(found.week, start=1)]
        rows += [(day, text or closed) for day, text in sorted(found.special_days.items())]
        table("仓库作业时间", ("日子", "作业时间"), rows, empty="")
        if not found.version:
            out.print(said("没有设置过：一直计时。"))
            return
        if found.starts_at is not None and found.starts_at > now:
            out.print(said("{at} 起生效，此前按旧的。", at=local(boat, found.starts_at)), style="yellow", markup=False)
        if found.opens_at is not None:
            out.print(said("现在休息，{at} 开工。", at=local(boat, found.opens_at)), markup=False)
