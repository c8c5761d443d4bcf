"""The audit as a file that a spreadsheet opens: nothing in it executes, and no deed is more than one line."""

import csv
import io
import json
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app import words
from app.domain.csv_cell import defuse, on_one_line
from app.domain.times import local_text
from app.store.tables import Audit

COLUMNS = ("编号", "时间", "谁", "途径", "地址", "动作", "动作代码", "对象", "详情", "入链时间")


def sheet_of(deeds: Sequence[Audit], *, zone: ZoneInfo) -> bytes:
    """Return deeds as CSV in UTF-8 with a mark that spreadsheets recognise it by."""
    text = io.StringIO()
    sheet = csv.writer(text, quoting=csv.QUOTE_ALL)
    sheet.writerow(COLUMNS)
    for deed in deeds:
        cells = (
            str(deed.id),
            local_text(deed.at, zone),
            deed.actor,
            words.WAYS[deed.way],
            deed.address,
            words.ACTIONS[deed.action],
            deed.action,
            deed.subject,
            json.dumps(deed.detail, ensure_ascii=False) if deed.detail else "",
            local_text(deed.chained_at, zone) if deed.chained_at else "",
        )
        sheet.writerow([defuse(on_one_line(cell)) for cell in cells])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")
