"""A file is read in a process of its own, which hurts nobody whatever it is handed; nothing else comes of any file."""

import random
import sys
import zipfile
from collections.abc import Callable

import pytest

from app.domain.problems import Busy, Malformed, TooLarge
from app.files.reading_process import (
    Confinement,
    ReaderFailed,
    ReaderOverdue,
    answered,
    run_reader,
)
from app.files.sheet_reader import UnreadableSheet
from app.handback.find_apart import find_results_apart
from app.handback.find_results import Asked, find_results
from app.handback.found_results import FoundResults
from app.handback.headings import shipped_headings
from app.handback.reader import as_request, read
from tests.unit.workbooks import MAIN, package, sheet_xml

ASKED = Asked(shipped_headings())
CSV = '订单导入结果\n应急单号,结果,主系统单号,原因\r\nA,成功,M1,\r\n,失败,,"缺货;请补"\r\n'.encode()
LIST = "第 2 行 [商品编码]: 不能为空\n第3行：库存不足；第 4 行 [手机]:\n".encode()
WORKBOOK = package(
    {"结果": sheet_xml(["应急单号", "结果"], ["A", "成功"], ["B", 1], merged=["A2:A3"]), "说明": sheet_xml(["x"])},
    styles=f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>',
    strings=["a", "b"],
    hidden=["说明"],
)
PLAIN_WORKBOOK = package({"结果": sheet_xml(["应急单号", "结果"], ["A", "成功"])}, compression=zipfile.ZIP_STORED)
PAGE = "<html><table><tr><td rowspan=2>应急单号<td>结果<tr><td>A<td>成功</table>".encode()
JSON = b'{"results": [{"order_number": "A", "result": "imported"}]}'
SEEDS = (CSV, LIST, WORKBOOK, PLAIN_WORKBOOK, PAGE, JSON, CSV.decode().encode("utf-16"), CSV.decode().encode("gb18030"))


# Half a gigabyte of memory for two kilobytes, and a minute for one: what was tried on a running service.
def of_rows(row: str, count: int) -> bytes:
    return package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>{row * count}</sheetData></worksheet>'})


MANY_ROWS = of_rows("<row><c><v>1</v></c></row>", 51_000)
FAR_CELLS = of_rows('<row><c r="XFD1"><v>1</v></c></row>', 51_000)
MANY_STYLES = package(
    {"a": sheet_xml(["应急单号", "结果"], ["A", "成功"])},
    styles=f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 1_500_000}</cellXfs></styleSheet>',
)


