"""What a profile's TOML file may say, and the Chinese sentence for every way to get it wrong."""

import difflib
import re
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from app.domain.problems import Problem
from app.intake.field_errors import field_error
from app.intake.profile.fields import ORDER_FIELDS, Unit
from app.intake.profile.payload import BodyKind
from app.intake.schemas import Strict
from app.main_system.http_tables import LookupTable, MainTable, ReplayTable
from app.toml_file import UnreadableFile, WrongEntry, parse_toml

RESERVED = frozenset({"", "v1", "console", "metrics", "livez", "readyz", "docs", "redoc", "openapi.json"})
PROBLEM_CODES = frozenset(kind.code for kind in Problem.__subclasses__())

_PATH = re.compile(r"/[A-Za-z0-9_.~\-]+(?:/[A-Za-z0-9_.~\-]+)*/?")
_SENTENCES = {
    "extra_forbidden": "不认识的配置项",
    "missing": "缺少必填的配置项",
    "dict_type": "须为 TOML 表",
    "model_type": "须为 TOML 表",
    "string_pattern_mismatch": "格式错误，须符合 {pattern}",
    "bool_type": "须为 true 或 false",
}


def _free_path(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise PydanticCustomError(
            "profile", "须以 / 开头，只含字母、数字和 _ . ~ - /，不含参数，例如 /api/order/create"
        )
    if path.split("/")[1].lower() in RESERVED:
        raise PydanticCustomError(
            "profile", "与 Lifeboat 自己的地址冲突：不能以 /v1、/console、/metrics、/livez、/readyz、/docs 等开头"
        )
    return path


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise PydanticCustomError("profile", "不认识的时区，例如 Asia/Shanghai") from None
    return name


def _known_codes(table: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(table) - PROBLEM_CODES - {"*"})
    if unknown:
        raise PydanticCustomError(
            "profile",
            "不认识的错误代码 {code}，可用：{known} 和 *",
            {"code": unknown[0], "known": "、".join(sorted(PROBLEM_CODES))},
        )
    return table


def _known_fields(fields: list[str]) -> list[str]:
    for field in fields:
        if field not in ORDER_FIELDS:
            raise PydanticCustomError(
                "profile", "不认识的字段 {field}，可用：{known}", {"field": field, "known": "、".join(ORDER_FIELDS)}
            )
    return fields


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
EntryText = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Success = Annotated[int, Field(ge=200, le=299)]
Status = Annotated[int, Field(ge=200, le=599)]


class ClientTable(Strict):
    """Where the client's key comes from; exactly one entry."""

    header: HeaderName | None = None
    query: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class KeyTable(Strict):
    """Where the idempotency key comes from."""

    key: EntryText


class AnswerTable(Strict):
    """The answer to an accepted order."""

    status: Success = 200
    content_type: str = "application/json"
    body: Any


class RefusalTable(Strict):
    """The answer to an order that is refused for good; ``codes`` and ``statuses`` are by our problem code."""

    status: Status | None = None
    statuses: Annotated[dict[str, Status], AfterValidator(_known_codes)] = Field(default_factory=dict)
    codes: Annotated[dict[str, str | int], AfterValidator(_known_codes)] = Field(default_factory=dict)
    content_type: str = "application/json"
    body: Any


class BusyTable(Strict):
    """The answer that must make the storefront try again; what is left out is the refusal's."""

    status: Status | None = None
    content_type: str | None = None
    body: Any = None


class ProfileFile(Strict):
    """A whole file."""

    name: Name
    path: Annotated[str, AfterValidator(_free_path)]
    body: BodyKind
    unit: Unit
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    charset: Literal["utf-8", "gbk", "gb18030"] = "utf-8"
    content_types: list[Annotated[str, StringConstraints(to_lower=True, pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]] = (
        Field(default_factory=list)
    )
    root: EntryText | None = None
    required: Annotated[list[str], AfterValidator(_known_fields)] = Field(default_factory=list)
    client: ClientTable = Field(default_factory=lambda: ClientTable(header="Authorization"))
    idempotency: KeyTable | None = None
    order: dict[str, Any]
    items: dict[str, Any]
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, Any] = Field(default_factory=dict)
    answer: AnswerTable
    refusal: RefusalTable
    busy: BusyTable = Field(default_factory=BusyTable)
    main: MainTable | None = None
    lookup: LookupTable | None = None
    replay: ReplayTable | None = None


def parse_file(content: bytes) -> ProfileFile:
    """Read a profile's file.

    Raises:
        WrongEntry: it is no TOML, an entry is unknown, missing, or has the wrong form.
    """
    try:
        _, table = parse_toml(content)
    except UnreadableFile as error:
        raise WrongEntry("", f"不是有效的 TOML（第 {error.line} 行：{error.reason}）") from None
    try:
        file = ProfileFile.model_validate(table, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        sentence = _SENTENCES.get(first["type"])
        if first["type"] == "profile":
            sentence = first["msg"]
        elif sentence is not None:
            sentence = sentence.format(**first.get("ctx", {}))
        else:
            sentence = field_error(first).detail
        raise WrongEntry(".".join(str(part) for part in first["loc"]), sentence) from None
    given = [key for key in ("header", "query", "name") if getattr(file.client, key) is not None]
    if len(given) != 1:
        raise WrongEntry("client", "header、query、name 三者须恰好写一个")
    return file


def leaves(table: dict[str, Any], known: Collection[str], *, where: str, inside: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (canonical field, entry), written ``payment.status``, ``"payment.status"`` or as a sub-table alike.

    Raises:
        WrongEntry: a field is not one of ``known``.
    """
    for key, value in table.items():
        name = f"{inside}{key}"
        if name in known:
            yield name, value
        elif isinstance(value, dict):
            yield from leaves(value, known, where=where, inside=f"{name}.")
        else:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"，是不是 {close[0]}？" if close else f"；可用：{'、'.join(known)}"
            raise WrongEntry(f"{where}.{name}", f"不认识的字段{hint}")
