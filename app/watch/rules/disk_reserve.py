"""Disk reserve: a disk of this machine has no more than what is kept for orders, so exports and uploads wait."""

from collections.abc import Iterator

from app.files.disk_reserve import DiskReserve
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    for folder in situation.folders:
        if sentence := DiskReserve(situation.policy.disk_reserve_bytes, (folder,)).touched():
            text = f"{sentence}：批次文件、导入结果与券码导入暂缓，订单照常受理；请尽快清理或扩容，有空间后自动继续。"
            yield Trouble("disk_reserve", text, subject=folder.name)
            return


DISK_RESERVE = Rule(name="disk_reserve", level="orange", find=_find, of_machine=True)
