"""The ERP behind a deployment as its TOML file describes it: which kind, which keys, which shop, the merchant's codes.

Secrets are named by the environment variable that holds them and never written into it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from app.main_system import guanyi, jushuitan, wangdiantong
from app.main_system.erp import ErpKind
from app.main_system.file_tables import FileTable, allowed_address, check_names, check_secret_names, sentence_of
from app.toml_file import UnreadableFile, WrongEntry, as_told, line_of, name_of, parse_toml, read_small_file

KINDS: Mapping[str, ErpKind] = {kind.name: kind for kind in (jushuitan.KIND, wangdiantong.KIND, guanyi.KIND)}


class WrongMainFile(ValueError):
    """The file describes no main system; its text is one sentence with file, line and key."""

    def __init__(self, file: str, line: int, key: str, reason: str) -> None:
        where = f" {as_told(key)}" if key else ""
        super().__init__(f"{file} 第 {line} 行{where}：{as_told(reason)}")


class MainFile(FileTable):
    """A whole file."""

    kind: Literal["jushuitan", "wangdiantong", "guanyi"]
    address: str | None = Field(default=None, max_length=300)
    per_minute: int | None = Field(default=None, ge=1, le=600)
    access: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    shops: dict[str, str] = Field(min_length=1)
    options: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MainDocument:
    """One ERP, ready to be called but for its secrets."""

    kind: ErpKind
    address: str
    per_minute: float
    plain: Mapping[str, str]
    secrets: Mapping[str, str]
    """The environment variable of each."""
    shops: Mapping[str, str]
    options: Mapping[str, str]

    @property
    def account(self) -> tuple[str, str]:
        """What its calls are counted by, together with those of a source of the same account."""
        return self.kind.name, self.plain[self.kind.key]


def read_main_file(path: Path, *, hosts: Collection[str] = ()) -> MainDocument:
    """Read a file; ``hosts`` are allowed beside those of the vendors.

    Raises:
        WrongMainFile: it describes no main system.
    """
    file = name_of(path)
    try:
        text, table = parse_toml(read_small_file(path))
    except UnreadableFile as error:
        raise WrongMainFile(file, error.line, "", error.reason) from None
    try:
        return _document(MainFile.model_validate(table, strict=True), hosts)
    except ValidationError as error:
        wrong = sentence_of(error)
    except WrongEntry as error:
        wrong = error
    raise WrongMainFile(file, line_of(text, wrong.key), wrong.key, wrong.reason)


def _document(file: MainFile, hosts: Collection[str]) -> MainDocument:
    kind = KINDS[file.kind]
    check_names("access", file.access, needed=kind.plain)
    check_names("secrets", file.secrets, needed=kind.secrets, optional=kind.optional)
    check_secret_names(file.secrets)
    for channel, shop in file.shops.items():
        if not shop.strip() or (kind is jushuitan.KIND and not (shop.isascii() and shop.isdigit())):
            raise WrongEntry(f"shops.{channel}", "须写主系统里的店铺；聚水潭写店铺编号（数字）")
    check_names("options", file.options, needed=kind.required, optional=(*kind.choices, *kind.free))
    options = {name: values[0] for name, values in kind.choices.items()} | file.options
    for name, values in kind.choices.items():
        if options[name] not in values:
            raise WrongEntry(f"options.{name}", f"只能是 {'、'.join(values)} 之一")
    address = allowed_address(file.address or kind.address, known=kind.hosts, hosts=hosts)
    if file.per_minute is not None and file.per_minute > kind.per_minute:
        raise WrongEntry("per_minute", f"不能大于 {kind.per_minute:.0f}：另一半留给商家自己的工具")
    return MainDocument(
        kind=kind,
        address=address,
        per_minute=float(file.per_minute or kind.per_minute),
        plain=file.access,
        secrets=file.secrets,
        shops=file.shops,
        options=options,
    )
