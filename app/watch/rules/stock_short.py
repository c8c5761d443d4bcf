"""Stock short: more is sold than the main system's stock list has, or nearly; it will refuse those orders tomorrow."""

from collections.abc import Iterator
from datetime import timedelta

from app.domain.goods import WARN_AT_PERCENT
from app.domain.harmless_text import harmless_text
from app.watch.rule import Rule, Situation, Trouble

NAMED = 3


def _find(situation: Situation) -> Iterator[Trouble]:
    with situation.store.reading() as uow:
        incident = uow.incidents.open_one(drill=False)
        if incident is None:
            return
        over, near = uow.goods.short_count(incident.id or 0)
        named = uow.goods.short(incident.id or 0, limit=NAMED) if over or near else []
    if not named:
        return
    goods = "、".join(f"{harmless_text(one.sku)[:40]}（售 {one.sold}/库存 {one.stock}）" for one in named)
    more = " 等" if over + near > len(named) else ""
    counts = [f"{over} 个商品已超卖" if over else "", f"{near} 个已达库存的 {WARN_AT_PERCENT}%" if near else ""]
    text = f"{'，'.join(filter(None, counts))}：{goods}{more}。请让店铺下架或补货，见控制台“商品”。"
    yield Trouble("stock_short", text)


STOCK_SHORT = Rule(name="stock_short", level="orange", find=_find, again=timedelta(minutes=30))
