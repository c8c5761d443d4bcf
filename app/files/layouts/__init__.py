"""The column tables by name: our own, and those that merchants' ERP programs import."""

from app.files.layouts.generic import GENERIC
from app.files.layouts.guanyi import GUANYI
from app.files.layouts.jushuitan import JUSHUITAN
from app.files.layouts.layout import ColumnTable
from app.files.layouts.wangdiantong import WANGDIANTONG

TABLES: dict[str, ColumnTable] = {table.name: table for table in (GENERIC, JUSHUITAN, WANGDIANTONG, GUANYI)}


class UnknownColumns(LookupError):
    """No column table has this name."""


def table_named(name: str) -> ColumnTable:
    """Return the column table called ``name``.

    Raises:
        UnknownColumns: there is none; the message lists those there are.
    """
    try:
        return TABLES[name]
    except KeyError:
        raise UnknownColumns(f"没有名为 {name} 的导出列表，可用：{'、'.join(TABLES)}") from None


__all__ = ["TABLES", "ColumnTable", "UnknownColumns", "table_named"]
