"""Chains the audit in blocks, so that a record changed or taken out afterwards shows; no verb waits for it.

The leader does it once in a while for whatever is not chained yet. A block's hash covers its deeds and the hash of the
block before; who keeps the newest hash somewhere else can prove that nothing before it was touched.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.store.tables import Audit
from app.store.unit_of_work import Store, UnitOfWork

MOST_IN_BLOCK = 500
"""Deeds of one block, and of one transaction."""

MOST_BLOCKS = 2000
"""Blocks that a look at the newest deeds goes back at most: a week of five minutes."""

BEGINNING = "0" * 64
"""What stands for the hash before the first block."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a walk along the chain found; ``broken`` names the first block whose hash does not fit, None if all do."""

    blocks: int
    deeds: int
    unchained: int
    head: str
    broken: int | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing that was chained has been changed."""
        return self.broken is None


def chain_once(store: Store, *, now: datetime) -> int:
    """Put deeds that are not chained yet into one block; return how many there were."""
    with store.writing() as uow:
        uow.leases.serialise("audit_chain")  # two leaders for a moment must not both follow the same block
        deeds = uow.audit.unchained(limit=MOST_IN_BLOCK)
        if deeds:
            last = uow.audit.last_block()
            uow.audit.add_block(deeds, hash_=hash_of(deeds, after=last.hash if last else BEGINNING), now=now)
    return len(deeds)


def verify_chain(store: Store, *, newest: int | None = None) -> ChainReport:
    """Walk along the chain, the whole of it or about its ``newest`` deeds; memory stays the same however long it is."""
    blocks, deeds, broken = 0, 0, None
    with store.reading() as uow:
        after, head = (0, BEGINNING) if newest is None else _start_for(uow, newest)
        while broken is None and (page := uow.audit.blocks(after=after)):
            for block in page:
                held = uow.audit.in_block(block.id or 0)
                if len(held) != block.deeds or hash_of(held, after=head) != block.hash:
                    broken = block.id
                    break
                blocks, deeds, head = blocks + 1, deeds + len(held), block.hash
            after = page[-1].id or 0
        return ChainReport(blocks, deeds, uow.audit.unchained_count(), head, broken)


def _start_for(uow: UnitOfWork, newest: int) -> tuple[int, str]:
    """Return the id and the hash of the block after which the last ``newest`` deeds begin."""
    blocks = uow.audit.newest_blocks(limit=MOST_BLOCKS)
    for block in blocks:
        if newest <= 0:
            return block.id or 0, block.hash
        newest -= block.deeds
    return (0, BEGINNING) if len(blocks) < MOST_BLOCKS else (blocks[-1].id or 0, blocks[-1].hash)


def hash_of(deeds: Sequence[Audit], *, after: str) -> str:
    """Return the hash of a block, in hexadecimal: SHA-256 of the hash before, then each deed as a line of JSON."""
    digest = hashlib.sha256(after.encode())
    for deed in deeds:
        at = deed.at.astimezone(UTC).isoformat(timespec="microseconds")
        fields = [deed.id, at, deed.actor, deed.way, deed.action, deed.subject, deed.address, deed.detail]
        digest.update(b"\n" + json.dumps(fields, sort_keys=True).encode("ascii"))
    return digest.hexdigest()
