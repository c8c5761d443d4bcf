"""Cuts batches of what the door has accepted, and reads the files that came of it."""

import csv
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from app.batch.judge import Judge
from app.batch.maker import BatchMaker, MakeOutcome, Nothing, Published
from app.batch.policy import BatchPolicy
from app.batch.preflight import LayoutPreflight
from app.domain.actor import Actor
from app.files.disk import Disk
from app.files.export_folder import Exports
from app.files.layouts.layout import Layout
from app.files.layouts.registry import shipped_layouts
from app.store.tables import Batch
from app.store.unit_of_work import Store
from tests.deployment.facts import KEYS, ZONE, minutes
from tests.fakes.clock import ClockAt


@dataclass
class Maker:
    """The maker of batches of one store, and the folder of its files."""

    store: Store
    folder: Path
    clock: ClockAt

    @cached_property
    def exports(self) -> Exports:
        return Exports(self.folder)

    def build(self, *, disk: Disk | None = None, store: Store | None = None, **how: Any) -> BatchMaker:
        """Return a maker on another disk or store, or one of another policy."""
        exports = Exports(self.folder, disk=disk) if disk else self.exports
        timing = {name: how.pop(name) for name in ("monotonic",) if name in how}
        policy = BatchPolicy(zone=ZONE, **how)
        return BatchMaker(store or self.store, KEYS, exports, shipped_layouts(), policy=policy, **timing)

    def run(self, now: datetime, *, by: Actor | None = None, incident_id: int | None = None) -> list[MakeOutcome]:
        """Let an ordinary maker look once."""
        return self.build().run_once(now, by=by, incident_id=incident_id)

    def preflight(self, layout: str | Layout = "generic") -> LayoutPreflight:
        """Return what judges held orders by a layout."""
        chosen = shipped_layouts().named(layout) if isinstance(layout, str) else layout
        return LayoutPreflight(Judge(KEYS, chosen, BatchPolicy(zone=ZONE)))

    def repair(self, name: str, *, by: Actor, now: datetime) -> MakeOutcome | Nothing:
        """Let an ordinary maker cut a batch of those that did not come home with another."""
        return self.build().repair(name, by=by, now=now)

    def batch(self, name: str) -> Batch:
        with self.store.reading() as uow:
            batch = uow.batches.named(name)
        assert batch is not None
        return batch

    def csv_of(self, name: str) -> list[list[str]]:
        """Return the rows of a published CSV file, the header first."""
        with self.exports.file_of(self.batch(name).manifest, "csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.reader(file, strict=True))

    def numbers_in(self, name: str) -> list[str]:
        return [row[0] for row in self.csv_of(name)[1:]]

    def files(self) -> list[str]:
        """Return the names of all files there are, drafts included."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    def add_published(self, name: str, *, at: datetime | None = None, **columns: Any) -> Batch:
        """Add the row of a published batch of the newest incident, without orders and without a file."""
        now = at or self.clock.now()
        moments = dict.fromkeys(("window_to", "claimed_at", "lease_until", "published_at"), now)
        fixed = {"kind": "regular", "columns": "generic", "state": "published", "window_from": now - minutes(30)}
        with self.store.writing() as uow:
            incident = uow.incidents.latest()
            assert incident is not None
            return uow.batches.start(Batch(name=name, incident_id=incident.id, **{**fixed, **moments, **columns}))

    def publish(self, numbers: list[str], *, at: datetime | None = None, content: bytes = b"a,b\r\n1,2\r\n") -> str:
        """Publish a batch of just these orders with a file of this content, and return its name."""
        with self.store.reading() as uow:
            incident, serial = uow.incidents.latest(), len(uow.batches.page()) + 1
            rows = [row for number in numbers if (row := uow.orders.numbered(number)) is not None]
        assert incident is not None
        name = f"B{at or self.clock.now():%Y%m%d-%H%M}-{serial}"
        sha256 = hashlib.sha256(content).hexdigest()
        manifest: dict[str, Any] = {
            "batch": name,
            "incident": incident.name,
            "files": [{"name": f"{name}.csv", "format": "csv", "rows": 1, "bytes": len(content), "sha256": sha256}],
            "checks": [{"name": "one_live_batch", "passed": True, "detail": "每笔订单只在一个批次中"}],
        }
        counts = {"orders": len(rows), "rows": len(rows), "total_fen": sum(row.total_fen or 0 for row in rows)}
        batch = self.add_published(name, at=at, sha256=sha256, manifest=manifest, **counts)
        with self.store.writing() as uow:
            uow.orders.join_batch([row.id or 0 for row in rows], batch_id=batch.id or 0)
        path = self.folder / manifest["incident"] / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name


def published(outcomes: list[MakeOutcome]) -> Published:
    """Return the one batch that came out."""
    (outcome,) = outcomes
    assert isinstance(outcome, Published), outcome
    return outcome
