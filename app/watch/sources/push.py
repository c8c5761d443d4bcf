"""Takes what 快递100 pushes: signed over the text as it came, and of parcels alone that were subscribed to.

The time of a scan is the track's, never that of the push, which may come hours late, twice and out of order.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qs

from app.domain.foreign_values import word_of
from app.store.unit_of_work import Store
from app.watch.sources.kuaidi100 import first_scan_in, push_signed
from app.watch.sources.parcels import scan_event
from app.watch.sources.trouble import SourceTrouble
from app.watch.stages.take_events import take_events

PushOutcome = Literal["taken", "not_signed", "unreadable"]

MOST_FIELDS = 10

ANSWERS: Mapping[PushOutcome, Mapping[str, Any]] = {
    "taken": {"result": True, "returnCode": "200", "message": "成功"},
    "not_signed": {"result": False, "returnCode": "503", "message": "验证签名失败"},
    "unreadable": {"result": False, "returnCode": "500", "message": "无法读取"},
}
"""What the carrier is answered; anything but the first is pushed again, three times."""


def take_push(store: Store, source: str, body: bytes, *, salt: str, now: datetime) -> PushOutcome:
    """Store the first scan that a push tells of, for each order of its parcel."""
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return "unreadable"
    param, sign = form.get("param", [""])[0], form.get("sign", [""])[0]
    if not hmac.compare_digest(push_signed(param, salt=salt).encode(), sign.upper().encode("utf-8", "replace")):
        return "not_signed"
    try:
        said = json.loads(param)
    except (ValueError, RecursionError):
        return "unreadable"
    track = said.get("lastResult") if isinstance(said, dict) else None
    if not isinstance(track, dict) or (waybill := word_of(track.get("nu"))) is None:
        return "taken" if isinstance(said, dict) else "unreadable"  # abort: three days without a record
    try:
        scan = first_scan_in({"data": track.get("data") or []})
    except SourceTrouble:
        return "unreadable"
    if scan is None or scan.at > now:
        return "taken"
    with store.reading() as uow:
        orders = uow.sources.orders_of(waybill)
    take_events(store, [scan_event(source, order, channel, waybill, scan) for order, channel in orders], now=now)
    return "taken"
