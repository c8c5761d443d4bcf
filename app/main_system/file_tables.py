"""What the files share by which a merchant describes another program: strict tables, expressions, hosts, secrets.

Every wrong thing is told with its key and a Chinese sentence.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from app.expressions import ParsedExpression, WrongExpression, parse_expression
from app.toml_file import WrongEntry, as_told

_OWN_MACHINE = frozenset({"127.0.0.1", "localhost"})
_OURS = "LIFEBOAT_"

_SENTENCES = {
    "extra_forbidden": "不认识的配置项",
    "missing": "缺少必填的配置项",
    "dict_type": "须为 TOML 表",
    "list_type": "须为数组",
    "model_type": "须为 TOML 表",
    "string_type": "须为文字，用引号括起",
    "int_type": "须为整数",
    "bool_type": "须为 true 或 false",
    "enum": "不认识的节点",
    "literal_error": "只能是 {expected} 之一",
    "string_too_short": "不能为空",
    "string_too_long": "最长 {max_length} 个字符",
    "string_pattern_mismatch": "格式不对，须符合 {pattern}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
}


class FileTable(BaseModel):
    """What a file may say; a misspelt key is a lost key, so that none is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True)


def sentence_of(error: ValidationError) -> WrongEntry:
    """Return the first thing that a model found wrong."""
    first = error.errors(include_url=False, include_input=False)[0]
    sentence = _SENTENCES.get(first["type"], "不是可用的值")
    try:
        sentence = sentence.format(**first.get("ctx", {}))
    except (KeyError, IndexError):
        sentence = "不是可用的值"
    return WrongEntry(".".join(str(part) for part in first["loc"]), sentence)


def expression_of(text: str, key: str) -> ParsedExpression:
    """Return a compiled expression.

    Raises:
        WrongEntry: it is none.
    """
    try:
        return parse_expression(text)
    except WrongExpression as error:
        raise WrongEntry(key, str(error)) from None


def allowed_address(address: str, *, known: Collection[str], hosts: Collection[str], key: str = "address") -> str:
    """Return an address whose host is the vendor's, this machine, or one of those that the deployment allows.

    Raises:
        WrongEntry: it is another's, or no address.
    """
    try:
        parts = urlsplit(address)
        host, fits = (parts.hostname or "").casefold(), parts.scheme in {"http", "https"} and not parts.query
        _ = parts.port
    except ValueError:
        host, fits = "", False
    if not host or not fits or parts.username is not None:
        raise WrongEntry(key, "须为 https://主机/路径，不含 ? 与账号")
    if host not in {*known, *_OWN_MACHINE} and host not in {one.casefold() for one in hosts}:
        raise WrongEntry(key, f"主机 {as_told(host)} 不在 LIFEBOAT_OUTBOUND_HOSTS 中")
    return address


def check_secret_names(secrets: Mapping[str, str], *, key: str = "secrets") -> None:
    """Refuse a secret that stands in the file itself instead of the name of its environment variable.

    Raises:
        WrongEntry: one does, or names a setting of ours.
    """
    for name, variable in secrets.items():
        if not variable.isidentifier() or variable != variable.upper() or variable.startswith(_OURS):
            raise WrongEntry(
                f"{key}.{name}", "写环境变量的名称（大写，不以 LIFEBOAT_ 开头），例如 WDT_SECRET；不写密钥本身"
            )


def check_names(
    table: str, given: Mapping[str, str], *, needed: Collection[str], optional: Collection[str] = ()
) -> None:
    """Refuse a table in which an entry is missing, blank, or unknown.

    Raises:
        WrongEntry: one is.
    """
    for name in needed:
        if not given.get(name, "").strip():
            raise WrongEntry(f"{table}.{name}", "缺少必填的配置项")
    may_be = [*needed, *optional]
    for name in given:
        if name not in may_be:
            raise WrongEntry(f"{table}.{name}", f"不认识的配置项，可用：{'、'.join(may_be) or '无'}")
