"""Writes down who compared an incident with which files, and what the figures were: all that stays of a comparison."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.actor import Actor
from app.store.unit_of_work import UnitOfWork

COMPARED = "compare.run"
"""The deed in the audit."""

NAMED = 20
"""Files that a record names; there are few."""


class Compared(Protocol):
    """A file that was compared."""

    name: str
    sha256: str
    witness: str
    rows: int


def record_comparison(
    uow: UnitOfWork,
    incident: str,
    files: Sequence[Compared],
    figures: Mapping[str, int],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Write a comparison down; its figures are ``matched``, ``discrepancies`` and ``unread``."""
    named = [
        {"name": one.name, "sha256": one.sha256, "rows": one.rows, "witness": one.witness} for one in files[:NAMED]
    ]
    sentence = "三方对账：对上 {matched} 笔，差异 {discrepancies} 处，没读懂 {unread} 处".format_map(figures)
    uow.audit.record(
        COMPARED, by=by, at=now, subject=incident, detail={"sentence": sentence, "files": named, **figures}
    )
