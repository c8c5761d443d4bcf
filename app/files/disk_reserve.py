"""Room that is kept for orders: where a disk has less, whatever can wait does, and orders are still taken."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from app.domain.problems import NoRoom

DEFAULT = 1024**3
"""Bytes: more than a million orders, and an hour for somebody to come."""

SMALL_DISK_SHARE = 20
"""The default is at most the twentieth part of a disk: on one below 20 GiB it would keep too much, or everything."""


@dataclass(frozen=True, slots=True)
class DiskReserve:
    """So many bytes are kept on the disk of each of these folders; 0 keeps none.

    A size that somebody has chosen counts as it is written, also on a small disk; only the default shrinks with it.
    """

    size: int = 0
    folders: tuple[Path, ...] = ()

    def touched(self) -> str | None:
        """Return which disk has no more than is kept, in a sentence without its full stop; None if there is room."""
        for folder in self.folders:
            kept = self.kept_on(folder)
            if kept is not None:
                return f"磁盘剩余空间已低于为订单保留的 {kept / 1024**2:.0f} MB（{folder}）"
        return None

    def require(self) -> None:
        """Make sure that there is room for what could also wait.

        Raises:
            NoRoom: there is not; the sentence names the folder.
        """
        if sentence := self.touched():
            raise NoRoom(f"{sentence}，上传与导入暂缓，订单照常受理；请清理或扩容后再试。")

    def kept_on(self, folder: Path) -> int | None:
        """Return the bytes kept on the disk of ``folder`` if it has less than that, None if it has more.

        A disk that cannot be asked keeps nobody waiting here: what is written to it will say what is wrong.
        """
        there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
        try:
            usage = shutil.disk_usage(there)
        except OSError:
            return None
        kept = min(self.size, usage.total // SMALL_DISK_SHARE) if self.size == DEFAULT else self.size
        return kept if usage.free < kept else None
