"""What happens at the door: orders, retries, look-alikes, a store that goes and comes, a process that dies."""

import itertools
import json
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from app.domain.problems import IdempotencyConflict
from app.intake.accept import Accepted
from app.intake.drain import drain_once
from app.intake.schemas import read_order
from app.store.commit.order_writer import OrderWriter
from tests.deployment import Deployment
from tests.deployment.facts import SHOP, ZONE, minutes
from tests.deployment.orders import order_body
from tests.failure.sequence.model import SPOOL_BYTES, Known, Model, Process, Road
from tests.harness import evidence
from tests.harness.client_ledger import ClientLedger

PICK = st.integers(0, 40)


class AtTheDoor(RuleBasedStateMachine):
    """``deployment`` is one store and a folder, ``source`` reads the database, ``home`` holds the spool and the shop's ledger."""

    def __init__(self, deployment: Deployment, source: evidence.Asks, home: Path) -> None:
        super().__init__()
        self.deployment, self.source, self.home = deployment, source, home
        self.clock = deployment.clock
        self.road = Road(deployment.door.writer)
        self.ledger = ClientLedger(home / "ledger.jsonl")
        self.spool_dir = home / "spool"
        self.serial = itertools.count(1)
        self.model = Model()
        self.process = Process(self.road, self.spool_dir, self.clock)

    # ---- the shop --------------------------------------------------------------------------------------------------

    @rule()
    def submit(self) -> None:
        n = next(self.serial)
        self._send(self._new(f"K{n}", f"138{n:08d}"))

    @precondition(lambda self: self.model.orders)
    @rule(pick=PICK)
    def submit_a_look_alike(self, pick: int) -> None:
        _, twin = self.model.at(pick)
        self._send(self._new(f"K{next(self.serial)}", twin.phone))

    @precondition(lambda self: self.model.orders)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        key, known = self.model.at(pick)
        was_there = bool(known.state)
        accepted = self._send(key)
        if was_there and self.road.state == "up":
            assert accepted.replayed, f"{key} was taken a second time"

    @precondition(lambda self: self.model.orders)
    @rule(pick=PICK)
    def send_another_body_under_a_known_key(self, pick: int) -> None:
        """Where the first is not in the place that is asked, a person decides: see ``test_drain.py``."""
        key, known = self.model.at(pick)
        spooled = {one.key for one in evidence.spooled(self.spool_dir)}
        if not (known.state if self.road.state == "up" else key in spooled and self.road.state == "away"):
            return
        other = json.loads(known.body) | {"note": "another"}
        try:
            accepted = self.process.accept(json.dumps(other).encode(), key)
        except IdempotencyConflict:
            return
        raise AssertionError(f"two bodies under {key} were accepted as {accepted.number}")

    @rule(committed=st.booleans())
    def submit_and_die_before_the_answer(self, *, committed: bool) -> None:
        n = next(self.serial)
        key = self._new(f"K{n}", f"138{n:08d}")
        known = self.model.orders[key]
        self.ledger.attempt_now(key, known.body, phone=known.phone, total="599.00")
        if committed:
            new = self.process.intake.prepare(read_order(known.body), SHOP, idempotency_key=key)
            self.deployment.door.writer.write([new], [self.clock.now()])
        self.crash()

    # ---- the house -------------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(("away", "lost")))
    def lose_the_store(self, how: str) -> None:
        self.road.state = how

    @rule()
    def find_the_store_again(self) -> None:
        self.road.state = "up"
        self.process.wait_until_back()

    @rule()
    def crash(self) -> None:
        """Drop what is in memory, and go on with the files that are there."""
        self.process.end()
        self.road = Road(OrderWriter(self.deployment.engines, zone=ZONE, shard=0), self.road.state)
        self.process = Process(self.road, self.spool_dir, self.clock)

    @rule()
    def drain(self) -> None:
        drained = drain_once(self.spool_dir, store=self.deployment.door.writer, clock=self.clock, max_bytes=SPOOL_BYTES)
        assert (drained.waiting, drained.quarantined, drained.damaged) == (0, 0, [])

    @rule(by=st.sampled_from((-60, -10, 1, 5, 30, 61)))
    def wait(self, by: int) -> None:
        self.clock.at += minutes(by)

    # ---- by hand ---------------------------------------------------------------------------------------------------

    def _new(self, key: str, phone: str) -> str:
        body = order_body(key, phone=phone)
        self.model.orders[key] = Known(json.dumps(body).encode(), phone)
        return key

    def _send(self, key: str) -> Accepted:
        known = self.model.orders[key]
        self.ledger.attempt_now(key, known.body, phone=known.phone, total="599.00")
        accepted = self.process.accept(known.body, key)
        self.ledger.ok(key, known.body, accepted.number, status=200 if accepted.replayed else 201)
        assert known.told in ("", accepted.number), f"{key} has the numbers {known.told} and {accepted.number}"
        known.told = accepted.number
        return accepted
