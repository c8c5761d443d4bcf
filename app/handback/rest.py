"""Decides what becomes of orders that an upload does not name: nothing, unless they are counted, by it or a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.problems import ConfirmationRequired
from app.domain.states import OrderState
from app.handback.result_lines import ResultFile, ResultLine, refused
from app.handback.verdict import OrderPosition


@dataclass(frozen=True, slots=True)
class Rest:
    """The orders that would count as imported, and why that needs a person's word; no reason if the text counts."""

    lines: tuple[ResultLine, ...]
    would_import: int
    unsure_because: str = ""

    def confirmed_by(self, number: int | None) -> bool:
        """Tell whether these may be called imported, now that somebody has said ``number``."""
        return not self.unsure_because or not self.would_import or number == self.would_import

    def question(self, number: int | None) -> ConfirmationRequired:
        """Return what is asked of the person."""
        before = "" if number is None else f"确认的数目 {number} 与现在的 {self.would_import} 不符。"
        ask = (
            f"{before}上传的内容没有提到其余 {self.would_import} 笔订单，{self.unsure_because}。"
            f"请先在主系统中核实这 {self.would_import} 笔确已导入，再加 confirm={self.would_import}"
            f"（--confirm {self.would_import}）重传；现在什么都没有改动。"
        )
        return ConfirmationRequired(ask, would_import=self.would_import)


def rest_of(
    upload: ResultFile, positions: Mapping[str, OrderPosition], *, unknown: Sequence[ResultLine], rows: int
) -> Rest:
    """Return the orders of a batch that ``upload`` does not name, as if it said of them that they were imported.

    ``positions`` are those of all its orders, ``rows`` is how many rows its file has. An order that was called failed
    before is among them only if the text itself counts it as imported.

    Raises:
        InvalidResults: a line names no order of this batch, or more failed than are listed; it may be of the rest.
    """
    if unknown:
        listed = "、".join(line.number for line in unknown[:5])
        raise refused(f"有的单号不在本批次中（{listed}），不能把其余订单都视为成功。")
    named = {line.number for line in upload.lines}
    failed = {line.number for line in upload.lines if line.result == "failed"}
    there = {line.number for line in upload.lines if line.result == "duplicate"}
    counts = upload.counts
    if counts and (counts.amiss or 0) > max(len(failed | there), upload.named_rows):
        raise refused(
            f"文件写明失败 {counts.amiss} 条，只列出了 {len(failed | there)} 笔：没有列出的失败订单就在其余订单之中，"
            "不能把其余订单都视为成功，请上传完整的清单。"
        )
    by_orders = counts is not None and counts.agree(
        failed=len(failed), there=len(there), imported=len(positions) - len(failed | there)
    )
    by_rows = (
        counts is not None
        and not there
        and counts.agree(failed=upload.named_rows, there=0, imported=rows - upload.named_rows)
    )
    waiting = [n for n, one in positions.items() if n not in named and one.state is OrderState.BATCHED and not one.left]
    unheard = [number for number in waiting if positions[number].last is None]
    agreed = (by_orders or by_rows) and not upload.unread
    why = "" if agreed else _why(upload, positions, left_out=len(waiting) - len(unheard))
    chosen: Collection[str] = waiting if agreed else unheard
    return Rest(tuple(ResultLine(0, number, "imported") for number in chosen), len(chosen), why)


def _why(upload: ResultFile, positions: Mapping[str, OrderPosition], *, left_out: int) -> str:
    counts = upload.counts
    if counts is None:
        why = "也没有写明成功与失败各有多少"
    else:
        said = "、".join(
            f"{name} {number}"
            for name, number in (("成功", counts.imported), ("失败", counts.amiss), ("重复", counts.duplicate))
            if number is not None
        )
        why = f"写明的数目（{said}）与本批次（共 {len(positions)} 单）对不上，或不完整"
    if len(upload.sheets) > 1:
        why += f"；已读工作表 {'、'.join(upload.sheets)}"
    if upload.unread:
        why += f"；还有没读的内容：{'；'.join(upload.unread[:3])}"
    return f"{why}；另有 {left_out} 笔此前已有结果，不计在内" if left_out else why
