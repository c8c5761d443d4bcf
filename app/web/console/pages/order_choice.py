"""What a list of orders is narrowed to, as the page's address says it; nonsense in an address narrows nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from app import words
from app.domain.ledger import Ledger
from app.domain.money import NotMoney, fen_of_yuan
from app.store.repositories.overview import OrderFilter

SPANS = {"incident": "本次事件", "today": "今天", "all": "全部"}
LACKS = {"unpaid": "未付款待确认", "incomplete": "缺信息"}
"""Kinds of held orders that people look for by what is missing."""

_LEDGER_PARTS = {"accepted": "waiting"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen on the page; empty means all. Times are those of the merchant's clock."""

    span: str = "incident"
    state: str = ""
    priority: str = ""
    client: str = ""
    lack: str = ""
    batch: str = ""
    since: str = ""
    until: str = ""
    least: str = ""
    most: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the span was chosen."""
        return any((self.state, self.priority, self.client, self.lack, self.batch)) or self.is_fine

    @property
    def is_fine(self) -> bool:
        """Whether times or amounts were chosen."""
        return any((self.since, self.until, self.least, self.most))

    def query(self, **changes: str | int) -> str:
        """Return the address of this choice with some of it changed."""
        chosen = {name: getattr(self, name) for name in self.__slots__} | changes
        if chosen["span"] == "incident":
            del chosen["span"]
        return "?" + urlencode({name: str(value) for name, value in chosen.items() if value})

    def told(self) -> dict[str, str]:
        """Return what was chosen, for the record."""
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the list to tap on: its word, where it leads, how many orders it has (None: not known), if chosen."""

    word: str
    href: str
    count: int | None
    chosen: bool


def choice_of(query: Mapping[str, str], *, zone: ZoneInfo, clients: Mapping[str, str]) -> Choice:
    """Read an address."""

    def one(name: str, known: Mapping[str, object], otherwise: str = "") -> str:
        value = query.get(name, "")
        return value if value in known else otherwise

    return Choice(
        span=one("span", SPANS, "incident"),
        state=one("state", words.ORDER_STATES),
        priority=one("priority", {"high": None}),
        client=one("client", clients),
        lack=one("lack", LACKS),
        batch=query.get("batch", "")[:32].replace("\x00", ""),
        since=_moment_text(query.get("since", ""), zone),
        until=_moment_text(query.get("until", ""), zone),
        least=_amount_text(query.get("least", "")),
        most=_amount_text(query.get("most", "")),
    )


def filter_of(
    choice: Choice, *, now: datetime, zone: ZoneInfo, incident_id: int | None, batch_id: int | None
) -> OrderFilter:
    """Return the question to the store."""
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = _moment(choice.since, zone)
    if choice.span == "today" and not choice.batch:
        since = max(since or midnight, midnight)
    until = _moment(choice.until, zone)
    return OrderFilter(
        state=choice.state or None,
        priority=choice.priority or None,
        client_id=choice.client or None,
        held_kind=choice.lack or None,
        since=since,
        until=until + timedelta(minutes=1) if until else None,  # a minute that was named is meant to its end
        incident_id=incident_id,
        batch_id=batch_id,
        from_fen=_fen(choice.least),
        to_fen=_fen(choice.most),
    )


def chips_of(choice: Choice, ledger: Ledger | None) -> list[Chip]:
    """Return the chips; with a ledger each says exactly how many orders it leads to."""
    counted = ledger if not (choice.priority or choice.client or choice.is_fine or choice.batch) else None
    none = {"state": "", "lack": ""}

    def count(part: str) -> int | None:
        return None if counted is None else int(getattr(counted, part))

    everything = None if counted is None else counted.accounted - counted.spooled
    chips = [Chip("全部", choice.query(**none), everything, not (choice.state or choice.lack))]
    for state, word in words.ORDER_STATES.items():
        href = choice.query(**{**none, "state": state})
        number = count(_LEDGER_PARTS.get(state, state))
        chips.append(Chip(word.text, href, number, choice.state == state and not choice.lack))
    for kind, text in LACKS.items():
        number = None if counted is None else counted.held_by.get(kind, 0)
        chips.append(Chip(text, choice.query(**{**none, "lack": kind}), number, choice.lack == kind))
    return chips


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    plausible = 2000 <= at.year <= 9000  # noqa: PLR2004 - years that every engine and zone can tell
    return at.replace(tzinfo=zone) if at.tzinfo is None and plausible else None


def _moment_text(text: str, zone: ZoneInfo) -> str:
    return text[:19] if _moment(text[:19], zone) else ""


def _fen(text: str) -> int | None:
    try:
        return fen_of_yuan(text) if text else None
    except NotMoney:
        return None


def _amount_text(text: str) -> str:
    plain = text.strip()[:16].replace(",", "").replace("，", "")
    return plain if _fen(plain) is not None else ""
