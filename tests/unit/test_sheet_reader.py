"""A file is opened as sheets of rows whatever program wrote it, or refused with a sentence that says how to save it."""

import io
import zipfile
from datetime import datetime, time

import openpyxl
import pytest

from app.domain.problems import TooLarge
from app.files.sheet_reader import Formula, Limits, UnreadableSheet, Workbook, read_workbook, rows_of
from tests.unit.workbooks import MAIN, STRICT, package, sheet_xml, zipped


def cells(data: bytes) -> list[tuple[object, ...]]:
    return [row.cells for row in rows_of(data)]


def sentence(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableSheet) as caught:
        read_workbook(data, limits or Limits())
    return caught.value.sentence


def one_sheet(*rows: list[object], **how: object) -> bytes:
    return package({"结果": sheet_xml(*rows)}, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("单号\t,结果\t\nA\t,成功\t\n", [("单号\t", "结果\t"), ("A\t", "成功\t")]),
        ("\t单号,\t结果\n\tA,\t成功\n", [("\t单号", "\t结果"), ("\tA", "\t成功")]),
        ('"单号"\t,"结果"\t\n"A"\t,"成功"\t\n', [("单号", "结果"), ("A", "成功")]),
        ('"单号\t","结果\t"\n"A\t","成功\t"\n', [("单号\t", "结果\t"), ("A\t", "成功\t")]),
        ("单号\t结果\t原因\nA\t成功\t\nB\t失败\t缺货,请补,快\n", [("单号", "结果", "原因"), ("A", "成功"), ("B", "失败", "缺货,请补,快")]),
        ('="单号",="结果"\n="A",="缺货,请补"\n', [('="单号"', '="结果"'), ('="A"', '="缺货,请补"')]),
        ('"=""A""",b\n', [('="A"', "b")]),
        ("单号,结果\rA,成功\rB,失败\r", [("单号", "结果"), ("A", "成功"), ("B", "失败")]),
        ("单号，结果，原因\nA，失败，缺货\n", [("单号", "结果", "原因"), ("A", "失败", "缺货")]),
        ('单号,原因\nA,"缺货；请补;快;快"\n', [("单号", "原因"), ("A", "缺货；请补;快;快")]),
        ('单号;原因\nA;"1;2"\nB;1,5\n', [("单号", "原因"), ("A", "1;2"), ("B", "1,5")]),
        ("sep=;\n单号;原因\nA;1,2,3\n", [("单号", "原因"), ("A", "1,2,3")]),
        ('"sep=|"\r\n单号|原因\r\n', [("单号", "原因")]),
        ("sep=\t\r\n单号\t原因\r\n", [("单号", "原因")]),
        ("订单导入结果\n单号;结果\nA;成功\n", [("订单导入结果",), ("单号", "结果"), ("A", "成功")]),
        ('单号,尺寸\nA,6" 屏\n', [("单号", "尺寸"), ("A", '6" 屏')]),
        ('单号,原因\r\nA,"一\r\n二"\r\n,\r\nB,"说 ""是"""', [("单号", "原因"), ("A", "一\r\n二"), ("B", '说 "是"')]),
    ],
)  # fmt: skip
def test_a_text_is_read_whatever_separates_and_wraps_its_cells(text: str, rows: list[tuple[str, ...]]):
    assert cells(text.encode()) == rows


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_a_text_is_read_in_whatever_encoding(encoding: str):
    text = "应急单号,结果,原因\r\nLB000000000001X,失败,缺货\r\n"
    assert cells(text.encode(encoding))[1] == ("LB000000000001X", "失败", "缺货")


