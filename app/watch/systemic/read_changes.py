"""Reads a list of changes, its bytes in a process of its own; one row that lacks something refuses all of it."""

from datetime import tzinfo

from app.domain.problems import Refusal
from app.files.reading_process import STANDARD_CONFINEMENT, Confinement
from app.files.rows_apart import AS_CSV, NOT_READ, rows_apart
from app.watch.systemic.changes import ToldChange, moment_of
from app.watch.systemic.changes_sheet_reader import COLUMNS, LARGEST_BYTES, NEEDED


def read_changes_apart(
    data: bytes, *, zone: tzinfo, confinement: Confinement = STANDARD_CONFINEMENT
) -> list[ToldChange]:
    """Read changes from CSV, XLSX or columns pasted from a spreadsheet; times without an offset are of ``zone``.

    Raises:
        Refusal: it cannot be read, or a row lacks something; the sentence says which row and what.
        Busy: the machine has no room for another process.
    """
    if len(data) > LARGEST_BYTES:
        raise Refusal("变更清单超过 1 MB，请分几次导入。")
    told = []
    for line in rows_apart("app.watch.systemic.changes_sheet_reader", data, confinement, refusal=Refusal):
        match line:
            case {"row": int(row), "cells": dict(cells)}:
                told.append(_told(row, cells, zone))
            case _:
                raise Refusal(NOT_READ + AS_CSV)
    return told


def _told(row: int, said: dict[str, str], zone: tzinfo) -> ToldChange:
    for field in NEEDED:
        if not said[field]:
            raise Refusal(f"第 {row} 行没有写“{COLUMNS[field][0]}”。")
    try:
        at = moment_of(said.pop("at"), zone=zone)
    except Refusal as error:
        raise Refusal(f"第 {row} 行：{error}") from None
    return ToldChange(at=at, change_id=said.pop("id", ""), **said)
