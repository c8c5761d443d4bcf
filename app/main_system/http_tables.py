"""What a profile says of its main system's API: how an order is looked up and sent, and how each answer is known.

An answer is known by marks: expressions over ``{"status": 200, "body": …}`` that must come to ``true``. What no mark
knows is unknown, and never a success.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.domain.main_system import SameNumber
from app.expressions import NothingFound, ParsedExpression
from app.main_system.call_table import CallTable
from app.main_system.file_tables import FileTable, check_secret_names, expression_of
from app.toml_file import WrongEntry

_BLANK_NAME = re.compile(r"[a-z_]+")

OURS, SHOPS, TOKEN = "our_number", "shop_number", "token"

Written = Annotated[str, Field(min_length=1, max_length=500)]


class MarkedCall(CallTable):
    """A call, and the marks that any of its answers may have."""

    path: str = Field(default="", max_length=300, pattern=r"^(/.*)?$")
    denied: Written | None = None
    expired: Written | None = None
    throttled: Written | None = None
    wait_seconds: int = Field(default=60, ge=1, le=3600)
    says: Written | None = None


class LookupTable(MarkedCall):
    """How an order is found: where the list stands, by which field an entry is known to be the one, what it tells."""

    list: Written
    reference: Written
    number: Written
    absent: Written
    total: Written | None = None
    each: Written | None = None
    sku: Written | None = None
    quantity: Written | None = None
    void: Written | None = None


class ReplayTable(MarkedCall):
    """How the original payload is sent, and what its answers mean; without a path it goes where the profile stands."""

    method: Literal["GET", "POST"] = "POST"
    content_type: Written | None = None
    created: Written
    number: Written
    reference: Written | None = None
    exists: Written | None = None
    refused: Written | None = None
    field: Written | None = None


class TokenTable(CallTable):
    """How a token is got, which stands for ``{token}`` in the other calls."""

    method: Literal["GET", "POST"] = "POST"
    token: Written


class MainTable(FileTable):
    """Whom the calls are for."""

    address: Annotated[str, Field(min_length=1, max_length=300)]
    per_minute: int = Field(default=30, ge=1, le=6000)
    same_number: Literal["updates", "refuses", "doubles"] = "doubles"
    secrets: dict[str, str] = Field(default_factory=dict)
    token: TokenTable | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """Expressions by their names in the tables."""

    compiled: dict[str, ParsedExpression]

    def found(self, name: str, document: object) -> object:
        """Return what an expression finds, None for nothing."""
        expression = self.compiled.get(name)
        if expression is None:
            return None
        try:
            return expression.search(document)
        except NothingFound:
            return None

    def holds(self, name: str, document: object) -> bool:
        """Tell whether a mark is there: ``true`` and nothing that only resembles it."""
        return self.found(name, document) is True


@dataclass(frozen=True, slots=True)
class HttpDescription:
    """The API of a profile's main system, checked and compiled."""

    profile: str
    path: str
    unit: Literal["yuan", "fen"]
    content_type: str
    main: MainTable
    lookup: LookupTable
    replay: ReplayTable | None
    lookup_marks: Marks
    replay_marks: Marks
    token_marks: Marks

    @property
    def same_number(self) -> SameNumber:
        """What it makes of a number that it has."""
        return SameNumber(self.main.same_number)

    @property
    def by_shops_number(self) -> bool:
        """Whether an order is looked up under the shop's number."""
        return SHOPS in self.lookup.blanks()


def description_of(
    *,
    profile: str,
    path: str,
    unit: Literal["yuan", "fen"],
    content_type: str,
    main: MainTable | None,
    lookup: LookupTable | None,
    replay: ReplayTable | None,
) -> HttpDescription | None:
    """Return what a profile says of its main system's API, None where it says nothing.

    Raises:
        WrongEntry: a table is missing beside the others, an expression is none, a blank has no name.
    """
    if main is None and lookup is None and replay is None:
        return None
    if main is None:
        raise WrongEntry("main", "写了 [lookup] 或 [replay] 就须写 [main]：主系统接口的地址")
    if lookup is None:
        raise WrongEntry("lookup", "写了 [main] 就须写 [lookup]：查不了单，就不知道没有答复的单是否已到")
    names = _blanks_of(main)
    lookup.check(names, "lookup")
    if len({OURS, SHOPS} & lookup.blanks()) != 1:
        raise WrongEntry("lookup", f"须写 {{{OURS}}} 或 {{{SHOPS}}} 之一：按哪个单号查")
    if len([one for one in (lookup.each, lookup.sku, lookup.quantity) if one]) not in {0, 3}:
        raise WrongEntry("lookup.each", "each、sku、quantity 三项须一起写，或都不写")
    if replay is not None:
        replay.check(names, "replay")
        if replay.form is not None or replay.body is not None:
            raise WrongEntry("replay", "回放送的是店铺的原始报文，不写 form 与 body")
    return HttpDescription(
        profile=profile,
        path=path,
        unit=unit,
        content_type=(replay and replay.content_type) or content_type,
        main=main,
        lookup=lookup,
        replay=replay,
        lookup_marks=_marks(lookup, "lookup"),
        replay_marks=_marks(replay, "replay") if replay is not None else Marks({}),
        token_marks=_marks(main.token, "main.token") if main.token is not None else Marks({}),
    )


def _blanks_of(main: MainTable) -> list[str]:
    """Return the names that may stand in braces in the calls.

    Raises:
        WrongEntry: a secret has a name that none may have, or stands there itself.
    """
    check_secret_names(main.secrets, key="main.secrets")
    taken = {OURS, SHOPS, *([TOKEN] if main.token is not None else [])}
    for name in main.secrets:
        if name in taken or not _BLANK_NAME.fullmatch(name):
            raise WrongEntry(f"main.secrets.{name}", f"名称只用小写字母和下划线，且不用 {'、'.join(sorted(taken))}")
    names = [OURS, SHOPS, *sorted(main.secrets)]
    if main.token is not None:
        main.token.check(sorted(main.secrets), "main.token")
        names.append(TOKEN)
    return names


_PLAIN = frozenset({*CallTable.model_fields, "wait_seconds", "content_type"})


def _marks(table: CallTable, key: str) -> Marks:
    written = {name: text for name in type(table).model_fields if name not in _PLAIN and (text := getattr(table, name))}
    return Marks({name: expression_of(text, f"{key}.{name}") for name, text in written.items()})
