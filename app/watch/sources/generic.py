"""Any JSON API, as a file describes it: how a page is asked for, where its rows stand, and what they mean.

Nobody has seen such an API before, so each of its readings is off until one page of it was read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from pydantic import Field

from app.domain.foreign_values import wall_text, whole_of, word_of
from app.expressions import NothingFound, ParsedExpression
from app.main_system.call_table import CallTable, StraysFromHost, written_call
from app.main_system.file_tables import expression_of
from app.outbound.api_call import ApiCall
from app.toml_file import WrongEntry
from app.watch.sources.event_map import EventMap
from app.watch.sources.map_file import MapTable, map_of
from app.watch.sources.read_back import SourcePage
from app.watch.sources.reading import CallRequest, SourceKind, SourceReading, objects_in
from app.watch.sources.trouble import SourceTrouble, unlike

_OF_WINDOW = ("since", "until", "page", "size")

TimeForm = Literal["wall", "iso", "seconds", "milliseconds"]


class ReadingTable(CallTable):
    """One query: what is sent, with ``{since}``, ``{until}``, ``{page}``, ``{size}`` and the names of secrets in it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    first_page: int = Field(default=1, ge=0, le=1)
    page_size: int = Field(default=100, ge=1, le=1000)
    time: TimeForm = "wall"
    ok: str | None = None
    says: str | None = None
    list: str = Field(min_length=1, max_length=200)
    total: str | None = None
    more: str | None = None
    onwards: bool = False
    events: MapTable


class _Described:
    """A reading as its table describes it."""

    def __init__(self, table: ReadingTable, zone: tzinfo, key: str) -> None:
        self.table = table
        self.zone = zone
        self.list = expression_of(table.list, f"{key}.list")
        self.total = expression_of(table.total, f"{key}.total") if table.total else None
        self.more = expression_of(table.more, f"{key}.more") if table.more else None
        self.ok = expression_of(table.ok, f"{key}.ok") if table.ok else None
        self.says = expression_of(table.says, f"{key}.says") if table.says else None
        self.events = map_of(table.events, where=f"{key}.events")
        if (table.total is None) != table.onwards:
            raise WrongEntry(f"{key}.total", "须写明总数在哪里（total）；没有总数的操作日志写 onwards = true")


def kind_of(
    tables: list[ReadingTable], *, address: str, zone: tzinfo, names: frozenset[str], per_minute: float, span: timedelta
) -> SourceKind:
    """Return the kind that some tables describe; ``names`` are those of its keys and secrets.

    Raises:
        WrongEntry: an expression is none, or a blank in a text has no name.
    """
    described = {table.name: _Described(table, zone, f"reading.{n}") for n, table in enumerate(tables)}
    if len(described) != len(tables):
        raise WrongEntry("reading", "每个 [[reading]] 的 name 须不同")
    for n, table in enumerate(tables):
        table.check((*_OF_WINDOW, *sorted(names)), f"reading.{n}")
    maps: Mapping[str, EventMap] = {name: one.events for name, one in described.items()}
    return SourceKind(
        name="http",
        title="通用 JSON 接口",
        address=address,
        hosts=frozenset(),
        plain=(),
        secrets=(),
        key="",
        per_minute=per_minute,
        span=span,
        readings=tuple(
            SourceReading(
                name=table.name,
                events=table.name,
                first=table.first_page,
                size=table.page_size,
                onwards=table.onwards,
                untried=True,
            )
            for table in tables
        ),
        maps=lambda: maps,
        write=lambda request: _write(described[request.reading.name], request),
        judge=lambda reading, said: _judge(described[reading.name], said),
    )


def _write(described: _Described, request: CallRequest) -> ApiCall:
    table = described.table
    values: dict[str, str | int] = {
        **request.access,
        "since": _time(request.window.since, table.time, described.zone),
        "until": _time(request.window.until, table.time, described.zone),
        "page": request.page,
        "size": request.reading.size,
    }
    try:
        return written_call(table, request.address, values)
    except StraysFromHost:
        raise SourceTrouble("our_call", "path") from None


def _judge(described: _Described, said: object) -> SourcePage:
    if described.ok is not None and not _search(described.ok, said):
        words = word_of(_search(described.says, said)) if described.says is not None else None
        raise SourceTrouble("refused", words or "")
    found = _search(described.list, said)
    rows = objects_in(found)
    total = None if described.total is None else whole_of(_search(described.total, said))
    if described.total is not None and total is None:
        raise unlike(described.total.source)
    if rows is None or (found is None and total != 0):  # an error that nobody foresaw must not look like "nothing new"
        raise unlike(described.list.source)
    more = None if described.more is None else bool(_search(described.more, said))
    return SourcePage(rows, total, more)


def _search(expression: ParsedExpression, said: object) -> object:
    try:
        return expression.search(said)
    except NothingFound:
        return None


_FORMS: Mapping[str, Callable[[datetime], str | int]] = {
    "iso": lambda moment: moment.isoformat(timespec="seconds"),
    "seconds": lambda moment: int(moment.timestamp()),
    "milliseconds": lambda moment: int(moment.timestamp()) * 1000,
}


def _time(moment: datetime, form: TimeForm, zone: tzinfo) -> str | int:
    return wall_text(moment, zone) if form == "wall" else _FORMS[form](moment.astimezone(zone))
