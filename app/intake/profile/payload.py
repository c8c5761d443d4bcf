"""Reads the bytes of a foreign request, JSON or a form, into plain dicts and lists."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic_core import from_json
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.domain.problems import Malformed, UnsupportedMedia

BodyKind = Literal["json", "form"]

USUAL: Mapping[BodyKind, str] = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
"""The content type of each kind where nobody says."""

_MAX_FIELDS = 5_000
"""500 items of ten fields each: the canonical order takes no more items."""
_MAX_DEPTH = 16
_NAME = re.compile(r"([^\[\].]+)((?:\[[^\[\]]*\]|\.[^\[\].]+)*)")
_STEP = re.compile(r"\[([^\[\]]*)\]|\.([^\[\].]+)")
_INDEX = re.compile(r"[0-9]{1,6}")
_BOM = b"\xef\xbb\xbf"
_NOT_A_FORM = "请求体不是有效的表单。"


@dataclass(frozen=True, slots=True)
class PayloadReader:
    """What a profile says of the bytes: their kind, their usual charset, further content types to take as that kind."""

    kind: BodyKind
    charset: str = "utf-8"
    content_types: frozenset[str] = frozenset()

    def read(self, body: bytes, content_type: str) -> Any:  # noqa: ANN401 - a payload is anything
        """Return the payload as JSON-like values; every value of a form is a text, or an array of texts.

        A missing content type is taken for the profile's own: old clients leave it out, and the main system took it.

        Raises:
            UnsupportedMedia: the content type is not one this profile takes.
            Malformed: the body is not what its content type says.
        """
        media, charset, boundary = self._media_of(content_type)
        try:
            if boundary is not None:
                return nested(_multipart_pairs(body, boundary, charset))
            if self.kind == "form":
                text = body.decode(charset)
                return nested(
                    parse_qsl(
                        text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=_MAX_FIELDS
                    )
                )
            return from_json(
                body.removeprefix(_BOM) if charset == "utf-8" else body.decode(charset), allow_inf_nan=False
            )
        except (ValueError, RecursionError, FormParserError):
            raise Malformed(_NOT_A_FORM if self.kind == "form" else None) from None
        except LookupError:
            raise UnsupportedMedia(f"不支持的字符集：{media} 的 charset 无法识别。") from None

    def _media_of(self, content_type: str) -> tuple[str, str, bytes | None]:
        """Return media type, charset, and the boundary of a multipart body."""
        if content_type == "application/json" and self.kind == "json":  # what nearly all send
            return content_type, self.charset, None
        try:
            raw, options = parse_options_header(content_type)
            media = raw.decode("latin-1").strip().lower()
            charset = options.get(b"charset", self.charset.encode()).decode("ascii").strip().lower()
        except ValueError:
            raise UnsupportedMedia(self._wanted()) from None
        charset = "utf-8" if charset in {"utf8", ""} else charset
        boundary = options.get(b"boundary")
        if media in {"", *self.content_types}:
            return media, charset, None
        if self.kind == "json" and (
            media == "application/json" or (media.startswith("application/") and media.endswith("+json"))
        ):
            return media, charset, None
        if self.kind == "form" and media == "application/x-www-form-urlencoded":
            return media, charset, None
        if self.kind == "form" and media == "multipart/form-data":
            if not boundary:
                raise Malformed(_NOT_A_FORM)
            return media, charset, boundary
        raise UnsupportedMedia(self._wanted())

    def _wanted(self) -> str:
        if self.kind == "json":
            return "请使用 Content-Type: application/json。"
        return "请使用 Content-Type: application/x-www-form-urlencoded 或 multipart/form-data。"


@dataclass(slots=True)
class _Parts:
    """Collects the text parts of a multipart body; uploaded files are none of an order's fields and are left out."""

    charset: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    header: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)
    disposition: bytes = b""
    ended: bool = False

    def begin(self) -> None:
        self.disposition = b""
        self.data.clear()

    def end_header(self) -> None:
        if bytes(self.header).lower() == b"content-disposition":
            self.disposition = bytes(self.value)
        self.header.clear()
        self.value.clear()

    def end_part(self) -> None:
        _, options = parse_options_header(self.disposition)
        if b"name" in options and b"filename" not in options:
            self.pairs.append((options[b"name"].decode(self.charset), self.data.decode(self.charset)))
        if len(self.pairs) > _MAX_FIELDS:
            raise ValueError

    def finish(self) -> None:
        self.ended = True


def _into(target: bytearray) -> Callable[[bytes, int, int], None]:
    def add(data: bytes, start: int, end: int) -> None:
        target.extend(data[start:end])

    return add


def _multipart_pairs(body: bytes, boundary: bytes, charset: str) -> list[tuple[str, str]]:
    parts = _Parts(charset)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": parts.begin,
            "on_header_field": _into(parts.header),
            "on_header_value": _into(parts.value),
            "on_header_end": parts.end_header,
            "on_part_data": _into(parts.data),
            "on_part_end": parts.end_part,
            "on_end": parts.finish,
        },
    )
    parser.write(body)
    parser.finalize()
    if not parts.ended:  # cut off on the way
        raise ValueError
    return parts.pairs


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Make a tree of form fields: ``items[0][sku]`` and ``items.0.sku`` nest, repeated names become arrays.

    Where a name is used both for a value and for something nested, whichever came first stays.
    """
    root: dict[str, Any] = {}
    for name, value in pairs:
        _insert(root, _steps(name), value)
    return {name: _with_arrays(node) for name, node in root.items()}


def _steps(name: str) -> list[str]:
    found = _NAME.fullmatch(name)
    if found is None:
        return [name]
    steps = [found[1], *(inner or dotted for inner, dotted in _STEP.findall(found[2]))]
    return steps if len(steps) <= _MAX_DEPTH else [name]


def _insert(root: dict[str, Any], steps: list[str], value: str) -> None:
    node = root
    for step in steps[:-1]:
        child = node.setdefault(step or str(len(node)), {})
        if not isinstance(child, dict):
            return
        node = child
    last = steps[-1] or (str(len(node)) if len(steps) > 1 else "")  # a[] appends; a field may also have no name at all
    earlier = node.get(last)
    if earlier is None:
        node[last] = value
    elif isinstance(earlier, list):
        earlier.append(value)
    elif isinstance(earlier, str):
        node[last] = [earlier, value]


def _with_arrays(node: Any) -> Any:  # noqa: ANN401 - a text, an array of texts, or a deeper tree
    """Turn every dict whose keys are all numbers into an array, in the order of the numbers; gaps close."""
    if not isinstance(node, dict):
        return node
    inner = {key: _with_arrays(child) for key, child in node.items()}
    if all(_INDEX.fullmatch(key) for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
