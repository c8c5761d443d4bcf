"""Tells by its first bytes what a file is that is no table we read, and how to save it as one."""

from collections.abc import Collection

from app.files.sheet_reader.sheet import UnreadableSheet

ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OLE = b"\xd0\xcf\x11\xe0"

SAVE_AS = "请在 Excel 或 WPS 中打开它，另存为 .xlsx 或 CSV 后上传。"
ENCRYPTED = f"文件有打开密码（已加密），请先去掉密码，{SAVE_AS[1:]}"
DAMAGED = f"XLSX 文件已损坏，或不是 Excel 工作簿；{SAVE_AS}"
STRICT = f"这是“Strict Open XML 电子表格”，{SAVE_AS}"
OLD_EXCEL = f"不支持旧版 .xls 或 .et 文件，{SAVE_AS}"
NOT_A_TABLE = "无法识别这个文件，它不是表格；请上传 .xlsx 或 CSV（另存为）。"

_ARCHIVE = "压缩包，请先解压，再上传其中的表格（另存为 .xlsx 或 CSV）。"
_IMAGE = "这是图片，不是表格；请从主系统导出结果，另存为 .xlsx 或 CSV 后上传。"

_BY_BEGINNING: tuple[tuple[bytes, str], ...] = (
    (b"\x09\x00\x04\x00", OLD_EXCEL),  # BIFF 2 to 5 without a container
    (b"\x09\x02\x06\x00", OLD_EXCEL),
    (b"\x09\x04\x06\x00", OLD_EXCEL),
    (b"\x09\x08\x06\x00", OLD_EXCEL),
    (b"\x09\x08\x08\x00", OLD_EXCEL),
    (b"\x09\x08\x10\x00", OLD_EXCEL),
    (b"Rar!\x1a\x07", f"这是 RAR {_ARCHIVE}"),
    (b"7z\xbc\xaf\x27\x1c", f"这是 7z {_ARCHIVE}"),
    (b"\x1f\x8b", f"这是 gzip {_ARCHIVE}"),
    (b"BZh", f"这是 bzip2 {_ARCHIVE}"),
    (b"\xfd7zXZ\x00", f"这是 xz {_ARCHIVE}"),
    (b"%PDF", f"这是 PDF，不是表格；请从主系统导出表格，或{SAVE_AS[1:]}"),
    (b"{\\rtf", f"这是 RTF 文档，不是表格；{SAVE_AS}"),
    (b"\x89PNG", _IMAGE),
    (b"\xff\xd8\xff", _IMAGE),
    (b"GIF8", _IMAGE),
    (b"MIME-Version:", f"这是网页归档（MHTML），虽然可能叫 .xls；{SAVE_AS}"),
    (b"\x00\x05\x16\x07", "这是 macOS 附带的资源文件（名字以 ._ 开头），请上传同名的表格本身，或另存为 .xlsx。"),
)

_BY_MEMBER: tuple[tuple[str, str], ...] = (
    ("encryptedpackage", ENCRYPTED),
    ("xl/workbook.bin", f"这是二进制工作簿 .xlsb，{SAVE_AS}"),
    ("word/document.xml", f"这是 Word 文档，不是表格；{SAVE_AS}"),
    ("ppt/presentation.xml", "这是演示文稿，不是表格；请另存为 .xlsx 或 CSV 后上传。"),
    ("index/document.iwa", "这是 Apple Numbers 表格，请在 Numbers 中导出为（另存为）Excel .xlsx 后上传。"),
)


def refuse_foreign(data: bytes) -> None:
    """Refuse what its first bytes show to be something else than a table.

    Raises:
        UnreadableSheet: the sentence says what it is, and how to save it.
    """
    if data.startswith(OLE):  # names of the container's streams are UTF-16
        if "EncryptedPackage".encode("utf-16-le") in data or "EncryptionInfo".encode("utf-16-le") in data:
            raise UnreadableSheet(ENCRYPTED)
        if "WordDocument".encode("utf-16-le") in data:
            raise UnreadableSheet(f"这是 Word 文档，不是表格；{SAVE_AS}")
        raise UnreadableSheet(OLD_EXCEL)
    beginning = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for first, sentence in _BY_BEGINNING:
        if data.startswith(first) or beginning.startswith(first):
            raise UnreadableSheet(sentence)


def refuse_foreign_package(names: Collection[str], mimetype: bytes) -> None:
    """Refuse a ZIP file that is no workbook, by its members' ``names`` in small letters.

    Raises:
        UnreadableSheet: the sentence says what it is, and how to save it.
    """
    if b"opendocument" in mimetype or ("content.xml" in names and "meta-inf/manifest.xml" in names):
        raise UnreadableSheet(f"这是 OpenDocument 表格 .ods，{SAVE_AS}")
    for member, sentence in _BY_MEMBER:
        if member in names:
            raise UnreadableSheet(sentence)
    if "[content_types].xml" not in names and not any(name.startswith("xl/") for name in names):
        raise UnreadableSheet(f"这不是 XLSX 工作簿，而是 ZIP {_ARCHIVE}")


def refuse_foreign_markup(beginning: str) -> None:
    """Refuse XML that is no web page, by the ``beginning`` of the text.

    Raises:
        UnreadableSheet: the sentence says what it is, and how to save it.
    """
    if "urn:schemas-microsoft-com:office:spreadsheet" in beginning and "<html" not in beginning.casefold():
        raise UnreadableSheet(f"这是“XML 表格 2003”，虽然可能叫 .xls；{SAVE_AS}")
    if beginning.startswith("<?xml") and "<html" not in beginning.casefold() and "<table" not in beginning.casefold():
        raise UnreadableSheet(f"这是 XML，不是表格；{SAVE_AS}")