def outcome(find: Callable[[], FoundResults]) -> FoundResults | tuple[type[Exception], str]:
    try:
        return find()
    except (Malformed, TooLarge, UnreadableSheet) as error:
        return type(error), str(error)


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return a file with some bytes changed, dropped, doubled or put elsewhere."""
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        at, length = chance.randrange(len(data) + 1), chance.choice((1, 1, 2, 8, 100))
        match chance.randrange(5):
            case 0:
                data[at : at + length] = chance.randbytes(length)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[chance.randrange(len(data) + 1) :][:length]
            case 3:
                data[at:at] = chance.choice(
                    (b'"', b",", b"\r", b"\0", b"<", b"&", b"PK\x03\x04", "，".encode(), b"</row>")
                )
            case _:
                data = data[:at] if chance.random() < 0.2 else data
    return bytes(data)


def test_two_thousand_mutated_files_give_rows_or_a_refusal():
    chance = random.Random(20261122)
    read_at_all = 0
    for n in range(2000):
        data = mutated(SEEDS[n % len(SEEDS)], chance)
        found = outcome(lambda data=data: find_results(data, ASKED))  # type: ignore[misc]
        read_at_all += isinstance(found, FoundResults)
    assert 300 < read_at_all < 1900


def test_a_thousand_workbooks_with_mutated_parts_give_rows_or_a_refusal():
    """Bytes of a ZIP file seldom change what is in it: here the parts themselves are changed."""
    chance = random.Random(7)
    sheet = sheet_xml(
        ["应急单号", "结果"], ["A", '<c r="B2" s="1"><f>A1</f><v>46000</v></c>'], ["B", "成功"], merged=["A2:A3"]
    )
    styles = f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="99" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="99"/></cellXfs></styleSheet>'
    for n in range(1000):
        parts = [sheet, styles, '<calcPr fullCalcOnLoad="1"/>']
        parts[n % 3] = mutated(parts[n % 3].encode(), chance).decode("utf-8", "replace")
        data = package({"a": parts[0]}, styles=parts[1], workbook_mark=parts[2], strings=["x"])
        found = outcome(lambda data=data: find_results(data, ASKED))  # type: ignore[misc]
        assert isinstance(found, FoundResults | tuple)


def test_some_dozens_of_them_give_the_same_through_the_process():
    chance = random.Random(11)
    files = [*SEEDS, *(mutated(SEEDS[n % len(SEEDS)], chance) for n in range(24))]
    for data in files:
        here = outcome(lambda data=data: find_results(data, ASKED))  # type: ignore[misc]
        assert outcome(lambda data=data: find_results_apart(data, ASKED)) == here  # type: ignore[misc]


def test_columns_far_to_the_right_cost_nothing():
    """Security: 51,000 rows with a cell in the last column took gigabytes before anybody counted columns."""
    with pytest.raises(UnreadableSheet, match="100 列"):
        find_results_apart(FAR_CELLS, ASKED)
    with pytest.raises(UnreadableSheet, match="50000 行"):
        find_results_apart(MANY_ROWS, ASKED)


def test_a_million_styles_are_passed_over():
    found = find_results_apart(MANY_STYLES, ASKED)
    assert found.tables[0].rows[0].cells == ("A", "成功", None, None)


def test_a_file_that_needs_too_much_memory_is_refused():
    data = package({"a": sheet_xml(["应急单号", "结果"], ["A", "成功"])}, strings=["x" * 60_000_000])
    with pytest.raises(UnreadableSheet, match=r"过于复杂或已损坏，没有读完.*另存为 CSV"):
        find_results_apart(data, ASKED, Confinement(memory=64 * 1024 * 1024))


def test_a_file_that_needs_too_much_time_is_refused():
    page = b"<table><tr><td>" + b"<a <" * 60_000  # the standard library's parser takes the square of it
    with pytest.raises(UnreadableSheet, match=r"没有在规定时间内读完.*另存为 CSV"):
        find_results_apart(page, ASKED, Confinement(seconds=1))


def test_a_reader_that_does_nothing_at_all_is_ended():
    with pytest.raises(ReaderOverdue):
        run_reader("tests.unit.tells_its_limits", {}, b"wait", Confinement(patience=1))


def test_more_than_is_taken_is_refused_before_a_process_is_started():
    with pytest.raises(TooLarge):
        find_results_apart(b"x" * (10 * 1024 * 1024 + 1), ASKED)


def test_an_answer_that_is_too_long_or_no_answer_at_all_is_refused():
    with pytest.raises(UnreadableSheet, match="没有读完"):
        find_results_apart(CSV, ASKED, Confinement(answer=10))
    with pytest.raises(ReaderFailed):
        run_reader("app.handback.reader", as_request(ASKED), CSV, Confinement(answer=10))
    assert run_reader("app.no_such_reader", {}, b"x" * 1_000_000) == []


def test_a_machine_without_room_for_a_process_is_busy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Busy):
        run_reader("app.handback.reader", as_request(ASKED), CSV)


def test_what_breaks_a_reader_becomes_a_line():
    def breaks(_: object, data: bytes) -> list[str]:
        raise MemoryError if data else KeyError("一笔订单")

    assert list(answered(breaks, {}, b"x")) == ['{"broken": "MemoryError"}']
    assert list(answered(breaks, {}, b"")) == ['{"broken": "KeyError"}']
    assert next(iter(answered(read, as_request(ASKED), b"%PDF"))).startswith('{"unreadable": ')


def test_the_child_knows_no_secret_of_its_parent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIFEBOAT_SECRET_KEY", "s" * 64)
    (told,) = run_reader("tests.unit.tells_its_limits", {}, b"")
    assert told == b'{"secrets": [], "core": 0, "memory": 671088640, "cpu": 25, "files": 0}'
