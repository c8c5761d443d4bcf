"""Compares what the shop was told with what is on disk. It imports nothing from ``app``: a mistake there cannot hide here."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness import evidence
from tests.harness.client_ledger import KeyRecord, read_ledger

NUMBER = re.compile(r"LB[0-9A-Z]{13}")
MINUTE = 60.0
WECOM_LIMIT = 20
SETTLED_ELSEWHERE = frozenset({"held", "cancelled", "rejected", "duplicate"})
OPEN_AND_FINAL = frozenset({"accepted", "held", "batched", "imported", "duplicate", "rejected", "cancelled"})


@dataclass
class Findings:
    """What the comparison found; every list must be empty, except ``waiting`` and ``owed`` where the caller allows it."""

    attempted: int = 0
    told_ok: int = 0
    stored: int = 0
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    numbers_twice: list[str] = field(default_factory=list)
    wrong_number: list[str] = field(default_factory=list)
    two_bodies: list[str] = field(default_factory=list)
    in_two_files: list[str] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    spooled: list[str] = field(default_factory=list)
    files: int = 0
    file_trouble: list[str] = field(default_factory=list)
    equation: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """Return a line for each promise that was broken."""
        names = (
            "lost",
            "unexpected",
            "doubled",
            "numbers_twice",
            "wrong_number",
            "two_bodies",
            "in_two_files",
            "astray",
        )
        found = [f"{name}: {len(bad)}, e.g. {bad[:3]}" for name in names if (bad := getattr(self, name))]
        return [*found, *self.file_trouble, *self.equation]


def check_orders(
    ledger: Path | Iterable[Path], source: evidence.Asks, *, data_dir: Path | Sequence[Path], exports: Path
) -> Findings:
    """Compare the shop's ledger with database, spool and batch files; web and worker may go on meanwhile.

    The spool is read first and the files last: an order leaves the spool after it is in the database, and a batch is
    published after its file is there. So nothing is missed for having moved while we looked.
    """
    records = _merged([ledger] if isinstance(ledger, Path) else ledger)
    folders = [data_dir] if isinstance(data_dir, Path) else data_dir
    spool = [one for folder in folders for one in evidence.spooled(folder / "spool")]
    with source.one_instant() as seen:
        orders, batches = evidence.stored_orders(seen), evidence.stored_batches(seen)
        counted, live = evidence.counted_at_the_door(seen), evidence.live_batches(seen)
    found = Findings(
        attempted=sum(r.tries > 0 for r in records.values()),
        told_ok=sum(r.ok for r in records.values()),
        stored=len(orders),
    )
    _compare_keys(found, records, orders, spool)
    _compare_files(found, records, orders, evidence.batch_files(exports), batches)
    _check_equation(found, orders, counted=counted, live=live)
    return found


def _merged(ledgers: Iterable[Path]) -> dict[str, KeyRecord]:
    records: dict[str, KeyRecord] = {}
    for path in ledgers:
        for key, record in read_ledger(path).items():
            assert key not in records, f"two shops used the key {key}"
            records[key] = record
    return records


def _compare_keys(
    found: Findings,
    records: Mapping[str, KeyRecord],
    orders: Sequence[evidence.StoredOrder],
    spool: Sequence[evidence.Spooled],
) -> None:
    by_key: dict[str, set[str]] = defaultdict(set)
    for order in orders:
        by_key[order.key].add(order.number)
    for one in spool:
        by_key[one.key].add(one.number)
    known = {order.number for order in orders}
    kept = known | {one.number for one in spool}
    found.spooled = sorted({one.number for one in spool if not one.aside} - known)
    for record in records.values():
        found.lost += sorted(record.numbers - kept)
        if record.ok and record.numbers & kept and record.numbers != by_key[record.key]:
            found.wrong_number.append(
                f"{record.key}: told {sorted(record.numbers)}, stored {sorted(by_key[record.key])}"
            )
        if len(record.ok_bodies) > 1:
            found.two_bodies.append(record.key)
    attempted = {record.key for record in records.values() if record.tries}
    found.unexpected = sorted(key for key in by_key if key and key not in attempted)
    rows_of_key = Counter((order.client_id, order.key) for order in orders)
    found.doubled = [f"{key} ×{n}" for (_, key), n in rows_of_key.items() if n > 1]
    found.doubled += [f"{key}: {sorted(numbers)}" for key, numbers in by_key.items() if key and len(numbers) > 1]
    keys_of_number: dict[str, set[str]] = defaultdict(set)
    for record in records.values():
        for number in record.numbers:
            keys_of_number[number].add(record.key)
    found.numbers_twice = [f"{number}: {sorted(keys)}" for number, keys in keys_of_number.items() if len(keys) > 1]
    found.numbers_twice += [number for number, n in Counter(order.number for order in orders).items() if n > 1]


def _compare_files(
    found: Findings,
    records: Mapping[str, KeyRecord],
    orders: Sequence[evidence.StoredOrder],
    files: Sequence[evidence.BatchFile],
    batches: Sequence[evidence.StoredBatch],
) -> None:
    published = {batch.name: batch for batch in batches if batch.state == "published"}
    on_disk = {file.path.stem: file for file in files}
    found.files = len(published)
    for name, batch in published.items():
        found.file_trouble += _disagreements(batch, on_disk.get(name))
    files_of: dict[str, set[str]] = defaultdict(set)
    for name, file in on_disk.items():
        # A file without a published row was given to nobody; a repair batch repeats on purpose what failed before.
        if name in published and file.manifest.get("kind") != "repair":
            for number in file.numbers:
                files_of[number].add(name)
    found.in_two_files = [f"{number}: {sorted(names)}" for number, names in files_of.items() if len(names) > 1]
    _place_every_order(found, orders, files_of, {batch.row_id: batch for batch in batches})
    number_of_key = {number: record for record in records.values() for number in record.numbers}
    for name in published:
        if (file := on_disk.get(name)) is not None:
            found.file_trouble += _altered(file, number_of_key)


def _disagreements(batch: evidence.StoredBatch, file: evidence.BatchFile | None) -> list[str]:
    """Return lines for what file, manifest and row do not agree about."""
    if file is None:
        return [f"batch {batch.name} is published and its file is missing"]
    wrong = []
    if len({file.sha256, batch.sha256, batch.manifest.get("sha256"), file.manifest.get("sha256")}) > 1:
        wrong.append(f"batch {batch.name}: file, row and manifest disagree about its SHA-256")
    if {file.manifest.get("orders"), batch.orders} != {len(set(file.numbers))}:
        wrong.append(f"batch {batch.name}: {len(set(file.numbers))} orders in the file, {batch.orders} in the row")
    return wrong


def _altered(file: evidence.BatchFile, records: Mapping[str, KeyRecord]) -> list[str]:
    """Return lines for orders whose phone or total in a file is not what the shop sent."""
    wrong = []
    for number in file.phones:
        record = records.get(number)
        if record is None or not record.about:
            continue
        if (file.phones[number], file.totals[number]) != (record.about["phone"], record.about["total"]):
            wrong.append(f"batch {file.path.stem}: {number} has another phone or total than {record.key}")
    return wrong


def _place_every_order(
    found: Findings,
    orders: Sequence[evidence.StoredOrder],
    files_of: Mapping[str, set[str]],
    batches: Mapping[int, evidence.StoredBatch],
) -> None:
    for order in orders:
        names = files_of.get(order.number, set())
        batch = batches.get(order.batch_id) if order.batch_id is not None else None
        if order.state == "accepted" and order.batch_id is None and not names:
            found.waiting.append(order.number)
        elif order.state in SETTLED_ELSEWHERE and batch is None and not names:
            found.held.append(order.number)
        elif batch is not None and batch.state in {"claiming", "writing"} and not names:
            found.waiting.append(order.number)
        elif batch is None or (batch.name not in names and not batch.name.startswith("R")):
            found.astray.append(
                f"{order.number} is {order.state}, its row says {batch.name if batch else None}, its files are {sorted(names)}"
            )


def _check_equation(
    found: Findings, orders: Sequence[evidence.StoredOrder], *, counted: int, live: Sequence[tuple[int, int]]
) -> None:
    if not orders:
        return
    if counted != len(orders):
        found.equation.append(f"the door counted {counted}, the table has {len(orders)} orders")
    strange = {order.state for order in orders} - OPEN_AND_FINAL
    if strange:
        found.equation.append(f"states nobody knows: {strange}")
    memberships = Counter(order_id for order_id, _ in live)
    batched = {order.row_id for order in orders if order.batch_id is not None}
    if twice := [row for row, n in memberships.items() if n > 1]:
        found.equation.append(f"orders in two live batches: rows {twice[:5]}")
    if set(memberships) != batched:
        found.equation.append(f"{len(set(memberships) ^ batched)} orders whose batch and membership disagree")


# ---- messages --------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What people were told."""

    group_messages: int = 0
    worst_minute: int = 0
    unannounced: list[str] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    seen_twice: int = 0
    notices: int = 0
    coupons: int = 0
    wrong: list[str] = field(default_factory=list)

    def violations(self, *, all_sent: bool) -> list[str]:
        """Return a line for each broken promise; ``all_sent`` demands that nothing is owed any more."""
        found = list(self.wrong)
        if self.worst_minute > WECOM_LIMIT:
            found.append(f"{self.worst_minute} group messages within 60 s")
        if self.unannounced:
            found.append(
                f"high-priority orders nobody heard of and nobody will: {len(self.unannounced)}, e.g. {self.unannounced[:3]}"
            )
        if all_sent and self.owed:
            found.append(f"high-priority orders still unannounced: {len(self.owed)}, e.g. {self.owed[:3]}")
        return found


