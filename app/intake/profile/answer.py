"""Renders answers in the main system's own shape: placeholders go into a data structure, not into raw JSON."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

Values = Mapping[str, str | int]

ACCEPTED_NAMES = frozenset(
    {
        "order_number",
        "priority",
        "received_at",
        "received_local",
        "received_unix",
        "received_ms",
        "client_order_id",
        "total",
        "total_fen",
    }
)
PROBLEM_NAMES = frozenset({"code", "title", "detail", "status", "retry_after"})

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(:text)?\}")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(?:; ?charset=([A-Za-z0-9-]+))?", re.IGNORECASE)
_MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer, ready to be sent."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class AnswerTemplate:
    """The body of an answer with its placeholders checked; ``status`` None means the problem's own."""

    status: int | None
    content_type: str
    charset: str
    fill: Callable[[Values], str]

    def render(self, values: Values, *, status: int) -> Rendered:
        """Fill in ``values``; ``status`` is used where the template fixes none."""
        body = self.fill(values).encode(self.charset, "replace")
        return Rendered(status if self.status is None else self.status, self.content_type, body)


class WrongTemplate(ValueError):
    """The template of an answer cannot be rendered; ``key`` says which entry."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def template(body: Any, *, content_type: str, status: int | None, names: frozenset[str]) -> AnswerTemplate:  # noqa: ANN401 - a TOML value
    """Check an answer's template and return it.

    A table or an array is filled and written as JSON: ``"{received_unix}"`` alone keeps its type and becomes a number,
    ``"{received_unix:text}"`` becomes a text. A text is filled as it stands, escaped as its content type demands.

    Raises:
        WrongTemplate: an unknown placeholder or content type, or a text that is not the JSON it is said to be.
    """
    found = _CONTENT_TYPE.fullmatch(content_type)
    if found is None:
        raise WrongTemplate("content_type", "内容类型格式错误，例如 application/json")
    charset = found[1] or "utf-8"
    try:
        "订单".encode(charset)
    except (LookupError, UnicodeError):
        raise WrongTemplate("content_type", f"字符集 {charset} 写不了中文") from None
    _check(body, names, depth=0)
    if isinstance(body, str):
        written_as = _escape_for(content_type)
        made = AnswerTemplate(status, content_type, charset, lambda values: _fill_text(body, values, written_as))
        if written_as is _json_escape:
            _check_json(made, names)
        return made
    return AnswerTemplate(
        status,
        content_type,
        charset,
        lambda values: json.dumps(_fill(body, values), ensure_ascii=False, separators=(",", ":")),
    )


def _check(node: Any, names: frozenset[str], *, depth: int) -> None:  # noqa: ANN401 - a TOML value
    if depth > _MAX_DEPTH:
        raise WrongTemplate("body", "嵌套过深")
    match node:
        case str():
            for found in _PLACEHOLDER.finditer(node):
                if found[1] not in names:
                    raise WrongTemplate("body", f"不认识的占位符 {found[0]}；可用：{'、'.join(sorted(names))}")
        case dict() | list():
            for value in node.values() if isinstance(node, dict) else node:
                _check(value, names, depth=depth + 1)
        case int() | float() if abs(node) < float("inf"):
            pass
        case _:
            raise WrongTemplate("body", f"不能写进 JSON 的值：{node}；时间请加引号")


def _check_json(made: AnswerTemplate, names: frozenset[str]) -> None:
    try:
        json.loads(made.fill(dict.fromkeys(names, "1")))
    except ValueError:
        raise WrongTemplate("body", "不是有效的 JSON；也可以直接写成 TOML 表") from None


def _fill(node: Any, values: Values) -> Any:  # noqa: ANN401 - a TOML value
    if isinstance(node, str):
        found = _PLACEHOLDER.fullmatch(node)
        if found is not None and found[2] is None:
            return values[found[1]]
        return _fill_text(node, values, str)
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    return node


def _fill_text(text: str, values: Values, written_as: Callable[[str], str]) -> str:
    return _PLACEHOLDER.sub(lambda found: written_as(str(values[found[1]])), text) if "{" in text else text


def _escape_for(content_type: str) -> Callable[[str], str]:
    media = content_type.partition(";")[0].lower()
    if media.endswith("json"):
        return _json_escape
    return escape if media.endswith(("xml", "html")) else str


def _json_escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
