"""Is the process that reads others' lists and statements (``python -m app.reconcile.compare.list_reader``).

A file in, lines out, one after the other: first ``{"table"}`` of each table in it, then its rows, then ``{"end"}``; or
``{"refused"}`` with the reason for the whole. Nothing is kept but the row at hand, so that a long list costs no memory.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any
from zipfile import BadZipFile, ZipFile

from app.domain.problems import TooLarge
from app.files.headed_rows import HEADING_WITHIN, as_name
from app.files.reading_process import serve
from app.files.sheet_reader import STANDARD, Limits, Row, UnreadableSheet, stream_sheets
from app.reconcile.compare.list_map import ListMap, fits, look_alike_files, map_of, shipped_maps
from app.reconcile.compare.list_rows import Places, RowReader, places_in
from app.reconcile.compare.statement_end import StatementEnd

MEGABYTE = 1024 * 1024
TEXT = Limits(bytes=128 * MEGABYTE, rows=200_000, columns=500)
"""A text is read row by row; a workbook has to be unpacked first, and takes as many rows as any other upload."""

WORKBOOK = Limits(bytes=32 * MEGABYTE, rows=STANDARD.rows, columns=500, unpacked=400 * MEGABYTE)
MEMBERS = 40
"""Files of one archive: a month's statement in daily parts."""

_UNKNOWN = {
    "main": "没有认出这份订单清单的表头：至少需要单号一列（如 应急单号、线上订单号）。列名特别的请写列名对照。",
    "money": "没有认出这份账单的表头：需要商户订单号和金额两列。请上传微信支付“交易账单”或支付宝“业务明细”“账务明细”。",
}
_THE_OTHER = {"main": "这是账单，不是订单清单，请用 --payments。", "money": "这是订单清单，不是账单，请用 --main。"}
_NO_BILL = ("no bill exist", "账单不存在")


class _Refused(Exception):
    """The file cannot be used as a whole; the sentence says why."""


def read_list(request: Mapping[str, Any], data: bytes) -> Iterator[str]:
    """Yield what a file says, each line as JSON."""
    try:
        for document in _tables(request, data):
            yield json.dumps(document)
    except TooLarge as error:
        yield json.dumps({"refused": error.detail})
    except UnreadableSheet as error:
        yield json.dumps({"refused": error.sentence})
    except _Refused as error:
        yield json.dumps({"refused": str(error)})


