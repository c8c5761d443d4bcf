"""The English twins of :mod:`app.words.sources`, ``marks`` and ``what_if``; part of :mod:`app.cli.words_en`."""

from collections.abc import Mapping

MARKS: Mapping[str, str] = {
    "placed": "placed",
    "paid": "paid",
    "queued": "queued at the warehouse",
    "accepted": "accepted by the warehouse",
    "waybill": "waybill",
    "picking_printed": "picking list printed",
    "picking_started": "picking begun",
    "picked": "picked",
    "packed": "packed",
    "shipped": "shipped",
    "collected": "collected",
    "reopened": "sent back",
    "hold": "on hold",
    "resumed": "resumed",
    "cancelled": "cancelled",
    "merged": "merged",
    "split": "split",
    "status": "status",
}

SOURCE_KINDS: Mapping[str, str] = {
    "wangdiantong": "Wangdiantong (flagship edition)",
    "jushuitan": "Jushuitan",
    "guanyi": "Guanyi",
    "kuaidi100": "Kuaidi100",
    "http": "any JSON API",
}

SOURCE_TROUBLES: Mapping[str, str] = {
    "untried": "not tried yet: run lifeboat watch source check, which switches it on",
    "no_secret": "the environment holds no such secret; see the names in [secrets]",
    "key": "the key, the account or the signature is wrong; see [access] and [secrets]",
    "token": "the grant is over or wrong; renew access_token or sessionkey",
    "ip": "this machine's address is not on the vendor's list",
    "clock": "the vendor refuses our time; set this machine's clock (NTP)",
    "permission": "no right: have this query opened, and shops and warehouses granted to the account",
    "throttled": "asked too often, left alone for a while; other tools may use the same key",
    "quota": "no calls are left; pay the vendor",
    "phone_tail": "this carrier is asked only with the last four digits of the phone",
    "our_call": "the vendor does not know our parameters; tell the developers",
    "refused": "the vendor refused, in its own words",
    "bad_answer": "the answer has not the form it should have; the field is named",
    "short_page": "pages stay shorter than the vendor says; tried again later",
    "window_grows": "new rows keep coming into the window; tried again later, or raise margin_seconds",
    "too_many_rows": "too many rows in one window; lower span_minutes",
    "not_json": "the answer is no data, perhaps a web page; see address",
    "too_large": "the answer is too large",
    "unreachable": "the vendor cannot be reached; see network and firewall",
    "timeout": "the vendor did not answer in time",
    "server": "the vendor has an error; tried again later",
    "store_busy": "the database is busy; read again later",
    "internal": "the answer could not be dealt with; the worker's log has more",
    "no_events": "rows came and none told of a mark; see the map",
    "no_order": "there is no recent order to read a log of; try again when there is",
}


def source_trouble(code: str) -> str:
    """Return the sentence of a trouble."""
    if code.startswith("http_"):
        return f"the vendor has an error (HTTP {code.removeprefix('http_')}); tried again later"
    return SOURCE_TROUBLES.get(code, code)


WHAT_IF_DOUBTS: Mapping[str, str] = {
    "short": "Fewer days than these are stored; only those that are were judged.",
    "late": "What was told late counts at the time it happened: where it misled the watch then, this does not show.",
    "limits": "Limits of stages and what was usual are as of today (hours of alerts, incidents, promotions left out).",
    "unreadable": "A source is judged by its silence, not by whether it could be asked; silences do not count.",
    "incident": "Of some minutes of an incident nobody noted how many waited; red alerts stayed as they were then.",
}
