"""The audit is chained afterwards, so that no verb waits, and a record that was touched shows; on both engines."""

import pytest
from sqlalchemy import delete, insert, update

from app.store import audit_chain
from app.store.audit_chain import BEGINNING, chain_once, verify_chain
from app.store.tables import METADATA
from tests.deployment import Deployment
from tests.deployment.facts import IT, OPS, TEN, minutes

AUDIT = METADATA.tables["audit"]


def _record(deployment: Deployment, count: int = 1) -> None:
    with deployment.store.writing() as uow:
        for n in range(count):
            uow.audit.record("batch.download", by=IT if n % 2 else OPS, at=TEN, subject=f"B{n}", detail={"行": n})


def test_an_empty_audit_is_intact(deployment: Deployment):
    found = verify_chain(deployment.store)
    assert (found.intact, found.blocks, found.deeds, found.unchained, found.head) == (True, 0, 0, 0, BEGINNING)
    assert chain_once(deployment.store, now=TEN) == 0


def test_deeds_are_chained_in_blocks_and_each_covers_the_one_before(deployment: Deployment):
    heads = []
    for n in range(3):
        _record(deployment, n + 1)
        assert chain_once(deployment.store, now=TEN + minutes(n)) == n + 1
        heads.append(verify_chain(deployment.store).head)
    _record(deployment)
    found = verify_chain(deployment.store)
    assert (found.intact, found.blocks, found.deeds, found.unchained) == (True, 3, 6, 1)
    assert len(set(heads)) == 3


@pytest.mark.parametrize("column", ["actor", "way", "action", "subject", "address"])
def test_a_record_that_was_changed_shows_in_its_block(deployment: Deployment, column: str):
    _tampered(deployment, update(AUDIT).where(AUDIT.c.subject == "B1").values({column: "x"}))


def test_a_time_or_a_detail_that_was_changed_shows(deployment: Deployment):
    _tampered(deployment, update(AUDIT).where(AUDIT.c.subject == "B1").values(at=TEN + minutes(1)))


def test_a_detail_that_was_changed_shows(deployment: Deployment):
    _tampered(deployment, update(AUDIT).where(AUDIT.c.subject == "B1").values(detail={"行": 2}))


def test_a_record_that_was_taken_out_shows(deployment: Deployment):
    _tampered(deployment, delete(AUDIT).where(AUDIT.c.subject == "B1"))


def test_a_record_that_was_slipped_in_shows(deployment: Deployment):
    _record(deployment, 3)
    chain_once(deployment.store, now=TEN)
    deed = {"at": TEN, "actor": "x", "way": "cli", "action": "a", "subject": "", "address": "", "detail": {}}
    with deployment.engines.writer.begin() as connection:
        connection.execute(insert(AUDIT), [{**deed, "block_id": 1, "chained_at": TEN}])
    assert verify_chain(deployment.store).broken == 1


def _tampered(deployment: Deployment, statement: object) -> None:
    _record(deployment, 3)
    chain_once(deployment.store, now=TEN)
    _record(deployment, 3)
    chain_once(deployment.store, now=TEN)
    assert verify_chain(deployment.store).intact
    with deployment.engines.writer.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    found = verify_chain(deployment.store)
    assert (found.intact, found.broken, found.blocks) == (False, 1, 0)


@pytest.mark.parametrize("engines", ["postgresql"], indirect=True)  # SQLite's one writer commits ids in order
def test_a_deed_that_commits_late_is_in_the_next_block(deployment: Deployment):
    """Claimed by what is missing and never by a range: its id is lower than that of one chained already."""
    with deployment.store.writing() as late:
        late.audit.record("slow", by=IT, at=TEN)
        late.flush()
        _record(deployment)
        assert chain_once(deployment.store, now=TEN) == 1
    assert chain_once(deployment.store, now=TEN) == 1
    found = verify_chain(deployment.store)
    assert (found.intact, found.blocks, found.deeds, found.unchained) == (True, 2, 2, 0)


def test_many_deeds_take_many_blocks(deployment: Deployment):
    _record(deployment, audit_chain.MOST_IN_BLOCK + 1)
    assert [chain_once(deployment.store, now=TEN) for _ in range(3)] == [audit_chain.MOST_IN_BLOCK, 1, 0]
    assert verify_chain(deployment.store).intact


def test_a_name_in_a_foreign_encoding_is_kept_readably_and_chained(deployment: Deployment):
    """P14: one odd file name must not keep the audit from being chained for ever."""
    odd = "codes\udcff\0.csv"
    with deployment.store.writing() as uow:
        uow.audit.record("coupons.import", by=OPS, at=TEN, subject=odd, detail={"file": odd, odd: [odd, 1]})
    assert chain_once(deployment.store, now=TEN) == 1
    assert verify_chain(deployment.store).intact
    with deployment.store.reading() as uow:
        (deed,) = uow.audit.page()
    assert (deed.subject, deed.detail) == ("codes??.csv", {"file": "codes??.csv", "codes??.csv": ["codes??.csv", 1]})