def test_rows_of_a_text_keep_their_number_and_their_line():
    rows = rows_of('单号,原因\n\n"A",x\n第 2，3 行：缺货，补\n'.encode())
    assert [(row.number, row.text) for row in rows] == [(1, "单号,原因"), (3, "A x"), (4, "第 2，3 行：缺货，补")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "旧版 .xls 或 .et"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "Word"),
        (b"\x09\x08\x10\x00\x00\x06\x05\x00", "旧版 .xls"),
        (package({"a": sheet_xml(["x"])}, namespace=STRICT), "Strict"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}), ".ods"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.bin": b"\x83\x01"}), ".xlsb"),
        (zipped({"[Content_Types].xml": "", "word/document.xml": ""}), "Word"),
        (zipped({"Index/Document.iwa": b""}), "Numbers"),
        (zipped({"结果.csv": "a,b"}), "ZIP 压缩包"),
        (zipped({}), "ZIP 压缩包"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xef\xbb\xbf%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "图片"),
        (b"\xff\xd8\xff\xe0", "图片"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related;", "MHTML"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "XML 表格 2003"),
        (b'<?xml version="1.0"?><orders/>', "XML"),
        ("<html><body>请先登录</body></html>".encode(), "网页（HTML），里面没有表格"),
        (b"\x00" * 300, "不是表格"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_named_and_how_to_save_it(data: bytes, words: str):
    assert words in sentence(data)
    assert "另存为" in sentence(data)


def test_a_member_with_a_password_is_named():
    data = bytearray(package({"a": sheet_xml(["x"])}, compression=zipfile.ZIP_STORED))
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert "密码" in sentence(bytes(data))


def test_styles_never_matter():
    """Excel opens a workbook with an empty ``<fill/>``; so do we, whatever else its styles, filters and views say."""
    odd = '<sheetViews><sheetView view="nonsense" zoomScale="x"/></sheetViews>'
    filtered = '<autoFilter ref="A1"><filterColumn colId="x"><customFilters><customFilter val="*"/></customFilters></filterColumn></autoFilter>'
    styles = f'<styleSheet xmlns="{MAIN}"><fills><fill/></fills><cellXfs><xf numFmtId="?"/></cellXfs></styleSheet>'
    data = package({"a": sheet_xml(["单号"], ["A"], before=odd, after=filtered)}, styles=styles)
    assert cells(data) == [("单号",), ("A",)]
    torn = read_workbook(package({"a": sheet_xml(["单号"])}, styles="<styleSheet"))
    assert torn.sheets[0].rows[0].cells == ("单号",)
    assert "样式表" in torn.unread[0]


def test_a_date_is_known_by_its_style():
    formats = '<numFmts><numFmt numFmtId="200" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="201" formatCode="&quot;day&quot;0.00[Red]"/></numFmts>'
    xfs = "".join(f'<xf numFmtId="{n}"/>' for n in (0, 14, 200, 201, 20, 31))
    styles = f'<styleSheet xmlns="{MAIN}">{formats}<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>{xfs}</cellXfs></styleSheet>'
    line = [
        f'<c s="{style}"><v>{value}</v></c>' for style, value in enumerate((46000, 46000, 46000.5, 46000, 0.5, 46000))
    ]
    assert cells(package({"a": sheet_xml(line)}, styles=styles)) == [
        (
            46000,
            datetime(2025, 12, 9),  # noqa: DTZ001 - a cell has no zone
            datetime(2025, 12, 9, 12),  # noqa: DTZ001
            46000,
            time(12),
            datetime(2025, 12, 9),  # noqa: DTZ001
        )
    ]


def test_cells_of_every_type_are_read():
    line = [
        '<c r="A1" t="s"><v>0</v></c>',
        '<c r="B1" t="s"><v>1</v></c>',
        '<c r="C1" t="b"><v>1</v></c>',
        '<c r="D1" t="e"><v>#N/A</v></c>',
        '<c r="E1"><v>12.5</v></c>',
        '<c r="F1"><v>1E+400</v></c>',
        '<c r="G1" t="inlineStr"><is><r><t>丰</t></r><r><t>富</t></r><rPh><t>feng</t></rPh></is></c>',
        '<c r="H1" t="str"><f>A1&amp;""</f><v>一_x000D_</v></c>',
        '<c r="J1"><v>3301234567890123456</v></c>',
    ]
    rich = "<r><t>a</t></r><r><t>b</t></r><rPh><t>c</t></rPh>"
    data = package({"a": sheet_xml(line)}, strings=["单号", rich])
    assert cells(data) == [
        ("单号", "ab", True, "#N/A", 12.5, "1E+400", "丰富", "一\r", None, 3301234567890123456)
    ]  # fmt: skip


def test_kept_values_of_formulas_are_read_and_others_are_told_apart():
    line = [
        '<c r="A1" t="str"><f>B1</f><v>LB1</v></c>',
        '<c r="B1" t="str"><f>C1</f><v></v></c>',
        '<c r="C1"><f>D1+1</f><v/></c>',
        '<c r="D1"><f>E1</f></c>',
        '<c r="E1"><f>F1</f><v>0</v></c>',
    ]
    kept = cells(package({"a": sheet_xml(line)}))
    assert kept == [("LB1", None, Formula("D1+1"), Formula("E1"), 0)]
    assert str(kept[0][2]) == "=D1+1"
    never = cells(package({"a": sheet_xml(line)}, workbook_mark='<calcPr fullCalcOnLoad="1"/>'))
    assert never[0][4] == Formula("F1")


def test_a_merged_cell_belongs_to_each_of_its_rows_that_hold_anything():
    data = package(
        {"a": sheet_xml(["单号", "行"], ["A", 1], [None, 2], [None, None], ["B", 4], merged=["A2:A4", "A1:B1"])}
    )
    assert cells(data) == [("单号", "行"), ("A", 1), ("A", 2), ("B", 4)]


def test_every_sheet_is_there_and_a_hidden_one_is_marked():
    found = read_workbook(
        package({"一": sheet_xml(["a"]), "二": sheet_xml(["b"]), "三": sheet_xml(["c"])}, hidden=["二"])
    )
    assert [(sheet.name, sheet.hidden, len(sheet.rows)) for sheet in found.sheets] == [
        ("一", False, 1),
        ("二", True, 0),
        ("三", False, 1),
    ]
    assert found.sheets[2].rows[0].sheet == "三"


def test_a_workbook_whose_parts_are_spelt_otherwise_is_read():
    data = one_sheet(["单号"])
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name.replace("xl/worksheets/", "XL\\Worksheets\\"): old.read(name) for name in old.namelist()}
    assert cells(zipped(members)) == [("单号",)]


def test_what_other_libraries_write_is_read():
    book = openpyxl.Workbook()
    book.active.append(["单号", 1, 2.5, True, datetime(2026, 1, 2, 3, 4), None, "=A1"])  # type: ignore[union-attr]  # noqa: DTZ001
    buffer = io.BytesIO()
    book.save(buffer)
    moment = datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001
    assert cells(buffer.getvalue()) == [("单号", 1, 2.5, True, moment, None, Formula("A1"))]


@pytest.mark.parametrize("suffix", [b"", b"<!--", b'<c r="?"/>'])
def test_a_damaged_workbook_is_refused(suffix: bytes):
    assert "已损坏" in sentence(package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>' + suffix.decode()}))
    assert "已损坏" in sentence(one_sheet(["a"])[:-30])


def test_entities_are_not_unfolded():
    bomb = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    assert "已损坏" in sentence(package({"a": bomb + sheet_xml(["&b;"])}))


def test_columns_are_counted_before_they_are_kept():
    far = '<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'
    assert "100 列" in sentence(package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>{far}</sheetData></worksheet>'}))
    only_formatted = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row>'
    data = package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>{only_formatted}</sheetData></worksheet>'})
    assert cells(data) == [(1,)]


def test_a_part_that_unpacks_to_too_much_is_not_read():
    padding = f"<!--{' ' * 100_000}-->"
    with pytest.raises(TooLarge):
        read_workbook(package({"a": sheet_xml(["x"], after=padding)}), Limits(unpacked=50_000))
    told = read_workbook(package({"a": sheet_xml(["x"])}, styles=padding), Limits(part=50_000)).unread
    assert "样式表过大" in told[0]
    with pytest.raises(TooLarge):
        read_workbook(package({"a": sheet_xml(["x"])}, workbook_mark=padding), Limits(part=50_000))
    with pytest.raises(TooLarge):
        read_workbook(package({"a": sheet_xml(["x"])}, more={f"{n}": "" for n in range(20)}), Limits(members=10))
    assert "工作表超过" in sentence(package({str(n): sheet_xml(["x"]) for n in range(4)}), Limits(sheets=3))


def test_rows_beyond_a_long_void_are_named():
    data = package({"结果": sheet_xml(["a"], *[[""]] * 10, ["b"])})
    found = read_workbook(data, Limits(empty_rows=3))
    assert len(found.sheets[0].rows) == 1
    assert found.unread == ("工作表“结果”第 5 行之前连续 3 行为空，其后没有读取",)


PAGE = "<html><head><style>td{}</style></head><body><table border=1>%s</table></body></html>"


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        ("<tr><th>单号<th>结果<tr><td>A&amp;B</td><td> 成\n功 </td></tr>", [("单号", "结果"), ("A&B", "成 功")]),
        ("<tr><td rowspan=2>A<td>1<tr><td>2<tr><td>B<td>3", [("A", "1"), ("A", "2"), ("B", "3")]),
        ("<tr><td colspan=2>标题<tr><td>A<td>1", [("标题",), ("A", "1")]),
        ("<tr><td>a<br>b<td><script>alert(1)</script>x", [("a\nb", "alert(1)x")]),
        ("<tr><td rowspan=99999999999 colspan=-1>A<td>1", [("A", "1")]),
    ],
)  # fmt: skip
def test_a_web_page_that_is_called_xls_is_read(page: str, rows: list[tuple[str, ...]]):
    assert cells((PAGE % page).encode("gb18030")) == rows
    assert cells((PAGE % page).encode("utf-16")) == rows


def test_a_text_may_begin_with_an_angle_bracket():
    assert cells("<第 2 行> 缺货\n".encode()) == [("<第 2 行> 缺货",)]


def test_each_table_of_a_page_is_a_sheet():
    page = "<table><tr><td>外<table><tr><td>内</td></tr></table></td></tr></table><table></table>"
    found: Workbook = read_workbook(page.encode())
    assert [(sheet.name, sheet.rows[0].cells) for sheet in found.sheets] == [("表格 1", ("内",)), ("表格 2", ("外",))]
    assert "100 个" in sentence(("<table>" * 200).encode())


def test_quotes_that_do_not_match_are_named_with_their_row():
    assert "第 2 行附近的引号" in sentence(b'a,b\n"x"y,z\n')
    assert "第 3 行附近的引号" in sentence(b'a,b\nc,d\ne,"f\n')


def raw_rows(*rows: str) -> bytes:
    return package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'})


def test_rows_are_read_in_the_order_of_their_numbers():
    data = raw_rows(
        '<row r="5"><c><v>5</v></c></row>', '<row r="2"><c><v>2</v></c></row>', "<row><c><v>3</v></c></row>"
    )
    assert [(row.number, row.cells) for row in rows_of(data)] == [(2, (2,)), (3, (3,)), (5, (5,))]


def test_odd_cells_are_taken_as_they_are():
    data = raw_rows(
        '<row><c t="d"><v>2026-11-22T10:35:00</v></c><c t="d"><v>gestern</v></c><c><v>x</v></c></row>',
        '<row><c t="b"><v>0</v></c><c s="99999999999"><v>1</v></c></row>',
    )
    assert cells(data) == [(datetime(2026, 11, 22, 10, 35), "gestern", "x"), (False, 1)]  # noqa: DTZ001
    assert "已损坏" in sentence(raw_rows('<row><c t="s"><v>7</v></c></row>'))
    assert "50000 行" in sentence(raw_rows("<row><c><v>1</v></c></row>" * 50_002))


def test_a_merged_range_that_nothing_stands_in_fills_nothing():
    data = package({"a": sheet_xml(["a"], ["b"], merged=["C1:C2", "A9:A10", "A1", "nonsense:A2"])})
    assert cells(data) == [("a",), ("b",)]


def test_dates_may_be_counted_from_1904():
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    mark = '<workbookPr date1904="1"/>'
    line = ["<c><v>1</v></c>", "<c><v>2958000</v></c>", "<c><v>-1</v></c>"]
    found = cells(package({"a": sheet_xml(line)}, styles=styles, workbook_mark=mark))
    assert found == [(datetime(1904, 1, 2), 2958000, -1)]  # noqa: DTZ001


def test_more_styles_than_a_spreadsheet_has_are_told():
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 100_001}</cellXfs></styleSheet>'
    assert "样式表" in read_workbook(package({"a": sheet_xml(["x"])}, styles=styles)).unread[0]


def test_a_chart_is_no_sheet():
    data = package({"a": sheet_xml(["x"])})
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    relations = "xl/_rels/workbook.xml.rels"
    members[relations] = members[relations].replace(b"relationships/worksheet", b"relationships/chartsheet")
    assert "已损坏" in sentence(zipped(members))
    members[relations] = members[relations].replace(b'Id="r1"', b'Id="r9"')
    assert "已损坏" in sentence(zipped(members))


def test_more_bytes_than_we_take_are_not_looked_at():
    with pytest.raises(TooLarge, match="MB"):
        read_workbook(b"a,b", Limits(bytes=2))
