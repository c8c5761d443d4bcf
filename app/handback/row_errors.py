"""Reads an ERP's list of row errors: which order of the batch each line means, and what went wrong with it."""

import re
import unicodedata
from collections.abc import Sequence

from app.domain.csv_cell import undefuse, without_controls
from app.files.sheet_reader import Row
from app.handback.result_lines import BadLine, RawLine, refused

_MESSAGE = re.compile(r"第\s*([0-9]{1,7})\s*行(.*?)(?=第\s*[0-9]{1,7}\s*行|$)", re.DOTALL)
_SEPARATORS = " \t\r\n,，;；:：。-"


def row_errors(rows: Sequence[Row], numbers: Sequence[str]) -> list[RawLine | BadLine]:
    """Read lines like ``第 2 行 [商品编码]: 不能为空``; the row is that of the batch's own file."""
    lines: list[RawLine | BadLine] = []
    strange: list[BadLine] = []
    for row in rows:
        found = list(_MESSAGE.finditer(unicodedata.normalize("NFKC", row.text)))
        if not found and row is not rows[0]:  # the first may be a title
            strange.append(BadLine(row.number, "", "not_understood", "既不是结果表，也不是“第 N 行 …”形式的错误信息"))
        for message in found:
            index = int(message[1]) - 2
            if 0 <= index < len(numbers):
                reason = without_controls(undefuse(message[2].strip(_SEPARATORS))).strip() or "导入失败"
                lines.append(RawLine(row.number, numbers[index], "失败", None, reason))
            else:
                lines.append(BadLine(row.number, "行号", "unknown_row", f"本批次文件没有第 {message[1]} 行数据"))
    if not lines:
        raise refused(f"未找到“应急单号”和“结果”列；表头读作：{rows[0].text[:80]}", strange[:20])
    return [*lines, *strange]
