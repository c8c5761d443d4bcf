"""Disk low: a folder of this machine has so little room left that orders may soon be refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from app.watch.rule import Rule, Situation, Trouble, WatchPolicy


def is_low(folder: Path, policy: WatchPolicy) -> bool:
    """Tell whether a folder has so little room left that somebody should make more."""
    return shutil.disk_usage(folder).free <= policy.disk_low_bytes


def _find(situation: Situation) -> Iterator[Trouble]:
    low = situation.policy.disk_low_bytes
    for folder in situation.folders:
        if folder.is_dir() and is_low(folder, situation.policy):
            text = f"磁盘剩余空间不足 {low // 1024**2} MB（{folder}），请尽快清理或扩容，否则可能停止受理。"
            yield Trouble("disk_low", text, subject=folder.name)
            return


DISK_LOW = Rule(name="disk_low", level="orange", find=_find, of_machine=True)
