"""A maker that is killed at a step of one's choice, and the question whether every order is still in one place."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from app.files.disk import Disk
from app.store.unit_of_work import Store, UnitOfWork
from tests.deployment import Deployment

LEFT_OPEN = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""Who is killed closes nothing."""


class Killed(BaseException):
    """As kill -9: no clean-up of ours runs."""


class Fuse:
    """Kills the process at step number ``at``."""

    def __init__(self, at: int) -> None:
        self.left = at

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class DyingDisk(Disk):
    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def create(self, path: Path) -> BinaryIO:
        self._fuse.step()
        return super().create(path)

    def flush(self, path: Path) -> None:
        self._fuse.step()
        super().flush(path)

    def rename(self, path: Path, final: Path) -> None:
        self._fuse.step()
        super().rename(path, final)
        self._fuse.step()


class DyingStore(Store):
    """Dies between two transactions; a death within one is the same, since nothing of it is kept."""

    def __init__(self, deployment: Deployment, fuse: Fuse) -> None:
        super().__init__(deployment.engines)
        self._fuse = fuse

    def writing(self) -> UnitOfWork:
        self._fuse.step()
        return super().writing()


def dies(deployment: Deployment, at: int, act: Callable[[Store, Disk], object]) -> bool:
    fuse = Fuse(at)
    try:
        act(DyingStore(deployment, fuse), DyingDisk(fuse))
    except Killed:
        return True
    return False


def all_orders_are_out_once(deployment: Deployment, numbers: list[str]) -> bool:
    with deployment.store.reading() as uow:
        names = [batch.name or "" for batch in uow.batches.page()]
    out = [number for name in names for number in dict.fromkeys(deployment.maker.numbers_in(name))]
    held = [
        number
        for number, state in zip(numbers, deployment.rows.states(numbers), strict=True)
        if state in ("held", "cancelled")
    ]
    return sorted([*out, *held]) == sorted(numbers) and deployment.rows.balanced()
