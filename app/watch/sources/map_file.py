"""Reads what the rows of an ERP mean from TOML: the shipped files in ``editions/``, and the tables of a merchant's own.

Every wrong thing is told with its key and a Chinese sentence.
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from app.domain.flow import PROMISED
from app.domain.marks import STAGES, Mark
from app.domain.triage import SAID
from app.expressions import ParsedExpression
from app.main_system.file_tables import FileTable, expression_of
from app.toml_file import WrongEntry, parse_toml
from app.watch.sources.event_map import EventMap, MarkRule, RowCondition, flag_of


class MarkTable(FileTable):
    """One mark."""

    mark: str
    at: str = Field(min_length=1, max_length=200)
    where: dict[str, Any] = Field(default_factory=dict)
    quality: Literal["exact", "log", "seen"] = "exact"
    stage: int | None = Field(default=None, ge=1, le=len(STAGES))
    printed: Literal["list", "waybill"] | None = None


class MapTable(FileTable):
    """What the rows of one reading mean."""

    order: str = Field(min_length=1, max_length=200)
    channel: str | None = None
    number: str | None = None
    known: dict[str, list[bool | int | str]] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)
    standing: dict[str, str] = Field(default_factory=dict)
    marks: list[MarkTable] = Field(min_length=1, max_length=100)


def map_of(table: MapTable, *, where: str) -> EventMap:
    """Return the map that a table describes; ``where`` is the table's place in its file.

    Raises:
        WrongEntry: an expression is none, a mark does not exist, a condition has no known form.
    """
    return EventMap(
        order=expression_of(table.order, f"{where}.order"),
        rules=tuple(_rule(one, f"{where}.marks.{n}") for n, one in enumerate(table.marks)),
        channel=expression_of(table.channel, f"{where}.channel") if table.channel else None,
        number=expression_of(table.number, f"{where}.number") if table.number else None,
        known={
            name: (expression_of(name, f"{where}.known.{name}"), _texts(codes)) for name, codes in table.known.items()
        },
        attributes={name: expression_of(text, f"{where}.attributes.{name}") for name, text in table.attributes.items()},
        standing=_standing(table, where),
    )


def _standing(table: MapTable, where: str) -> dict[str, ParsedExpression]:
    tells = any(one.mark == Mark.STATUS for one in table.marks)
    if tells != bool(table.standing):
        raise WrongEntry(f"{where}.standing", "节点 status 与 standing 表须同时有或同时没有")
    known = {*SAID, PROMISED}
    if unknown := next((name for name in table.standing if name not in known), None):
        raise WrongEntry(f"{where}.standing.{unknown[:40]}", f"不认识的名称，可用：{'、'.join(sorted(known))}")
    return {name: expression_of(text, f"{where}.standing.{name}") for name, text in table.standing.items()}


@cache
def shipped_maps(edition: str) -> Mapping[str, EventMap]:
    """Return the maps of an ERP that are part of the program, by the name of the reading."""
    _, document = parse_toml((files(__package__) / "editions" / f"{edition}.toml").read_bytes())
    return {name: map_of(MapTable.model_validate(table), where=name) for name, table in document.items()}


def _rule(table: MarkTable, key: str) -> MarkRule:
    if table.mark not in (known := [str(mark) for mark in Mark]):
        raise WrongEntry(f"{key}.mark", f"不认识的节点 {table.mark[:40]}，可用：{'、'.join(known)}")
    if (table.mark == Mark.REOPENED) != (table.stage is not None):
        raise WrongEntry(f"{key}.stage", "reopened 须写明退回到第几个环节，其他节点不写")
    return MarkRule(
        mark=Mark(table.mark),
        at=expression_of(table.at, f"{key}.at"),
        where=tuple(_condition(name, wanted, f"{key}.where.{name}") for name, wanted in table.where.items()),
        quality=table.quality,
        stage=table.stage,
        printed=table.printed,
    )


def _condition(name: str, wanted: object, key: str) -> RowCondition:
    """Return a condition: ``[5, 4]`` one of these, ``{ bit = 16 }``, ``"set"`` or ``"not_set"``."""
    field = expression_of(name, key)
    match wanted:
        case "set" | "not_set":
            return RowCondition(field, absent=wanted == "not_set")
        case {"bit": int(bit), **rest} if not rest and bit > 0:
            return RowCondition(field, bit=bit)
        case list() if wanted and all(isinstance(one, (int, str)) for one in wanted):
            return RowCondition(field, values=_texts(wanted))
        case _:
            raise WrongEntry(key, '条件写作 [值, …]、{ bit = 16 }、"set" 或 "not_set"')


def _texts(values: Collection[object]) -> frozenset[str]:
    return frozenset(flag_of(str(value)) for value in values)