def check_messages(
    source: evidence.Asks,
    group: Sequence[Mapping[str, Any]],
    texts: Sequence[Mapping[str, Any]],
    *,
    notice: str,
    coupon: str,
) -> Told:
    """Compare the orders with what the fake group and the fake SMS provider have taken."""
    told = Told(group_messages=len(group), worst_minute=worst_minute([float(m["received_at"]) for m in group]))
    named = Counter(number for message in group for number in set(NUMBER.findall(str(message.get("content", "")))))
    told.seen_twice = sum(n > 1 for n in named.values())
    owed = evidence.open_messages(source)
    high = [order.number for order in evidence.stored_orders(source) if order.priority == "high"]
    told.owed = [number for number in high if number not in named and number in owed]
    told.unannounced = [number for number in high if number not in named and number not in owed]
    by_phone: dict[tuple[str, str], int] = Counter((str(text["phone"]), str(text["template"])) for text in texts)
    told.notices = sum(n for (_, template), n in by_phone.items() if template == notice)
    told.coupons = sum(n for (_, template), n in by_phone.items() if template == coupon)
    told.wrong += [f"{phone} got {template} {n} times" for (phone, template), n in by_phone.items() if n > 1]
    codes = Counter(str(text["values"]["code"]) for text in texts if text["template"] == coupon)
    told.wrong += [f"coupon {code} was given {n} times" for code, n in codes.items() if n > 1 or not code]
    return told


def worst_minute(moments: Sequence[float]) -> int:
    """Return the most of these within any 60 seconds."""
    ordered = sorted(moments)
    oldest = worst = 0
    for newest, moment in enumerate(ordered):
        while moment - ordered[oldest] >= MINUTE:
            oldest += 1
        worst = max(worst, newest - oldest + 1)
    return worst
