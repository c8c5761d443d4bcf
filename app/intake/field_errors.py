"""What is wrong with a field, in a person's words: pydantic's errors turned into ours."""

from typing import Any

from pydantic_core import ErrorDetails

from app.domain.money import NotMoney
from app.domain.phone import MaskedPhone, NotAPhone
from app.domain.problems import FieldError

SENTENCES = {
    "missing": "缺少必填字段",
    "extra_forbidden": "不认识的字段",
    "money": '金额须为非负的元，最多两位小数，例如 "599.00"',
    "phone": "手机号须为 1 开头的 11 位号码，隐私号可带 -分机",
    "phone_masked": "手机号已被打码，无法联系顾客",
    "string_type": "须为文本",
    "string_too_short": "不能为空",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "含有控制字符",
    "string_unicode": "文本不是有效的 UTF-8",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "int_parsing_size": "数字过大",
    "finite_number": "须为整数",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "list_type": "须为数组",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "model_type": "须为对象",
    "model_attributes_type": "须为对象",
    "literal_error": "只能是 {expected} 之一",
    "timezone_aware": "时间须带时区，例如 2026-11-22T10:00:00+08:00",
    "datetime_type": "须为带时区的时间",
    "datetime_parsing": "时间格式错误，例如 2026-11-22T10:00:00+08:00",
    "datetime_from_date_parsing": "时间格式错误，例如 2026-11-22T10:00:00+08:00",
    "datetime_object_invalid": "时间无效",
}


REFUSED: dict[type[Any], str] = {NotMoney: "money", MaskedPhone: "phone_masked", NotAPhone: "phone"}
"""The kinds of what our own readers of a value refuse."""

NOT_BLANK = r"[^\s\x1c-\x1f]"
"""The pattern of texts that are not only blanks, of which Python knows four more than patterns do."""


def field_error(error: ErrorDetails) -> FieldError:
    """Turn one of pydantic's errors into ours."""
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
    context = error.get("ctx", {})
    kind = REFUSED.get(type(context.get("error")), error["type"])
    if context.get("pattern") == NOT_BLANK:
        kind = "string_too_short"
    return FieldError(pointer, kind, SENTENCES.get(kind, "内容有误").format(**context))
