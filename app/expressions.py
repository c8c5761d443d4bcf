"""JMESPath compiled once: what it reads, and a way to run it; profiles and file layouts name their values by it.

A path of plain fields, which nearly all are, is handed out as its steps: who knows the shape of what it reads walks
them ten times as fast as the interpreter does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter
from pydantic_core import from_json

Path = tuple[str | int, ...]

_SELF = frozenset({"identity", "current"})
_CHAINS = frozenset({"subexpression", "index_expression", "pipe"})


class WrongExpression(ValueError):
    """The text is no JMESPath expression, or calls a function that does not exist."""


class NothingFound(ValueError):
    """The expression cannot be applied to this document: a function met a type that it does not take."""


class _Functions(Functions):
    """The standard functions, and two that merchants' payloads need."""

    @signature({"types": ["string", "null"]})
    def _func_from_json(self, text: str | None) -> object:
        """Read JSON that came as a text, as in a form field ``biz_content={"items":[…]}``."""
        return from_json(text, allow_inf_nan=False) if text else None

    @signature({"types": ["string", "null"]}, {"types": ["string"]})
    def _func_split(self, text: str | None, separator: str) -> list[str] | None:
        """Cut a text into pieces, as in ``A-1001*2;A-1002*1``; empty pieces are left out."""
        return [piece for piece in text.split(separator) if piece.strip()] if text else None


_OPTIONS = Options(custom_functions=_Functions())


@dataclass(frozen=True, slots=True)
class ParsedExpression:
    """An expression; ``path`` is the first field it reads, ``steps`` the same where it reads nothing else."""

    source: str
    path: Path
    steps: Path | None
    search: Callable[[object], Any]
    """Finds the value in a document of dicts and lists; raises NothingFound."""


def parse_expression(source: str) -> ParsedExpression:
    """Compile ``source``.

    Raises:
        WrongExpression: it is no JMESPath; the sentence says where.
    """
    try:
        parsed = jmespath.compile(source).parsed
        tree: dict[str, Any] = dict(parsed)
        _check_functions(tree)
        steps = _plain_steps(tree)
        path = _first_path(tree)
    except WrongExpression:
        raise
    except JMESPathError as error:
        place = getattr(error, "lex_position", None)
        where = "" if place is None else f"（第 {place + 1} 个字符附近）"
        raise WrongExpression(f"JMESPath 表达式有误{where}：{source}；含 - 等符号的字段名要加双引号") from None
    except RecursionError:
        raise WrongExpression("JMESPath 表达式嵌套过深") from None
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:  # what its lexer lets through, as of 9…9
        raise WrongExpression(f"JMESPath 表达式无法编译（{type(error).__name__}），例如其中的数字过长") from None

    # ParsedResult.search makes an interpreter each time; one keeps nothing but a cache of its own methods.
    interpreter = TreeInterpreter(_OPTIONS)

    def search(document: object) -> object:
        try:
            return interpreter.visit(parsed, document)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
            # JMESPathError is a ValueError; the others are what its functions let through for unexpected types.
            raise NothingFound(source) from None

    return ParsedExpression(source, path, steps, search)


def _plain_steps(node: dict[str, Any]) -> Path | None:
    match node["type"]:
        case "field" | "index":
            return (node["value"],)
        case kind if kind in _SELF:
            return ()
        case "subexpression" | "index_expression":
            steps: Path = ()
            for child in node["children"]:
                more = _plain_steps(child)
                if more is None:
                    return None
                steps += more
            return steps
        case _:
            return None


def _first_path(node: dict[str, Any]) -> Path:
    """Return the field that an error in this expression is best blamed on."""
    plain = _plain_steps(node)
    if plain is not None:
        return plain
    children = [child for child in node["children"] if isinstance(child, dict)]
    if node["type"] in _CHAINS and children:
        head, *rest = children
        path = _first_path(head)
        for child in rest:
            more = None if _plain_steps(head) is None else _plain_steps(child)
            if more is None:
                break
            path += more
        return path
    return next((path for path in map(_first_path, children) if path), ())


def _check_functions(node: dict[str, Any]) -> None:
    for name, given in _calls(node):
        known = _Functions.FUNCTION_TABLE.get(name)
        if known is None:
            raise WrongExpression(f"JMESPath 没有函数 {name}()")
        wanted = known["signature"]
        variadic = bool(wanted) and wanted[-1].get("variadic", False)
        if given < len(wanted) or (given > len(wanted) and not variadic):
            raise WrongExpression(f"JMESPath 函数 {name}() 需要 {len(wanted)} 个参数，写了 {given} 个")


def _calls(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if node["type"] == "function_expression":
        yield node["value"], len(node["children"])
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _calls(child)
