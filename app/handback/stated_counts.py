"""Reads what a text itself counts, such as 导入成功 2 条，失败 0 条, and whether that agrees with a batch."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from app.handback.row_reference import UnclearReference, as_number

_NUM = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9}|[零〇一二两三四五六七八九十百千万]{1,9})"
_UNIT = r"(?:条|笔|单|行|个|项|件|records?|rows?|orders?|lines?)"
_OF = r"(?:订单|数据|记录|明细|单据|行)*(?:已经?|被|全部)?"
_LABELS = (
    ("failed", r"导入失败|处理失败|失败|未导入|不成功|未成功|出错|错误|异常|failures?|failed|errors?"),
    ("imported", r"导入成功|处理成功|成功导入|新增成功|成功|已导入|新增|success(?:ful(?:ly)?)?|succeeded|imported"),
    ("duplicate", r"重复导入|重复|已存在|duplicates?|duplicated"),
    ("updated", r"更新成功|更新|覆盖|updated"),
    ("skipped", r"跳过|忽略|未处理|skipped|ignored"),
    ("total", r"总计|总数|合计|总共|共计|共导入|共处理|本次导入|共有|共|读取|全部|total"),
)
_FORMS = [
    (
        name,
        re.compile(
            rf"(?:{label})(?:的)?(?:订单|数据|记录|行|条|单|笔)?(?:数量?)?\s*(?:了|为|有|[:=])?\s*({_NUM})\s*{_UNIT}?(?:订单|数据|记录)?"
        ),
        re.compile(rf"({_NUM})\s*{_UNIT}?\s*{_OF}\s*(?:{label})"),
    )
    for name, label in _LABELS
]
_FILLING = re.compile(
    r"(?:用时|耗时|历时|took|in)\s*[:：]?\s*\d+(?:\.\d+)?\s*(?:毫秒|秒钟?|分钟?|ms|s|seconds?|minutes?)"
    r"|导入|执行|处理|上传|完成|完毕|结束|结果|统计|汇总|本次|此次|其中|订单|数据|记录|明细|批次|总|共|条|笔|and|import|finished|completed|done|result"
)
_ALL_WELL = re.compile(
    r"(?:订单|数据|记录)*(?:全部|均|都)(?:已)?(?:导入|处理)?(?:成功|导入)|(?:没有|无|未发现)(?:任何)?(?:错误|失败|异常)(?:记录|数据|信息|行)*"
)


@dataclass(frozen=True, slots=True)
class StatedCounts:
    """How many a text says there were of each; None where it says nothing. In orders or in rows: texts do not tell."""

    imported: int | None = None
    failed: int | None = None
    duplicate: int | None = None
    updated: int | None = None
    skipped: int | None = None
    total: int | None = None

    @property
    def adds_up(self) -> bool:
        """Whether the parts are not more than the whole, and are the whole where all are told."""
        if self.total is None:
            return True
        told = sum(part for part in (self.imported, self.failed, self.duplicate, self.updated, self.skipped) if part)
        complete = self.imported is not None and self.failed is not None
        return told == self.total if complete else told <= self.total

    @property
    def amiss(self) -> int | None:
        """How many it says were neither imported nor there already; None if it says nothing of that."""
        return None if self.failed is None else self.failed + (self.skipped or 0)

    def agree(self, *, failed: int, there: int, imported: int) -> bool:
        """Tell whether the text says just that many of each; some programs count what they have already as failed."""
        apart = (failed, there)
        as_failed = (failed + there, 0)
        told = (self.amiss, (self.duplicate or 0) + (self.updated or 0))
        return self.imported == imported and told in (apart, as_failed) and self.adds_up


LONGEST = 300
"""Characters of a line that counts; a longer one is something else."""


def counts_in(text: str) -> StatedCounts | None:
    """Return what a line counts, None if it does not count, or says anything beside that is not understood.

    ``text`` is of half width and small letters.
    """
    found: dict[str, int] = {}
    left = text if len(text) <= LONGEST else ""
    while True:
        first = min(_matches(left), key=lambda one: (one[1].start(), -one[1].end()), default=None)
        if first is None:
            break
        name, match = first
        try:
            number = as_number(match[1].replace(",", ""))
        except (UnclearReference, KeyError, ValueError):
            return None
        if found.setdefault(name, number) != number:
            return None
        left = f"{left[: match.start()]} {left[match.end() :]}"
    if not found or re.search(r"\w", _FILLING.sub("", left)):
        return None
    return StatedCounts(**found)


def _matches(text: str) -> Iterable[tuple[str, re.Match[str]]]:
    for name, label_first, number_first in _FORMS:
        for form in (label_first, number_first):
            if match := form.search(text):
                yield name, match


def says_all_is_well(text: str) -> bool:
    """Tell whether a line says without a figure that nothing failed: 全部导入成功, 没有错误."""
    return bool(_ALL_WELL.search(text)) and not re.search(r"\w", _FILLING.sub("", _ALL_WELL.sub("", text)))


def together(counts: Iterable[StatedCounts]) -> StatedCounts | None:
    """Return what several lines count; None where nothing is counted, or two lines count one thing differently."""
    merged: StatedCounts | None = None
    for one in counts:
        if merged is None:
            merged = one
            continue
        for field in fields(one):
            said, known = getattr(one, field.name), getattr(merged, field.name)
            if said is not None and known not in (None, said):
                return None
            if said is not None:
                merged = replace(merged, **{field.name: said})
    return merged
