"""快递100: the carrier's first scan of a parcel, asked by its waybill; no ERP tells of it.

A number is asked once an hour and twelve times in all: at the forty-ninth call of a day the vendor locks it. That there
is no record yet proves nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from app.domain.foreign_values import BEIJING, NoMoment, moment_of, word_of
from app.outbound.api_call import ApiCall
from app.toml_file import parse_toml
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading
from app.watch.sources.trouble import SourceTrouble, unlike

COLLECTED_NODE = "103"
"""Of state 1, the only code that means a scan: 101 is ordered, 102 waits for pickup."""

SUBSCRIBE = "https://poll.kuaidi100.com/poll"

_BEFORE = frozenset({"101", "102"})
_SCANNED = ("揽收", "收件")
_NOT_YET = "待揽收"


@dataclass(frozen=True, slots=True)
class ParcelCarrier:
    """A carrier as 快递100 calls it; some are asked only with the last four digits of a phone."""

    code: str
    names: tuple[str, ...]
    tail: bool


@dataclass(frozen=True, slots=True)
class FirstScan:
    """When the carrier first had the parcel; ``inferred`` where it was on its way before anybody told of a scan."""

    at: datetime
    quality: str


@cache
def carriers() -> tuple[ParcelCarrier, ...]:
    """Return the carriers that can be asked."""
    _, document = parse_toml((files(__package__) / "editions" / "carriers.toml").read_bytes())
    return tuple(
        ParcelCarrier(one["code"], tuple(one["names"]), tail=one.get("tail", False)) for one in document["carrier"]
    )


def carrier_of(name: str) -> ParcelCarrier | None:
    """Return the carrier that an ERP's word stands for; a word that the shop made up itself stands for none."""
    plain = name.strip().upper()
    for carrier in carriers():
        for known in carrier.names:
            if plain == known or (not known.isascii() and plain.startswith(known)):
                return carrier
    return next((one for one in carriers() if one.code == name.strip().lower()), None)


def signed(param: str, *, key: str, customer: str) -> str:
    """Return the signature of a query over its ``param`` as it is sent."""
    return hashlib.md5(f"{param}{key}{customer}".encode(), usedforsecurity=False).hexdigest().upper()


def query_call(*, address: str, access: Mapping[str, str], carrier: str, waybill: str, tail: str) -> ApiCall:
    """Return the call that asks for the track of one parcel."""
    asked = {
        "com": carrier,
        "num": waybill,
        "phone": tail,
        "from": "",
        "to": "",
        "resultv2": "4",
        "show": "0",
        "order": "desc",
    }
    param = json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
    customer = access["customer"]
    form = {"customer": customer, "sign": signed(param, key=access["key"], customer=customer), "param": param}
    return ApiCall(
        address,
        body=urlencode(form).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )


def subscribe_call(*, access: Mapping[str, str], carrier: str, waybill: str, tail: str, callback: str) -> ApiCall:
    """Return the call after which the track of a parcel is pushed to ``callback``; it is not signed."""
    asked = {
        "company": carrier,
        "number": waybill,
        "key": access["key"],
        "parameters": {"callbackurl": callback, "salt": access["salt"], "resultv2": "4", "phone": tail},
    }
    return ApiCall(
        SUBSCRIBE,
        body=urlencode({"schema": "json", "param": json.dumps(asked, ensure_ascii=False)}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
    )


def judge_subscription(said: object) -> bool:
    """Tell whether a parcel is subscribed to now; False for a number or a carrier that the vendor does not know."""
    code = word_of(said.get("returnCode")) if isinstance(said, dict) else None
    if code is None:
        raise unlike("returnCode")
    if code in {"200", "501"}:  # 501: it was before
        return True
    if code in {"700", "701", "702"}:
        return False
    words = word_of(said.get("message")) or "" if isinstance(said, dict) else ""
    raise SourceTrouble(_REFUSALS.get(code, "refused"), f"{code} {words}")


def push_signed(param: str, *, salt: str) -> str:
    """Return the signature of a push over its ``param`` as it came."""
    return hashlib.md5(f"{param}{salt}".encode(), usedforsecurity=False).hexdigest().upper()


_REFUSALS: Mapping[str, str] = {"503": "key", "601": "quota", "501": "server", "502": "server", "408": "phone_tail"}
_NOTHING_YET = frozenset({"500", "400"})
"""No record, or a carrier that does not fit the number: both may be mended by the next scan."""


def first_scan_in(said: object) -> FirstScan | None:
    """Return the first scan that a track tells of, None if there is none yet.

    Raises:
        SourceTrouble: the question itself was refused.
    """
    if not isinstance(said, dict):
        raise unlike("data")
    if said.get("result") is False or "data" not in said:
        refusal = word_of(said.get("returnCode")) or ""
        if refusal in _NOTHING_YET:
            return None
        raise SourceTrouble(_REFUSALS.get(refusal, "refused"), f"{refusal} {word_of(said.get('message')) or ''}")
    nodes = said["data"]
    if not isinstance(nodes, list):
        raise unlike("data")
    told = sorted(
        ((at, one) for one in nodes if isinstance(one, dict) and (at := _time_of(one)) is not None),
        key=lambda pair: pair[0],
    )
    for at, node in told:
        if word_of(node.get("statusCode")) == COLLECTED_NODE:
            return FirstScan(at, "exact")
    for at, node in told:
        words = f"{node.get('status') or ''}{node.get('context') or ''}"
        if _NOT_YET not in words and any(word in words for word in _SCANNED):
            return FirstScan(at, "seen")
    on_its_way = [at for at, node in told if (code := word_of(node.get("statusCode"))) and code not in _BEFORE]
    return FirstScan(on_its_way[0], "inferred") if on_its_way else None


def _time_of(node: Mapping[str, Any]) -> datetime | None:
    try:
        return moment_of(node.get("ftime") or node.get("time"), BEIJING)
    except NoMoment:
        return None


def _no_window(request: CallRequest) -> ApiCall:
    raise SourceTrouble("our_call", request.reading.name)


def _no_page(reading: SourceReading, _said: object) -> SourcePage:
    raise SourceTrouble("our_call", reading.name)


KIND = SourceKind(
    name="kuaidi100",
    title="快递100",
    address="https://poll.kuaidi100.com/poll/query.do",
    hosts=frozenset({"poll.kuaidi100.com"}),
    plain=("customer",),
    secrets=("key",),
    optional=("salt",),
    key="customer",
    per_minute=60,
    span=timedelta(hours=1),
    readings=(),
    maps=dict,
    write=_no_window,
    judge=_no_page,
)
