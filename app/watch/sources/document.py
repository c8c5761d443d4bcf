"""A source as its TOML file describes it: which kind, which keys, how often, which shop is which channel.

One file a source. Secrets are named by the environment variable that holds them and never written into it; a file that
is wrong stops nothing but its own source, and is told with its line, its key and a Chinese sentence.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from app.domain.flow import OWN_SOURCE
from app.main_system.file_tables import FileTable, allowed_address, check_names, check_secret_names, sentence_of
from app.toml_file import (
    UnreadableFile,
    WrongEntry,
    as_told,
    line_of,
    list_toml_files,
    name_of,
    parse_toml,
    read_small_file,
)
from app.watch.sources import guanyi, jushuitan, kuaidi100, wangdiantong
from app.watch.sources.event_map import Merchant
from app.watch.sources.generic import ReadingTable, kind_of
from app.watch.sources.reading import SourceKind
from app.watch.sources.reading_window import WindowRules

KINDS: Mapping[str, SourceKind] = {
    kind.name: kind for kind in (wangdiantong.KIND, jushuitan.KIND, guanyi.KIND, kuaidi100.KIND)
}


class SourceFile(FileTable):
    """A whole file."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    kind: Literal["wangdiantong", "jushuitan", "guanyi", "kuaidi100", "http"]
    address: str | None = Field(default=None, max_length=300)
    every_seconds: int = Field(default=60, ge=10, le=3600)
    per_minute: int | None = Field(default=None, ge=1, le=600)
    first_hours: int = Field(default=24, ge=1, le=24 * 7)
    margin_seconds: int | None = Field(default=None, ge=60, le=3600)
    overlap_minutes: int = Field(default=10, ge=1, le=60)
    span_minutes: int | None = Field(default=None, ge=5, le=24 * 60)
    timezone: str = "Asia/Shanghai"
    printed: Literal["list", "waybill"] = "list"
    shipped_is_packed: bool = False
    logs_per_round: int = Field(default=0, ge=0, le=30)
    access: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    channels: dict[str, str] = Field(default_factory=dict)
    reading: list[ReadingTable] = Field(default_factory=list, max_length=10)


@dataclass(frozen=True, slots=True)
class Source:
    """One source, ready to be read but for its secrets."""

    name: str
    kind: SourceKind
    address: str
    merchant: Merchant
    rules: WindowRules
    every: timedelta
    per_minute: float
    plain: Mapping[str, str]
    secrets: Mapping[str, str]
    """The environment variable of each."""
    logs_per_round: int = 0


@dataclass(frozen=True, slots=True)
class WrongSource:
    """A file that describes no source."""

    file: str
    line: int
    key: str
    detail: str

    @property
    def sentence(self) -> str:
        """What is wrong, in one line."""
        return f"{self.file} 第 {self.line} 行{f' {self.key}' if self.key else ''}：{self.detail}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a deployment, and the files that describe none."""

    known: Sequence[Source] = ()
    wrong: Sequence[WrongSource] = ()

    def named(self, name: str) -> Source | None:
        """Return a source by its name."""
        return next((one for one in self.known if one.name == name), None)


def read_sources(folder: Path, *, hosts: Collection[str] = ()) -> Sources:
    """Read every file of a folder; ``hosts`` are allowed beside those of the vendors."""
    known: list[Source] = []
    wrong: list[WrongSource] = []
    try:
        paths = list_toml_files(folder)
    except UnreadableFile as error:
        told = f"{error.reason}，请检查 LIFEBOAT_WATCH_SOURCES_DIR"
        return Sources((), (WrongSource(as_told(str(folder)), 1, "", told),))
    for path in paths:
        found = read_source(path, hosts=hosts, taken=[one.name for one in known])
        if isinstance(found, Source):
            known.append(found)
        else:
            wrong.append(found)
    return Sources(tuple(known), tuple(wrong))


def read_source(path: Path, *, hosts: Collection[str] = (), taken: Collection[str] = ()) -> Source | WrongSource:
    """Read one file; ``taken`` are names that it may not have."""
    file = name_of(path)
    try:
        text, table = parse_toml(read_small_file(path))
    except UnreadableFile as error:
        return WrongSource(file, error.line, "", error.reason)
    try:
        return _source(SourceFile.model_validate(table, strict=True), hosts=hosts, taken=taken)
    except ValidationError as error:
        wrong = sentence_of(error)
    except WrongEntry as error:
        wrong = error
    return WrongSource(file, line_of(text, wrong.key), as_told(wrong.key), as_told(wrong.reason))


def _source(file: SourceFile, *, hosts: Collection[str], taken: Collection[str]) -> Source:
    if file.name == OWN_SOURCE:
        raise WrongEntry("name", f"{file.name} 是本系统自己的来源名称，请换一个名称")
    if file.name in taken:
        raise WrongEntry("name", f"{file.name} 已被另一个数据源使用，请换一个名称")
    zone = _zone(file.timezone)
    span = None if file.span_minutes is None else timedelta(minutes=file.span_minutes)
    kind = _generic(file, zone, span) if file.kind == "http" else KINDS[file.kind]
    if file.kind != "http" and file.reading:
        raise WrongEntry("reading.0", '只有 kind = "http" 才写 [[reading]]')
    if span is not None and span > kind.span:
        raise WrongEntry("span_minutes", f"不能大于 {kind.span // timedelta(minutes=1)}")
    overlap = timedelta(minutes=file.overlap_minutes)
    if (span or kind.span) <= overlap:
        raise WrongEntry("overlap_minutes", "须小于 span_minutes，否则永远读不到新的内容")
    if kind.name != "http":
        check_names("access", file.access, needed=kind.plain)
        check_names("secrets", file.secrets, needed=kind.secrets, optional=kind.optional)
    check_secret_names(file.secrets)
    address = allowed_address(file.address or kind.address, known=kind.hosts, hosts=hosts)
    vendors = urlsplit(address).hostname in kind.hosts
    if vendors and file.per_minute is not None and file.per_minute > kind.per_minute:
        raise WrongEntry("per_minute", f"不能大于 {kind.per_minute:.0f}：另一半留给商家自己的工具")
    return Source(
        name=file.name,
        kind=kind,
        address=address,
        merchant=Merchant(
            source=file.name,
            zone=zone,
            channels=file.channels,
            printed=file.printed,
            shipped_is_packed=file.shipped_is_packed,
        ),
        rules=WindowRules(
            margin=kind.margin if file.margin_seconds is None else timedelta(seconds=file.margin_seconds),
            overlap=overlap,
            span=span or kind.span,
            first=timedelta(hours=file.first_hours),
        ),
        every=timedelta(seconds=file.every_seconds),
        per_minute=float(file.per_minute or kind.per_minute),
        plain=file.access,
        secrets=file.secrets,
        logs_per_round=file.logs_per_round if kind.log_of is not None else 0,
    )


def _generic(file: SourceFile, zone: ZoneInfo, span: timedelta | None) -> SourceKind:
    if not file.reading:
        raise WrongEntry("reading", "至少写一个 [[reading]]")
    return kind_of(
        file.reading,
        address=file.address or "",
        zone=zone,
        names=frozenset({*file.access, *file.secrets}),
        per_minute=file.per_minute or 30,
        span=span or timedelta(minutes=60),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise WrongEntry("timezone", "不认识的时区，例如 Asia/Shanghai") from None
