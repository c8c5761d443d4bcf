"""Goods by SKU over HTTP: what was ordered, what of it is held or home, and what the stock list says."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.domain import problems as p
from app.web.callers import OpsCaller
from app.web.parts import TheBoat
from app.web.problems import documented

router = APIRouter(tags=["商品"])

MOST_HELD = 100_000
"""Held orders that are summed for one answer."""


class SkuOut(BaseModel):
    """Pieces of a SKU; ``stock`` is null where no stock list names it, ``beyond`` is what is sold over it."""

    sku: str
    name: str
    accepted: int
    held: int
    home: int
    closed: int
    stock: int | None
    beyond: int


class SkuPage(BaseModel):
    """A page of SKUs in their own order; pass ``next`` as ``cursor`` for the page after."""

    items: list[SkuOut]
    next: str | None


@router.get("/v1/skus", summary="按商品编码的件数", responses=documented(p.Unauthenticated, p.Forbidden, p.NotFound))
def list_skus(
    boat: TheBoat,
    _caller: OpsCaller,
    incident: str | None = None,
    cursor: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> SkuPage:
    """List the goods of an incident, by default of the one that is open or was last."""
    with boat.store.reading() as uow:
        chosen = uow.incidents.named(incident) if incident is not None else uow.incidents.latest()
        if chosen is None:
            if incident is not None:
                raise p.NotFound("没有这个应急事件。")
            return SkuPage(items=[], next=None)
        found = uow.goods.by_sku(chosen.id or 0, after=cursor, limit=limit + 1)
        held, _ = uow.goods.held(chosen.id or 0, at_most=MOST_HELD)
    items = [
        SkuOut(
            sku=one.sku,
            name=one.name,
            accepted=one.accepted,
            held=held[one.sku],
            home=one.home,
            closed=one.closed,
            stock=one.stock,
            beyond=one.beyond,
        )
        for one in found[:limit]
    ]
    return SkuPage(items=items, next=found[limit - 1].sku if len(found) > limit else None)