def _tables(request: Mapping[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    witness = request["witness"]
    own = [map_of(name, document) for name, document in request.get("maps", ())]
    maps = [one for one in (*own, *shipped_maps()) if one.witness == witness]
    members = _members(data)
    if members is None:
        yield from _sheets("", data, maps, witness)
        return
    details = [(name, member) for name, member in members if not _is_summary(member)]
    if not details:
        raise _Refused("压缩包里只有汇总，没有明细。")
    for name, member in details:
        yield from _sheets(name, member, maps, witness)


def _members(data: bytes) -> list[tuple[str, bytes]] | None:
    """Return the texts of an archive, as Alipay hands its statements out; None where it is none, or a workbook."""
    if not data.startswith(b"PK"):
        return None
    try:
        with ZipFile(io.BytesIO(data), metadata_encoding="gbk") as package:
            texts = [one for one in package.infolist() if one.filename.lower().endswith((".csv", ".txt"))]
            if not texts or any(one.filename.lower() == "[content_types].xml" for one in package.infolist()):
                return None
            if len(texts) > MEMBERS or sum(one.file_size for one in texts) > TEXT.bytes:
                raise TooLarge(
                    f"压缩包里的文件过多或过大（最多 {MEMBERS} 个、{TEXT.bytes // MEGABYTE} MB），请分开上传。"
                )
            return [(one.filename.rpartition("/")[2], package.read(one)) for one in texts]
    except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise _Refused("压缩包已损坏或有密码，请解压后上传其中的明细。") from None


def _sheets(name: str, data: bytes, maps: Sequence[ListMap], witness: str) -> Iterator[dict[str, Any]]:
    """Yield what the sheets of a file say; those that are no such list are named, unless none is."""
    if _is_empty_day(data):
        yield {"table": name, "map": "wechat", "title": "微信支付：当天没有账单", "columns": {}, "unused": []}
        yield {"end": True, "rows": 0, "told": True, "period": None, "account": ""}
        return
    sheets, unread = stream_sheets(data, WORKBOOK if data.startswith(b"PK") else TEXT)
    unknown: list[tuple[str, _Refused]] = []
    read = False
    for sheet in sheets:
        head = list(islice(sheet.rows, HEADING_WITHIN))
        try:
            found = _recognised(head, maps, witness)
        except _Refused as error:
            unknown += [(sheet.name, error)] if head else []
            continue
        read = True
        yield from _table(name or sheet.name, head, sheet.rows, found)
    if not read:
        raise unknown[0][1] if unknown else _Refused(_UNKNOWN[witness])
    for sentence in (*unread, *(f"工作表“{sheet}”没有读：{error}" for sheet, error in unknown)):
        yield {"row": 0, "unread": True, "wrong": [("", "sheet_not_read", sentence)]}


def _table(
    name: str, head: Sequence[Row], rows: Iterator[Row], found: tuple[int, ListMap, Places]
) -> Iterator[dict[str, Any]]:
    at, by, places = found
    named = {field: places.heading(place) for field, place in places.fields.items()}
    numbers = [places.heading(place) for place in places.numbers]
    columns = {**named, **({"number": "、".join(numbers)} if numbers else {})}
    yield {"table": name, "map": by.name, "title": by.title, "columns": columns, "unused": places.unused}
    end = StatementEnd(by.ends_with, columns.get("amount", ""))
    for row in head[:at]:
        end.takes(row)
    reader, count = RowReader(by, places), 0
    for row in chain(head[at + 1 :], rows):
        if end.is_over or end.takes(row):
            continue
        count += 1
        said = reader.read(row)
        if by.witness == "money":
            end.count(str(said.get("kind", "")), said.pop("values", {}))
        yield said
    if end.wrong:
        raise _Refused(f"{end.wrong}：文件不完整或被改动过，请重新下载。")
    told = end.was_told or not by.ends_with
    yield {"end": True, "rows": count, "told": told, "period": end.period, "account": end.account}


def _recognised(head: Sequence[Row], maps: Sequence[ListMap], witness: str) -> tuple[int, ListMap, Places]:
    """Return where the headings stand, and by which map; the map whose columns are found most.

    Raises:
        _Refused: it is a file of another kind, or none that we know.
    """
    names = [frozenset(as_name(cell) for cell in row.cells) for row in head]
    for kind in look_alike_files():
        if any(fits(kind, found) for found in names):
            raise _Refused(kind.sentence)
    found = [
        (by.last, -len(places.fields) - len(places.numbers), at, n, by, places)
        for n, by in enumerate(maps)
        for at, row in enumerate(head)
        if (places := places_in(row, by)) is not None
    ]
    if found:
        *_, by, places = best = min(found, key=lambda one: one[:4])
        return best[2], by, places
    others = [one for one in shipped_maps() if one.witness != witness and not one.last]
    if any(fits(one, found) for one in others for found in names):
        raise _Refused(_THE_OTHER[witness])
    raise _Refused(_UNKNOWN[witness])


def _is_empty_day(data: bytes) -> bool:
    """Tell whether this is what WeChat answers for a day without payments, which is no statement at all."""
    beginning = data[:2048].decode("utf-8", "ignore").lstrip("\ufeff \r\n\t").casefold()
    return beginning.startswith("<xml") and any(words in beginning for words in _NO_BILL)


def _is_summary(data: bytes) -> bool:
    """Tell whether a member of Alipay's archive is the summary beside the details, whatever its name is."""
    for encoding in ("utf-8", "gb18030"):
        first = data[:200].decode(encoding, "ignore").partition("\n")[0]
        if "汇总" in first:
            return True
    return False


if __name__ == "__main__":
    serve(read_list)
