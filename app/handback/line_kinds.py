"""Sorts the lines of a text that speak of no row: titles, headings, roll-backs, and lists that are cut short."""

import re
from dataclasses import dataclass
from typing import Literal

from app.handback.row_meaning import Lead

_DATE = r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_MOMENT = rf"(?:{_DATE}(?:[ t]*{_TIME})?|{_TIME})(?:z|\s?[+-]\d{{2}}:?\d{{2}})?"
_STAMP = re.compile(rf"^\s*[\[(【]?\s*{_MOMENT}\s*[\])】]?\s*[-|:,]?\s*", re.IGNORECASE)
_LEVEL = re.compile(
    r"^\s*[\[(【<]\s*(?P<level>[a-z]+|错误|警告|信息|提示|失败|成功)\s*[\])】>]\s*[:\-|]?\s*|^\s*(?P<bare>error|warn(?:ing)?|info|debug|fatal)\b\s*[:\-|]?\s*",
    re.IGNORECASE,
)
_LEVELS: dict[str, Lead] = {
    **dict.fromkeys(("error", "fatal", "err", "severe", "critical", "错误", "失败", "fail", "failed"), "failed"),
    **dict.fromkeys(("warn", "warning", "警告"), "warning"),
    **dict.fromkeys(("成功", "success", "ok"), "imported"),
}
_PLAIN_LEVELS = frozenset({"info", "debug", "trace", "notice", "信息", "提示"})
_BULLET = re.compile(
    r"^\s*(?:[-*•·●►▪>#]+\s*|[\[(]?\d{1,4}[\])]\s*(?=\W*(?:第|行|row|line))|\d{1,4}[.、]\s*(?=\W*(?:第\s*\W?[0-9零一二两三四五六七八九十百]|行号|row|line)))",
    re.IGNORECASE,
)
_MARKS: tuple[tuple[re.Pattern[str], Lead], ...] = (
    (re.compile(r"^\s*[✓√✔✅]\ufe0f?\s*"), "imported"),
    (re.compile(r"^\s*[×✗✘❌]\ufe0f?\s*"), "failed"),
    (re.compile(r"^\s*⚠\ufe0f?\s*"), "warning"),
)
_ROLLED_BACK = re.compile(
    r"未导入任何|(?:没有|未能|并未)导入任何|没有任何.{0,6}导入|回滚|(?:均|都)未(?:能)?导入"
    r"|全部(?:订单|数据|记录)?(?:均|都)?(?:导入)?(?:失败|未导入|没有导入)"
    r"|一[条笔单行](?:订单|数据|记录)?(?:都|也)(?:没有|没|未)|导入(?:已|被)(?:取消|撤销|中止|终止|撤回)"
    r"|整批(?:未|失败|拒绝)|本次(?:导入)?(?:未生效|未导入|失败)|roll(?:ed)?[ -]?back"
    r"|no (?:orders?|records?|rows?|data) (?:was|were|have been|has been)?\s*imported"
    r"|nothing (?:was |has been )?imported"
)
_NOT_ROLLED_BACK = re.compile(
    r"(?:未|不|没有?|无需|不会|并未|无法|可|可以|能|将|将会|会|如需|若|如果|如|请|是否|正在|开始|准备|尝试)"
    r"(?:被|会|全部|进行|执行|手动|自动|整批)*回滚|回滚(?:失败|中|吗|前|至|到)"
    r"|(?:not|without|will|can|may|if|would|cannot)\b.{0,12}roll"
)
_CUT_SHORT = re.compile(
    r"(?:仅|只)(?:显示|列出|展示|保留)|未显示|未列出|没有列出|不再显示|不再列出|已省略|已截断"
    r"|truncated|only (?:the )?first|showing first"
)
_CUT_SHORT_ALONE = re.compile(
    r"\.\.\.|…|更多|省略|其余|其他|剩余|部分|等\s*\d+\s*[条行笔单]|详见|下载|\bmore\b|\bothers?\b|\bremaining\b|\bpartial"
)
_SECTION = re.compile(
    r"^\W*(?:以下|下列)?(?:的)?(?:订单|数据|记录|行)*(?:导入)?(?P<kind>失败|错误|异常|出错|成功|重复|已存在|警告)(?:的)?(?:订单|数据|记录|行号?|明细|列表|清单|信息|原因|如下)*\W*$"
)
_SECTIONS: dict[str, Lead] = {
    **dict.fromkeys(("失败", "错误", "异常", "出错"), "failed"),
    **dict.fromkeys(("重复", "已存在"), "duplicate"),
    "成功": "imported",
    "警告": "warning",
}
_FILES = re.compile(r"\b[a-z0-9]{0,4}\d{8}-\d{4}-\d+(?:\.\w{2,4})?|[\w()-]{1,80}\.(?:csv|xlsx?|txt)\b")
_ABOUT_IMPORTS = re.compile(
    r"导入|错误|失败|成功|结果|明细|清单|列表|记录|原因|信息|报告|日志|提示|订单|行号|完成|开始|结束|操作|店铺|文件|sheet|error|result|import|log|report|message|reason"
)
_ALARMING = re.compile(
    r"未|不|没|中断|超时|终止|停止|取消|撤|仅|只|除|外|部分|其余|其他|剩余|另|稍后|重试|timeout|abort|cancel|except|not\b"
)
_FIGURES = re.compile(r"\d|行(?!号|政|为|业)|[零一二两三四五六七八九十百千万几数多]{1,9}\s*[条笔单个项]")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A line without its time stamp, level and bullet, and what these say of it."""

    text: str
    lead: Lead | None = None


def without_prefix(text: str) -> Prefix:
    """Take time stamps, levels such as [ERROR], bullets and marks from the beginning of a line."""
    lead: Lead | None = None
    left = text
    while True:
        if match := _STAMP.match(left) or _BULLET.match(left):
            pass
        elif match := _LEVEL.match(left):
            level = (match["level"] or match["bare"]).lower()
            if level not in _PLAIN_LEVELS and level not in _LEVELS:
                return Prefix(left, lead)
            lead = _LEVELS.get(level, lead)
        else:
            match, lead = next(((found, mark) for form, mark in _MARKS if (found := form.match(left))), (None, lead))
        if match is None or not match[0]:
            return Prefix(left, lead)
        left = left[match.end() :]


def is_rollback(text: str) -> Literal["nothing_imported", "unclear"] | None:
    """Tell whether a line says that nothing of the batch was imported, or one cannot tell whether it does."""
    low = text.lower()
    if _NOT_ROLLED_BACK.search(low):
        return "unclear"
    if not _ROLLED_BACK.search(low):
        return None
    return "unclear" if re.search(r"除.{0,20}外|行\s*(?:起|开始|以|之|后|前|外)|except", low) else "nothing_imported"


def is_cut_short(text: str, *, of_rows: bool) -> bool:
    """Tell whether a line says that the list goes on elsewhere; a reason beside rows may speak of 其他 and 更多."""
    return bool(_CUT_SHORT.search(text)) or (not of_rows and bool(_CUT_SHORT_ALONE.search(text)))


def section_of(text: str) -> Lead | None:
    """Return what a heading such as 导入失败的行： says of the lines below it, None if it is no heading."""
    match = _SECTION.match(text)
    return _SECTIONS[match["kind"]] if match else None


def is_title(text: str) -> bool:
    """Tell whether a line is about the import and says nothing of any order: no figure, no row, nothing alarming."""
    bare = _FILES.sub("", re.sub(_MOMENT, "", text))
    return bool(_ABOUT_IMPORTS.search(bare)) and not _FIGURES.search(bare) and not _ALARMING.search(bare)
