"""The column tables by name: our own, and those that merchants' ERP programs import."""

from app.files.layouts.generic import GENERIC
from app.files.layouts.guanyi import GUANYI
from app.files.layouts.jushuitan import JUSHUITAN
from app.files.layouts.layout import Layout
from app.files.layouts.wangdiantong import WANGDIANTONG

LAYOUTS: dict[str, Layout] = {table.name: table for table in (GENERIC, JUSHUITAN, WANGDIANTONG, GUANYI)}


class UnknownLayout(LookupError):
    """No column table has this name."""


def layout_named(name: str) -> Layout:
    """Return the column table called ``name``.

    Raises:
        UnknownLayout: there is none; the message lists those there are.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        raise UnknownLayout(f"没有名为 {name} 的导出列表，可用：{'、'.join(LAYOUTS)}") from None


__all__ = ["LAYOUTS", "Layout", "UnknownLayout", "layout_named"]
