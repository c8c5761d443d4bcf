"""旺店通 flagship edition: orders by their changes, stock-outs in three readings, and the log of one order.

Pages count from 0; the pager is part of the signature.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.domain.foreign_values import BEIJING, wall_text, whole_of, word_of
from app.main_system.vendors import wangdiantong as api
from app.outbound.api_call import ApiCall
from app.watch.sources.map_file import shipped_maps
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading, objects_in
from app.watch.sources.trouble import SourceTrouble, refused, unlike

SIZE = 200
TRADES = "sales.TradeQuery.queryWithDetail"
STOCKOUTS = "wms.stockout.Sales.queryWithDetail"
LOG = "sales.TradeQuery.getLog"
METHODS = frozenset({TRADES, STOCKOUTS, LOG})
"""Nothing else is ever called: some of its queries take work away from the shop."""


def write_call(request: CallRequest) -> ApiCall:
    """Return the call for a page of a window."""
    times = {
        "start_time": wall_text(request.window.since, BEIJING),
        "end_time": wall_text(request.window.until, BEIJING),
    }
    method = TRADES if request.reading.events == "trades" else STOCKOUTS
    pager = {"page_size": str(request.reading.size), "page_no": str(request.page), "calc_total": "1"}
    return _call(request, method, [{**times, **request.reading.fixed}], pager)


def log_call(request: CallRequest, order: str) -> ApiCall:
    """Return the call for the log of an order."""
    return _call(request, LOG, [{"trade_no": order}], {})


def judge_answer(_reading: SourceReading, said: object) -> SourcePage:
    """Return a page, or raise what was refused."""
    data = _data(said)
    if not isinstance(data, dict):
        raise unlike("data")
    rows, total = objects_in(data.get("order")), whole_of(data.get("total_count"))
    if rows is None or total is None:
        raise unlike("data.order" if rows is None else "data.total_count")
    return SourcePage(rows, total)


def judge_log(said: object, order: str) -> list[Any]:
    """Return the lines of an order's log; the list stands in ``data`` or beside it, both are documented.

    A line has no number: what it says, and which one among equals it is, is its identity. Who did it is left out.
    """
    data = _data(said)
    found = data.get("detail_list") if isinstance(data, dict) else None
    lines = objects_in(found if found is not None else (said.get("detail_list") if isinstance(said, dict) else None))
    if lines is None:
        raise unlike("detail_list")
    equal: Counter[str] = Counter()
    rows = []
    for line in sorted((one for one in lines if isinstance(one, dict)), key=lambda one: json.dumps(one, default=str)):
        name = hashlib.sha256(f"{line.get('type')}|{line.get('created')}|{line.get('shortname')}".encode()).hexdigest()
        equal[name] += 1
        row = {"trade_no": order, "type": line.get("type"), "created": line.get("created")}
        rows.append({**row, "line": f"{name[:20]}.{equal[name]}"})
    return rows


def _call(request: CallRequest, method: str, arguments: list[Any], pager: Mapping[str, str]) -> ApiCall:
    if method not in METHODS:
        raise SourceTrouble("our_call", method)
    return api.signed_call(
        method, arguments, address=request.address, access=request.access, at=request.at, pager=pager
    )


def _data(said: object) -> object:
    if not isinstance(said, dict) or (status := whole_of(said.get("status"))) is None:
        raise unlike("status")
    if status == 0:
        return said.get("data")
    words = word_of(said.get("message")) or word_of(said.get("data")) or ""
    raise refused(api.refusal_of(status, words))


KIND = SourceKind(
    name="wangdiantong",
    title="旺店通（旗舰版）",
    address=api.ADDRESS,
    hosts=api.HOSTS,
    plain=("sid", "key"),
    secrets=("secret",),
    key="key",
    per_minute=30,
    span=timedelta(minutes=60),
    readings=(
        SourceReading(name="trades", events="trades", first=0, size=SIZE, fixed={"time_type": 1}),
        SourceReading(name="open_stockouts", events="stockouts", first=0, size=SIZE, fixed={"status_type": 2}),
        SourceReading(name="shipped_stockouts", events="stockouts", first=0, size=SIZE, fixed={"status_type": 0}),
        SourceReading(
            name="cancelled_stockouts", events="cancelled_stockouts", first=0, size=SIZE, fixed={"status_type": 1}
        ),
    ),
    maps=lambda: shipped_maps("wangdiantong"),
    write=write_call,
    judge=judge_answer,
    log_of=log_call,
    judge_log=judge_log,
)
