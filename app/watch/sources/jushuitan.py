"""聚水潭: orders and stock-outs by their changes, and the operation log of all orders.

Pages count from 1.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.domain.foreign_values import BEIJING, wall_text, whole_of, word_of
from app.main_system.vendors import jushuitan as api
from app.outbound.api_call import ApiCall
from app.watch.sources.map_file import shipped_maps
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading, objects_in
from app.watch.sources.trouble import SourceTrouble, refused, unlike

PATHS: Mapping[str, str] = {
    "orders": "/open/orders/single/query",
    "outs": "/open/orders/out/simple/query",
    "actions": "/open/order/action/query",
}
"""Nothing else is ever called."""

_LISTS = {"orders": "orders", "outs": "datas", "actions": "datas"}
_ORDER_FIELDS = (
    "o_id,so_id,shop_id,shop_name,status,order_date,pay_date,created,modified,send_date,l_id,logistics_company,"
    "link_o_id,merge_so_id,pays"
)
"""No field of a buyer or receiver is asked for."""


def write_call(request: CallRequest) -> ApiCall:
    """Return the call for a page of a window."""
    path = PATHS.get(request.reading.events)
    if path is None:
        raise SourceTrouble("our_call", request.reading.events)
    asked = {
        "modified_begin": wall_text(request.window.since, BEIJING),
        "modified_end": wall_text(request.window.until, BEIJING),
        "page_index": request.page,
        "page_size": request.reading.size,
        **request.reading.fixed,
    }
    return api.signed_call(path, asked, address=request.address, access=request.access, at=request.at)


def judge_answer(reading: SourceReading, said: object) -> SourcePage:
    """Return a page, or raise what was refused."""
    if not isinstance(said, dict) or (code := whole_of(said.get("code"))) is None:
        raise unlike("code")
    if code != 0:
        raise refused(api.refusal_of(code, word_of(said.get("msg")) or ""))
    data = said.get("data")
    if not isinstance(data, dict):
        raise unlike("data")
    rows = objects_in(data.get(_LISTS[reading.events]))
    if rows is None:
        raise unlike(f"data.{_LISTS[reading.events]}")
    total = whole_of(data.get("data_count"))
    if total is None and not reading.onwards:
        raise unlike("data.data_count")
    return SourcePage(rows, total, more=(word_of(data.get("has_next")) or "").casefold() in {"1", "true"})


_FIXED: Mapping[str, Mapping[str, Any]] = {
    "orders": {"date_type": 0, "is_get_total": True, "order_flds": _ORDER_FIELDS},
    "outs": {"date_type": 0},
}

KIND = SourceKind(
    name="jushuitan",
    title="聚水潭",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("app_key",),
    secrets=("app_secret", "access_token"),
    key="app_key",
    per_minute=50,
    span=timedelta(hours=2),
    margin=timedelta(seconds=180),
    readings=(
        SourceReading(name="orders", events="orders", first=1, size=50, fixed=_FIXED["orders"]),
        SourceReading(name="outs", events="outs", first=1, size=50, fixed=_FIXED["outs"]),
        SourceReading(name="actions", events="actions", first=1, size=200, onwards=True, untried=True),
    ),
    maps=lambda: shipped_maps("jushuitan"),
    write=write_call,
    judge=judge_answer,
)
