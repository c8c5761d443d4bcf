"""Makes workbooks part by part, also such as no library writes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(reference: str, value: object, *, style: int = 0) -> str:
    """Return the XML of one cell; a text that begins with ``<`` is taken as it is."""
    if isinstance(value, str) and value.startswith("<"):
        return value
    if isinstance(value, int | float):
        return f'<c r="{reference}" s="{style}"><v>{value}</v></c>'
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet_xml(*rows: Sequence[object], merged: Sequence[str] = (), before: str = "", after: str = "") -> str:
    """Return the XML of a sheet; ``None`` is no cell."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(f"{chr(65 + i)}{number}", one) for i, one in enumerate(row) if one is not None)
        lines.append(f'<row r="{number}">{cells}</row>')
    joined = "".join(f'<mergeCell ref="{reference}"/>' for reference in merged)
    merges = f"<mergeCells>{joined}</mergeCells>" if joined else ""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{"".join(lines)}</sheetData>{merges}{after}</worksheet>'


def package(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    styles: str = "",
    strings: Sequence[str] | None = None,
    workbook_mark: str = "",
    namespace: str = MAIN,
    more: Mapping[str, bytes | str] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return a workbook of sheets, given as XML by name."""
    listed, relations = [], []
    members: dict[str, bytes | str] = {}
    for n, (name, xml) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if name in hidden else ""
        listed.append(f'<sheet name="{escape(name)}" sheetId="{n}"{state} r:id="r{n}"/>')
        relations.append(f'<Relationship Id="r{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>')
        members[f"xl/worksheets/sheet{n}.xml"] = xml
    for name, content in (("styles", styles), ("sharedStrings", strings and shared(strings))):
        if content:
            relations.append(f'<Relationship Id="{name}" Type="{_RELATIONS}/{name}" Target="/xl/{name}.xml"/>')
            members[f"xl/{name}.xml"] = content
    members["[Content_Types].xml"] = "<Types/>"
    members["_rels/.rels"] = (
        f'<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="x" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    )
    members["xl/workbook.xml"] = (
        f'<workbook xmlns="{namespace}" xmlns:r="{_RELATIONS}">{workbook_mark}<sheets>{"".join(listed)}</sheets></workbook>'
    )
    members["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{_PACKAGE}">{"".join(relations)}</Relationships>'
    return zipped(members | dict(more or {}), compression=compression)


def shared(strings: Sequence[str]) -> str:
    """Return the XML of shared strings; one that begins with ``<`` is taken as it is."""
    items = "".join(f"<si>{one if one.startswith('<') else f'<t>{escape(one)}</t>'}</si>" for one in strings)
    return f'<sst xmlns="{MAIN}">{items}</sst>'


def zipped(members: Mapping[str, bytes | str], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()
