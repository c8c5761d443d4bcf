"""Knows what the columns of an upload of results may be called: the shipped names, and those of a merchant's file."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from app.handback.found_results import Field
from app.toml_file import UnreadableFile, parse_toml, read_small_file

_FIELDS: tuple[Field, ...] = get_args(Field)
_EDGES = "*:：'\ufeff\u200b"
_MARK = re.compile(r"\((?:必填|选填|可选|\*)\)$")
_MOST = 500
"""Names for one column in a merchant's file."""


@dataclass(frozen=True, slots=True)
class Headings:
    """The names of each column by precedence, as :func:`as_name` writes them; ``trouble`` tells of a wrong file."""

    names: Mapping[Field, tuple[str, ...]]
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trouble: str = ""
    own_numbers: tuple[str, ...] = ()
    """What a merchant's file calls our number; it comes before what our layouts call it."""

    def with_numbers(self, headings: Sequence[str]) -> "Headings":
        """Return these, with the layouts' ``headings`` of our number before the shipped ones."""
        of_layouts = tuple(as_name(heading) for heading in headings)
        numbers = (*self.own_numbers, *of_layouts, *self.names["number"])
        return replace(self, names={**self.names, "number": numbers}, own_numbers=())


def as_name(cell: object) -> str:
    """Return a heading as it is compared: without blanks, case, full-width forms, wrappers, marks such as （必填）."""
    text = unicodedata.normalize("NFKC", "" if cell is None else str(cell))
    text = "".join(text.split()).strip(_EDGES)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip(_EDGES)
    return _MARK.sub("", text).strip(_EDGES).casefold()


def shipped_headings() -> Headings:
    """Return the names that are shipped."""
    return _read(tomllib.loads((files(__package__) / "headings.toml").read_text(encoding="utf-8")))


def headings_with(path: Path) -> Headings:
    """Return the names of a merchant's file before the shipped ones.

    A file that is wrong is not used at all, and ``trouble`` says why: results are read all the same.
    """
    shipped = shipped_headings()
    try:
        own = _read(parse_toml(read_small_file(path))[1])
    except UnreadableFile as error:
        told = f"LIFEBOAT_RESULT_COLUMNS 指定的文件第 {error.line} 行有误：{error.reason}；只用了内置列名"
        return replace(shipped, trouble=told)
    names = {one: (*own.names[one], *shipped.names[one]) for one in _FIELDS}
    return Headings(
        {**names, "number": shipped.names["number"]}, {**shipped.beside, **own.beside}, "", own.names["number"]
    )


def _read(document: Mapping[str, Any]) -> Headings:
    if strange := sorted(document.keys() - {*_FIELDS, "beside"}):
        raise UnreadableFile(f"不认识 {strange[0]}，可用：{'、'.join(_FIELDS)}、beside")
    beside = document.get("beside", {})
    if not isinstance(beside, dict):
        raise UnreadableFile('[beside] 须形如 "我方单号的列名" = ["主系统单号的列名"]')
    return Headings(
        {one: _names(one, document.get(one, [])) for one in _FIELDS},
        {as_name(heading): _names(heading, names) for heading, names in beside.items()},
    )


def _names(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and as_name(one) for one in value):
        raise UnreadableFile(f'{key} 须是列名的列表，如 ["失败原因"]')
    if len(value) > _MOST:
        raise UnreadableFile(f"{key} 最多 {_MOST} 个列名")
    return tuple(as_name(one) for one in value)
