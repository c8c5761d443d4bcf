"""Tells what a message says of its rows: imported, there already, failed, nothing, or what we do not understand."""

import re
from dataclasses import dataclass
from typing import Literal

from app.handback.result_words import ResultWords, plain, tells_of_success, tells_of_trouble

Lead = Literal["failed", "imported", "duplicate", "warning"]
"""What stands before the rows: [ERROR], 导入失败：, 成功行号, 警告."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The rows were imported, under this number if one is told."""

    main: str | None = None


@dataclass(frozen=True, slots=True)
class IsThere:
    """The main system has their orders already."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The rows were refused."""

    reason: str


@dataclass(frozen=True, slots=True)
class Harmless:
    """A warning: it changes nothing."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not understood; ``why`` is a Chinese sentence."""

    why: str


Meaning = Succeeded | IsThere | Failed | Harmless | Unclear

_MAIN = re.compile(
    r"(?:主系统单号|系统单号|系统订单号|内部单号|内部订单号|erp单号|erp订单号|单据编号|生成单号|生成订单|o_id|trade_no|order_id)\s*(?:为|是|[:=])?\s*"
    r"[\[(【「<]?\s*([A-Za-z0-9][A-Za-z0-9_-]{1,63})",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^\s*(?:导入结果|处理结果|结果|导入状态|处理状态|状态|错误信息|失败原因|错误原因|原因|提示|信息|消息|message|msg|status|result)\s*[:=]\s*",
    re.IGNORECASE,
)
_LEADS: tuple[tuple[Lead, re.Pattern[str]], ...] = (
    (
        "failed",
        re.compile(
            r"导入失败|校验失败|失败|错误|异常|出错|有误|不通过|未通过|\berrors?\b|\bfail(?:ed|ures?)?\b|\bfatal\b|[×✗✘❌]"
        ),
    ),
    ("imported", re.compile(r"导入成功|成功|\bok\b|\bsuccess(?:ful)?\b|[✓√✔✅]")),
    ("duplicate", re.compile(r"重复|已存在")),
    ("warning", re.compile(r"警告|告警|注意|提醒|\bwarn(?:ing)?\b|⚠")),
)
_NEUTRAL = re.compile(
    r"excel|表格|工作表|sheet\s*\d*|文件|订单|数据|记录|明细|列表|清单|导入|完成|结束|开始|结果|以下|下列|其中|位于|位置|所在|行号|行|有|在|的|提示|信息|消息|原因"
    r"|校验|验证|检查|erp|系统|\binfo\b|\bdebug\b|\bmessage\b|\bin\b|\bat\b|\bon\b|csv|xlsx"
)
_NEITHER = re.compile(
    r"^(?:正在|等待|待|排队|处理中|进行中|导入中|正常|通过|校验通过|验证通过|检查通过|无误|无错误|没有错误|未发现|已提交|已接收|已发货|已处理|处理完成|完成|稍后|无需|不需要|pending|processing|queued|waiting)"
)
_OUTCOME_UNKNOWN = re.compile(
    r"超时|繁忙|网络|连接(?:失败|异常|中断|断开)|稍后|未知错误|(?:系统|接口|服务器?)(?:异常|错误|无响应)"
    r"|time[- ]?out|timed out|unknown error|server error|connection"
)
_NOT_TAKEN = re.compile(
    r"跳过|忽略|失败|未(?:能)?(?:导入|处理|成功)|没有导入|不(?:能|予|会)?导入|无法|拒绝|回滚|取消"
    r"|skip|ignor|fail|reject|not imported"
)
_WARNS = re.compile(r"^\W*(?:警告|告警|注意|提醒|warn(?:ing)?)")


def lead_of(text: str) -> Lead | Unclear | None:
    """Return what a lead says, None for one that says nothing of success; of half width and small letters."""
    said: set[Lead] = set()
    left = text
    for lead, form in _LEADS:
        if form.search(left):
            said.add(lead)
            left = form.sub(" ", left)
    if re.search(r"\w", _NEUTRAL.sub(" ", left)) or len(said) > 1:
        return Unclear("行号前面的话没有看懂")
    return next(iter(said), None)


def may_be_a_reason(text: str) -> bool:
    """Tell whether a text before its rows is why they failed: 商品编码不存在（第 2 行）."""
    aside = re.search(
        r"除|外|忽略|跳过|成功|仅|只|其余|其他|剩余|全部|之|前|后|起|至|重复|存在(?<!不存在)|警告|提示|\bexcept|\bskip",
        text,
    )
    return tells_of_trouble(text) and not aside


def meaning_of(text: str, lead: Lead | None, words: ResultWords) -> Meaning:
    """Return what ``text``, which follows the rows of a message, says of them."""
    text = without_label(text)
    clean = plain(text).strip(" ,;:。|-—·").strip()
    opening = words.opening(clean)
    if not opening and not re.search(r"\w", clean):
        return _of_lead(lead)
    match opening[0] if opening else None:
        case "imported":
            return Succeeded(main_in(text)) if lead in (None, "imported") else Unclear(_AGAINST_ITSELF)
        case "updated":
            return IsThere()
        case "duplicate":
            return _there_or(IsThere(), clean, words)
        case "failed":
            return _there_or(Unclear(_AGAINST_ITSELF) if lead == "imported" else Failed(text), clean, words)
        case "skipped":
            return _there_or(Unclear(_NOT_TOLD), clean, words)
        case None:
            return _there_or(_of_free_text(text, clean, lead), clean, words)


def _there_or(otherwise: Meaning, clean: str, words: ResultWords) -> Meaning:
    """Return that the orders are there already if the text says so, else what it means ``otherwise``."""
    match words.of_reason(clean):
        case "there":
            return IsThere()
        case "unclear":
            return Unclear("提到重复或已存在，主系统里是否已有这笔订单无法判断")
        case "not_there":
            return otherwise


def _of_free_text(text: str, clean: str, lead: Lead | None) -> Meaning:
    """Return what a text says that begins with no word of a result: an importing program's reason, as a rule."""
    trouble = tells_of_trouble(clean)
    if lead == "warning" or _WARNS.match(clean):
        return Unclear("是警告，还是没有导入，无法判断") if _NOT_TAKEN.search(clean) else Harmless()
    if lead == "imported" and main_in(text) and not trouble:
        return Succeeded(main_in(text))
    if lead == "imported" or tells_of_success(clean):
        return Unclear("是成功，还是失败，无法判断")
    if lead == "duplicate":
        return IsThere()
    if _OUTCOME_UNKNOWN.search(clean):
        return Unclear("没有得到主系统的答复，是否已导入无法判断")
    if _NEITHER.match(clean) or (main_in(text) and not trouble):
        return Unclear(_NOT_TOLD)
    return Failed(text)


def without_label(text: str) -> str:
    """Take what only announces a message from its beginning: 失败原因：, 状态：."""
    while about := _ABOUT.match(text):
        text = text[about.end() :]
    return text


def main_in(text: str) -> str | None:
    """Return the main system's number that a text names as one."""
    found = _MAIN.search(text)
    return found[1] if found else None


def _of_lead(lead: Lead | None) -> Meaning:
    match lead:
        case "failed":
            return Failed("导入失败")
        case "imported":
            return Succeeded()
        case "duplicate":
            return IsThere()
        case "warning":
            return Harmless()
        case None:
            return Unclear("没有说明这一行怎么了")


_AGAINST_ITSELF = "前后矛盾：又是成功，又是失败"
_NOT_TOLD = "没有说明这笔订单是否已导入"
