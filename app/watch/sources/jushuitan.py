"""聚水潭: orders and stock-outs by their changes, and the operation log of all orders.

Pages count from 1. A refusal comes as HTTP 200 with a code; codes 140, 150 and 160 mean different things in its two
lists, so that their text decides.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from app.channels.api_call import ApiCall
from app.watch.sources.foreign_values import BEIJING, wall_text, whole_of, word_of
from app.watch.sources.map_file import shipped_maps
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading, objects_in
from app.watch.sources.trouble import SourceTrouble, unlike

PATHS: Mapping[str, str] = {
    "orders": "/open/orders/single/query",
    "outs": "/open/orders/out/simple/query",
    "actions": "/open/order/action/query",
}
"""Nothing else is ever called."""

_LISTS = {"orders": "orders", "outs": "datas", "actions": "datas"}
_CODES: Mapping[int, str] = {10: "key", 100: "token", 110: "ip", 120: "key", 180: "clock", 190: "permission"}
_WAITS = {199: timedelta(seconds=2), 200: timedelta(seconds=60)}
_ORDER_FIELDS = (
    "o_id,so_id,shop_id,shop_name,status,order_date,pay_date,created,modified,send_date,l_id,logistics_company,"
    "link_o_id,merge_so_id,pays"
)
"""No field of a buyer or receiver is asked for."""


def signed(parameters: Mapping[str, str], *, secret: str) -> str:
    """Return the signature of a call over its parameters as they are before they are encoded."""
    said = "".join(f"{name}{value}" for name, value in sorted(parameters.items()))
    return hashlib.md5(f"{secret}{said}".encode(), usedforsecurity=False).hexdigest()


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
    parameters = {
        "app_key": request.access["app_key"],
        "access_token": request.access["access_token"],
        "timestamp": str(int(request.at.timestamp())),
        "version": "2",
        "charset": "utf-8",
        "biz": json.dumps(asked, ensure_ascii=False, separators=(",", ":")),
    }
    parameters["sign"] = signed(parameters, secret=request.access["app_secret"])
    return ApiCall(
        request.address.rstrip("/") + path,
        body=urlencode(parameters).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )


def judge_answer(reading: SourceReading, said: object) -> SourcePage:
    """Return a page, or raise what was refused."""
    if not isinstance(said, dict) or (code := whole_of(said.get("code"))) is None:
        raise unlike("code")
    if code != 0:
        raise _refused(code, word_of(said.get("msg")) or "")
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


def _refused(code: int, words: str) -> SourceTrouble:
    if code in _WAITS:
        return SourceTrouble("throttled", f"{code} {words}", wait=_WAITS[code])
    found = _CODES.get(code)
    if found is None:
        kinds: tuple[tuple[str, str], ...] = (
            ("时间戳", "clock"),
            ("token", "token"),
            ("签名", "key"),
            ("参数", "our_call"),
        )
        found = next((kind for text, kind in kinds if text in words.casefold()), "refused")
    return SourceTrouble(found, f"{code} {words}")


_FIXED: Mapping[str, Mapping[str, Any]] = {
    "orders": {"date_type": 0, "is_get_total": True, "order_flds": _ORDER_FIELDS},
    "outs": {"date_type": 0},
}

KIND = SourceKind(
    name="jushuitan",
    title="聚水潭",
    address="https://openapi.jushuitan.com",
    hosts=frozenset({"openapi.jushuitan.com", "dev-api.jushuitan.com"}),
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
