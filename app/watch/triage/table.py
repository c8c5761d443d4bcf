"""Reads the table of triage: the shipped one, or a merchant's own file in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.marks import STAGES
from app.domain.triage import SAID, TriageCondition, TriageLine, Wanted
from app.main_system.file_tables import sentence_of
from app.toml_file import UnreadableFile, parse_toml, read_small_file

SHIPPED = Path(__file__).with_name("table.toml")
MOST_LINES = 60


class WrongTriageTable(ValueError):
    """A table cannot be used: where in it, and a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class TriageTable:
    """The lines, first match first, and what the codes that systems tell are called, by fact and code."""

    lines: tuple[TriageLine, ...]
    words: Mapping[str, Mapping[str, str]]

    def word(self, fact: str, code: str) -> str:
        """Return what people call a code; one that nobody has named stays as it is."""
        return self.words.get(fact, {}).get(code, code)

    def knows(self, fact: str, code: str) -> bool:
        """Tell whether a code has a name."""
        return code in self.words.get(fact, {})


class LineEntry(BaseModel):
    """A line as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")
    type: str = Field(min_length=1, max_length=20)
    owner: str = Field(min_length=1, max_length=40)
    meaning: str = Field(min_length=1, max_length=200)
    say: str = Field(min_length=1, max_length=500)
    next: str = Field(min_length=1, max_length=300)
    when: list[dict[str, Any]] = Field(default_factory=list, max_length=20)
    stuck: bool = True


class TableFile(BaseModel):
    """What a file may say; a misspelt key is a lost key, so that none is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)

    line: list[LineEntry] = Field(min_length=1, max_length=MOST_LINES)
    status: dict[str, str] = Field(default_factory=dict)
    stockout_status: dict[str, str] = Field(default_factory=dict)
    logistics_print_status: dict[str, str] = Field(default_factory=dict)
    question: dict[str, str] = Field(default_factory=dict)


def table_in_force(path: Path | None) -> tuple[TriageTable, str]:
    """Return the table in force and, where a merchant's own cannot be used, why; the shipped one stands in for it."""
    try:
        return read_table(path), ""
    except WrongTriageTable as error:
        return shipped_table(), str(error)


def read_table(path: Path | None) -> TriageTable:
    """Return a merchant's table, or the shipped one where he has none.

    Raises:
        WrongTriageTable: it cannot be read or used.
    """
    if path is None:
        return shipped_table()
    try:
        return parse_table(read_small_file(path))
    except UnreadableFile as error:
        raise WrongTriageTable(f"{path.name}：{error}") from None


@lru_cache(maxsize=1)
def shipped_table() -> TriageTable:
    """Return the table that comes with the product."""
    return parse_table(read_small_file(SHIPPED))


def parse_table(data: bytes) -> TriageTable:
    """Return the table that a file holds.

    Raises:
        WrongTriageTable: it is none; the sentence says which line of it, and why.
        UnreadableFile: it is no TOML.
    """
    _, document = parse_toml(data)
    try:
        table = TableFile.model_validate(document)
    except ValidationError as error:
        raise WrongTriageTable(str(sentence_of(error))) from None
    lines = tuple(_line(one) for one in table.line)
    codes = [one.code for one in lines]
    if len(set(codes)) != len(codes):
        raise WrongTriageTable("line.code：有重复的代号")
    if lines[-1].when or not lines[-1].stuck:
        raise WrongTriageTable("最后一行不能有条件：它收下其余的订单")
    if early := next((one.code for one in lines[:-1] if not one.when), None):
        raise WrongTriageTable(f"{early}：没有条件，后面的行永远轮不到")
    words = table.model_dump(include={"status", "stockout_status", "logistics_print_status", "question"})
    return TriageTable(lines, words)


def _line(one: LineEntry) -> TriageLine:
    when = tuple(_condition(part, f"{one.code}.when.{n}") for n, part in enumerate(one.when))
    return TriageLine(**one.model_dump(exclude={"when"}), when=when)


def _condition(said: Mapping[str, Any], where: str) -> TriageCondition:
    stages, minutes, early = said.get("stage", []), said.get("minutes", 0), said.get("early", False)
    known = {stage.number for stage in STAGES}
    if not isinstance(stages, list) or not all(type(one) is int and one in known for one in stages):
        raise WrongTriageTable(f"{where}.stage：须为环节的编号，例如 [2, 3]")
    if type(minutes) is not int or not 0 <= minutes <= 30 * 24 * 60:
        raise WrongTriageTable(f"{where}.minutes：须为 0 到 43200 的整数")
    facts = {name: wanted for name, wanted in said.items() if name not in {"stage", "minutes", "early"}}
    if type(early) is not bool or (early and not (stages and minutes and _has_codes(facts))):
        raise WrongTriageTable(f"{where}.early：须为 true 或 false；为 true 时须写明 stage、minutes 和一组代码")
    if unknown := sorted(facts.keys() - SAID):
        raise WrongTriageTable(f"{where}.{unknown[0][:40]}：不认识的条件，可用：{'、'.join(sorted(SAID))}")
    if not said:
        raise WrongTriageTable(f"{where}：空的条件")
    return TriageCondition(
        stages=frozenset(stages),
        longer_than=timedelta(minutes=minutes),
        early=early,
        said={name: _wanted(wanted, f"{where}.{name}") for name, wanted in facts.items()},
    )


def _has_codes(facts: Mapping[str, Any]) -> bool:
    """Tell whether some fact is one of a few codes: by it the few orders are found among all that are well."""
    return any(isinstance(wanted, list) for wanted in facts.values())


def _wanted(wanted: object, where: str) -> Wanted:
    if wanted == "set":
        return "set"
    if wanted == "not_set":
        return "not_set"
    if isinstance(wanted, list) and wanted and all(isinstance(one, str) and one for one in wanted):
        return frozenset(wanted)
    raise WrongTriageTable(f'{where}：须为一组代码，或 "set"、"not_set"')
