"""Counts a payment statement against the summary at its end: one that was cut off or edited is none."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from app.files.cell_times import UnusableCell
from app.files.headed_rows import as_name
from app.files.sheet_reader import Row
from app.reconcile.compare.foreign_cells import money_in, whole_in

WECHAT_ROWS = as_name("总交易单数")
_WECHAT_SUMS = {"订单金额": "订单总金额", "总金额": "总交易额", "应结订单金额": "应结订单总金额"}
_ALIPAY = re.compile(r"#\s*(交易|退款|收入|支出)合计[:：]\s*([0-9]+)\s*笔.*?共\s*(-?[0-9][0-9,.]*)\s*元")
_ALIPAY_END = re.compile(r"#-+.*列表结束-*")
_PERIOD = re.compile(r"#.*?起始日期[:：]\[?(.+?)\]?\s+终止日期[:：]\[?(.+?)\]?[\s,]*$")
_ACCOUNT = re.compile(r"#\s*账号[:：]\s*\[?([0-9A-Za-z@.*_-]{4,64})\]?")
_KIND_OF = {"交易": "payment", "退款": "refund", "收入": "income", "支出": "outgo"}


class StatementEnd:
    """What was read of a statement, and what its own summary says; ``wrong`` once they differ."""

    def __init__(self, ends_with: str, amount_heading: str = "") -> None:
        """Begin; ``amount_heading`` is what the column of the amounts is called, for WeChat has a sum for each."""
        self._ends_with = ends_with
        self._sum_label = as_name(_WECHAT_SUMS.get(amount_heading, ""))
        self._rows: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()
        self._labels: list[str] | None = None
        self.was_told = False
        self.is_over = False
        self.wrong = ""
        self.period: tuple[str, str] | None = None
        self.account = ""

    def count(self, kind: str, values: Mapping[str, int | None]) -> None:
        """Count a row of the statement."""
        self._rows["all"] += 1
        self._rows[kind] += 1
        for name, fen in values.items():
            if fen:
                self._rows[name] += name in ("income", "outgo")
                self._sums[name] += abs(fen) if name == "outgo" else fen
                self._sums[f"{kind} {name}"] += fen

    def takes(self, row: Row) -> bool:
        """Tell whether a row belongs to the summary or the preface, and take in what it says."""
        if self._ends_with == "wechat":
            return self._wechat(row)
        if self._ends_with == "alipay" and row.text.lstrip("\ufeff").startswith("#"):
            self._alipay(row.line or ",".join("" if cell is None else str(cell) for cell in row.cells))
            return True
        return False

    def _wechat(self, row: Row) -> bool:
        if self._labels is not None:
            self._check_wechat(self._labels, row.cells)
            self._labels, self.is_over = None, True
            return True
        if row.cells and as_name(row.cells[0]).strip("`") == WECHAT_ROWS:
            self._labels = [as_name(cell) for cell in row.cells]
            return True
        return False

    def _check_wechat(self, labels: Sequence[str], cells: Sequence[object]) -> None:
        said = dict(zip(labels, cells, strict=False))
        try:
            rows, total = whole_in(said.get(WECHAT_ROWS)), money_in(said.get(self._sum_label))
        except UnusableCell:
            return
        self.was_told = True
        if rows not in (None, self._rows["all"], self._rows["payment"]):
            self.wrong = f"账单汇总写着 {rows} 笔，明细有 {self._rows['all']} 笔"
        elif total not in (None, self._sums["amount"], self._sums["payment amount"]):
            self.wrong = "账单明细的金额合计与汇总不符"

    def _alipay(self, text: str) -> None:
        text = text.strip(' "\t')
        if found := _PERIOD.match(text):
            self.period = found[1].strip(), found[2].strip(" ]")
        elif found := _ACCOUNT.match(text):
            self.account = found[1]
        elif _ALIPAY_END.match(text):
            self.was_told = True
        for name, rows, total in _ALIPAY.findall(text):
            self.was_told = True
            kind = _KIND_OF[name]
            counted = self._sums[kind] if kind in ("income", "outgo") else self._sums[f"{kind} received"]
            if int(rows) != self._rows[kind]:
                self.wrong = f"账单汇总写着{name} {rows} 笔，明细有 {self._rows[kind]} 笔"
            elif abs(money_in(total) or 0) != abs(counted):
                self.wrong = f"账单明细的{name}金额合计与汇总不符"
