"""``lifeboat migrate``: the database's shape, brought up to date by hand."""

from app.cli.language import said
from app.cli.terminal import lifeboat, out


def migrate() -> None:
    """把数据库升级到当前版本的结构（启动时也会自动执行）。"""
    with lifeboat():
        out.print(said("数据库结构已是最新。"))
