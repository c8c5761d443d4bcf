"""Knows what the columns of the lists and statements of others are called: the shipped maps, and a merchant's own."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from app.files.headed_rows import as_name
from app.toml_file import UnreadableFile, list_toml_files, parse_toml, read_small_file

NUMBERS = ("number",)
MAIN_COLUMNS = frozenset(
    {
        *(
            "number",
            "main_number",
            "item_number",
            "payment_number",
            "phone",
            "sku",
            "quantity",
            "amount",
            "part_amount",
        ),
        *("part_freight", "refund", "currency", "state", "cancelled_at", "kind", "gift", "bundle", "at", "notes"),
    }
)
MONEY_COLUMNS = frozenset(
    {
        *("number", "provider_number", "refund_number", "kind", "amount", "refund", "received", "income", "outgo"),
        *("account", "at"),
    }
)
_KEYS = frozenset({"title", "witness", "known_by", "columns", "kinds", "states", "last", "ends_with", "digits"})
_KINDS = frozenset({"payment", "refund", "revoked", "passed_over", "other"})
_STATES = frozenset({"live", "unpaid", "cancelled", "passed_on"})
_ENDS = frozenset({"", "wechat", "alipay"})
_MOST = 500
"""Names of one column."""

_SHIPPED_APART = frozenset({"refused.toml", "states.toml"})


@dataclass(frozen=True, slots=True)
class ListMap:
    """How one kind of file is read: ``columns`` are names by precedence, several groups of them for ``number``."""

    name: str
    title: str
    witness: str
    known_by: tuple[frozenset[str], ...]
    columns: Mapping[str, tuple[str, ...]]
    numbers: tuple[tuple[str, ...], ...]
    kinds: Mapping[str, str] = field(default_factory=dict)
    """What stands in the column of the kind, and what it means."""
    states: Mapping[str, str] = field(default_factory=dict)
    """What a merchant's main system writes for a state, and what it means; before the shipped words."""
    last: bool = False
    """Tried where no other fits."""
    ends_with: str = ""
    """Whose summary stands at the end, against which its rows are counted."""
    digits: int = 0
    """How long a number of digits is at least: a spreadsheet takes the zeros before it away."""


@dataclass(frozen=True, slots=True)
class LookAlikeFile:
    """A file that looks like one of the others and cannot be used in its place; ``sentence`` says what is wanted."""

    known_by: tuple[frozenset[str], ...]
    sentence: str


def fits(kind: ListMap | LookAlikeFile, headings: Collection[str]) -> bool:
    """Tell whether headings are those of a kind of file."""
    return all(not names.isdisjoint(headings) for names in kind.known_by)


@cache
def shipped_maps() -> tuple[ListMap, ...]:
    """Return the maps that are shipped, by name, those that are tried last at the end."""
    found = [map_of(name, document) for name, document in _documents() if name not in _SHIPPED_APART]
    return tuple(sorted(found, key=lambda one: (one.last, one.name)))


@cache
def look_alike_files() -> tuple[LookAlikeFile, ...]:
    """Return the files that are refused by name."""
    (document,) = (document for name, document in _documents() if name == "refused.toml")
    return tuple(LookAlikeFile(_known_by(one["known_by"]), one["sentence"]) for one in document["file"])


@cache
def state_lines() -> tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]:
    """Return (state, whole words, parts of words) in the order in which they count."""
    (document,) = (document for name, document in _documents() if name == "states.toml")
    return tuple(
        (
            line["state"],
            frozenset(map(as_name, line["is"])) if "is" in line else frozenset(),
            tuple(map(as_name, line["has"])),
        )
        for line in document["line"]
    )


def _documents() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = files(__package__ or "app.reconcile.compare") / "maps"
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.name.endswith(".toml"):
            yield path.name, tomllib.loads(path.read_text(encoding="utf-8"))


def own_documents(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a merchant's own maps as documents, each of which :func:`map_of` takes.

    Raises:
        UnreadableFile: one is none; the reason names its file.
    """
    for path in list_toml_files(folder):
        try:
            document = parse_toml(read_small_file(path))[1]
            map_of(path.name, document)
        except UnreadableFile as error:
            raise UnreadableFile(f"{path.name} 第 {error.line} 行：{error.reason}", line=error.line) from None
        yield path.name, document


def map_of(name: str, document: Mapping[str, Any]) -> ListMap:
    """Return what a document says.

    Raises:
        UnreadableFile: it is no map; the reason is a sentence.
    """
    _only(document, _KEYS, "键")
    witness = document.get("witness")
    if witness not in ("main", "money"):
        raise UnreadableFile('witness 须为 "main"（主系统清单）或 "money"（账单）')
    known_by, columns = _known_by(document.get("known_by")), document.get("columns")
    if not known_by:
        raise UnreadableFile('known_by 须列出认出这种文件的列名，如 [["订单号"], ["订单状态"]]')
    if not isinstance(columns, dict):
        raise UnreadableFile("缺少 [columns]")
    _only(columns, MAIN_COLUMNS if witness == "main" else MONEY_COLUMNS, "列")
    ends_with, digits = document.get("ends_with", ""), document.get("digits", 0)
    if ends_with not in _ENDS or not isinstance(digits, int) or not 0 <= digits <= 32:  # noqa: PLR2004 - as long as any
        raise UnreadableFile('ends_with 须为 "wechat" 或 "alipay"，digits 须为 0 至 32')
    return ListMap(
        name.removesuffix(".toml"),
        str(document.get("title") or name.removesuffix(".toml"))[:40],
        witness,
        known_by,
        {one: _names(one, names) for one, names in columns.items() if one not in NUMBERS},
        tuple(_names("number", group) for group in columns.get("number", ())),
        dict(_meanings("kinds", document.get("kinds", {}), _KINDS)),
        dict(_meanings("states", document.get("states", {}), _STATES)),
        last=document.get("last") is True,
        ends_with=ends_with,
        digits=digits,
    )


def _only(found: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    if strange := sorted(found.keys() - known):
        raise UnreadableFile(f"不认识{what} {strange[0][:40]}，可用：{'、'.join(sorted(known))}")


def _known_by(value: object) -> tuple[frozenset[str], ...]:
    groups = value if isinstance(value, list) else []
    return tuple(frozenset(_names("known_by", group)) for group in groups)


def _meanings(key: str, value: object, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        raise UnreadableFile(f"[{key}] 须是一张表")
    _only(value, known, "含义")
    for meaning, words in value.items():
        yield from ((word, meaning) for word in _names(key, words))


def _names(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and as_name(one) for one in value):
        raise UnreadableFile(f'{key} 须是列名的列表，如 ["订单号"]；number 是这样的列表的列表')
    if len(value) > _MOST:
        raise UnreadableFile(f"{key} 最多 {_MOST} 个列名")
    return tuple(as_name(one) + "*" * one.endswith("*") for one in value)  # "meta:*" is every column that begins so
