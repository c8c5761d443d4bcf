"""Everything else that can happen, and what must hold after each step: the checker's findings, the model, the ledger."""

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from app.batch.download import take_file
from app.batch.maker import Published, Underway
from app.domain.problems import NotInThisState
from app.handback.check_results import check_results
from app.handback.headings import shipped_headings
from app.handback.import_results import import_results
from app.handback.read_results import read_results
from app.orders import decide
from app.store.ledger import ledger_of
from tests.deployment.facts import IT, OPS
from tests.engines.dying import dies
from tests.failure.sequence.door import PICK, AtTheDoor
from tests.harness import evidence
from tests.harness.checker import check_orders

FINAL = frozenset({"imported", "duplicate", "rejected", "cancelled"})
DECISIONS: dict[str, tuple[frozenset[str], str]] = {
    "cancel": (frozenset({"accepted", "held", "batched"}), "cancelled"),
    "reject": (frozenset({"held", "batched"}), "rejected"),
    "release": (frozenset({"held"}), "accepted"),
    "mark_duplicate": (frozenset({"held"}), "duplicate"),
}
WORDS = ("imported", "duplicate", "failed", "")


class AnySequence(AtTheDoor):
    """Everything that can happen to an order, in any order. Nothing here asks ``app`` how an order stands."""

    steps_made = 0

    @initialize()
    def begin_with_a_batch(self) -> None:
        """Most of what can go wrong needs a file, so that a sequence should not spend its steps on the way to one."""
        for _ in range(3):
            self.submit()
        self.everything_agrees()
        self.batch(forced=True)

    # ---- batches ---------------------------------------------------------------------------------------------------

    @rule(forced=st.booleans())
    def batch(self, *, forced: bool) -> None:
        outcomes = self.deployment.maker.build(chunk=2).run_once(self.clock.now(), by=IT if forced else None)
        all_out = forced and not any(isinstance(outcome, Underway) for outcome in outcomes)
        self.model.allow("accepted", "batched", "held", *(() if all_out else ("accepted",)))

    @rule(at=st.integers(1, 20), forced=st.booleans())
    def die_while_batching(self, at: int, *, forced: bool) -> None:
        now = self.clock.now()
        dies(
            self.deployment,
            at,
            lambda store, disk: self.deployment.maker.build(store=store, disk=disk, chunk=2).run_once(
                now, by=IT if forced else None
            ),
        )
        self.model.allow("accepted", "accepted", "batched", "held")

    @precondition(lambda self: self.model.files)
    @rule(pick=PICK)
    def repair(self, pick: int) -> None:
        outcome = self.deployment.maker.repair(self._file(pick), by=IT, now=self.clock.now())
        if isinstance(outcome, Published):
            assert outcome.manifest["kind"] == "repair"

    @precondition(lambda self: self.model.files)
    @rule(pick=PICK, at=st.integers(1, 8))
    def die_while_repairing(self, pick: int, at: int) -> None:
        name, now = self._file(pick), self.clock.now()
        dies(
            self.deployment,
            at,
            lambda store, disk: self.deployment.maker.build(store=store, disk=disk).repair(name, by=IT, now=now),
        )

    @precondition(lambda self: self.model.files)
    @rule(pick=PICK)
    def download(self, pick: int) -> None:
        name = self._file(pick)
        taken = take_file(
            self.deployment.store, self.deployment.maker.exports, name, "csv", by=OPS, now=self.clock.now()
        )
        assert hashlib.sha256(taken.path.read_bytes()).hexdigest() == taken.sha256 == self.model.files[name]
        assert len(taken.earlier) == self.model.downloads[name]
        self.model.downloads[name] += 1

    # ---- what people and the main system say -----------------------------------------------------------------------

    @precondition(lambda self: self.model.files)
    @rule(pick=PICK, words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=5), twice=st.booleans())
    def return_results(self, pick: int, words: list[str], *, twice: bool) -> None:
        """Upload words on a batch's orders in any order, perhaps each line twice; then the same upload again."""
        name = self._file(pick)
        said = {number: word for number, word in zip(self._numbers_in(name), itertools.cycle(words)) if word}
        if not said:
            return
        lines = [
            {"order_number": n, "result": w, "main_order_number": f"M-{n}" if w == "imported" else None}
            for n, w in reversed(said.items())
        ] * (1 + twice)
        here = self._live_in(name)
        for key, known in self.model.orders.items():
            word = said.get(known.number, "")
            if known.state == "batched" and word in FINAL and known.number in here:
                self.model.may[key] = {word}
            elif known.state == "batched" and word in FINAL:
                self.model.may[key] = {"batched", word}  # a word on the batch it has left since
        applied = [self._upload(name, lines) for _ in range(2)]
        assert applied[1] == 0, f"the same upload of {name} changed {applied[1]} orders at its second time"

    @precondition(lambda self: self.model.orders)
    @rule(pick=PICK, what=st.sampled_from(tuple(DECISIONS)))
    def decide(self, pick: int, what: str) -> None:
        key, known = self.model.at(pick)
        if not known.state:
            return
        allowed, after = DECISIONS[what]
        act: Callable[..., object] = getattr(decide, what)
        how: dict[str, object] = {"reason": "顾客要求"} if what in {"cancel", "reject"} else {}
        if what == "release":
            how["preflight"] = self.deployment.maker.preflight()
        try:
            with self.deployment.store.writing() as uow:
                act(uow, known.number, by=OPS, now=self.clock.now(), **how)
            assert known.state in allowed, f"{what} of an order that is {known.state}"
            self.model.may[key] = {after}
        except NotInThisState as refusal:
            twins = {one.state for one in self.model.orders.values() if one.phone == known.phone and one is not known}
            lost = "不会发货" in refusal.detail and twins & {"cancelled", "rejected"}
            circle = "自己的重复单" in refusal.detail and "duplicate" in twins
            no_other = what == "mark_duplicate" and bool(lost or circle)
            assert known.state not in allowed or no_other, f"{what} was refused of an order that is {known.state}"

    # ---- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def everything_agrees(self) -> None:
        type(self).steps_made += 1
        found = check_orders(self.ledger.path, self.source, data_dir=self.home, exports=self.deployment.maker.folder)
        assert not found.violations(), found.violations()
        rows = {order.key: order for order in evidence.stored_orders(self.source)}
        for key, known in self.model.orders.items():
            row = rows.get(key)
            if row is None:
                assert not known.state, f"{key} was in the database and is gone"
                continue
            expected = self.model.may.get(key, {known.state or "accepted"})
            assert row.state in expected, (
                f"{key} went from {known.state or 'nowhere'} to {row.state}, not to {expected}"
            )
            if row.state == "held" != known.state:
                assert sum(other.phone == known.phone for other in self.model.orders.values()) > 1, (
                    f"{key} looks like none"
                )
            known.number, known.state = row.number, row.state
        self.model.may.clear()
        self._files_stay()
        self._ledger_balances(Counter(order.state for order in rows.values()), set(rows))

    def _files_stay(self) -> None:
        published = {b.name for b in evidence.stored_batches(self.source) if b.state == "published"}
        on_disk = {file.path.stem: file.sha256 for file in evidence.batch_files(self.deployment.maker.folder)}
        for name in published:
            assert self.model.files.setdefault(name, on_disk[name]) == on_disk[name], f"{name} has other bytes"
        assert set(self.model.files) <= published

    def _ledger_balances(self, states: Counter[str], stored: set[str]) -> None:
        told = ledger_of(self.deployment.store, spool_dir=self.spool_dir)
        spooled = {one.key for one in evidence.spooled(self.spool_dir)} - stored
        assert told.balanced, told
        assert (told.accepted, told.spooled, told.waiting) == (
            states.total() + len(spooled),
            len(spooled),
            states["accepted"],
        )
        for state in ("held", "batched", *FINAL):
            assert getattr(told, state) == states[state], (state, told, states)

    def teardown(self) -> None:
        """Bring everything home: each order that was ever answered ends in one final state, in one file at most."""
        try:
            self._bring_home()
        finally:
            self.process.end()
            self.ledger.close()

    def _bring_home(self) -> None:
        self.find_the_store_again()
        self.drain()
        self.everything_agrees()
        for _ in range(3):
            self.clock.at += timedelta(minutes=61)
            self.batch(forced=True)
            self.everything_agrees()
            for n in range(len(self.model.orders)):
                if self.model.at(n)[1].state == "held":
                    self.decide(n, "release")
            self.everything_agrees()
        self._with_every_file(lambda n: self.return_results(n, ["failed", "imported"], twice=True))
        self._with_every_file(self.repair)
        self._with_every_file(lambda n: self.return_results(n, ["imported"], twice=False))
        self._with_every_file(self.download)
        self._with_every_file(self.download)
        left = {key: k.state for key, k in self.model.orders.items() if k.state not in FINAL and (k.state or k.told)}
        assert not left, f"not home: {left}"
        for n, what in itertools.product(range(len(self.model.orders)), DECISIONS):
            self.decide(n, what)  # nobody changes what is final
        self.everything_agrees()

    def _with_every_file(self, act: Callable[[int], None]) -> None:
        for n in range(len(self.model.files)):
            act(n)
            self.everything_agrees()

    # ---- by hand ------------------------------------------------------------------------------------------------------

    def _file(self, pick: int) -> str:
        return sorted(self.model.files)[pick % len(self.model.files)]

    def _numbers_in(self, name: str) -> list[str]:
        (file,) = [f for f in evidence.batch_files(self.deployment.maker.folder) if f.path.stem == name]
        return list(dict.fromkeys(file.numbers))

    def _live_in(self, name: str) -> set[str]:
        """Return the numbers of orders whose live batch this is."""
        batch = next(b.row_id for b in evidence.stored_batches(self.source) if b.name == name)
        live = {order for order, of in evidence.live_batches(self.source) if of == batch}
        return {order.number for order in evidence.stored_orders(self.source) if order.row_id in live}

    def _upload(self, name: str, lines: list[dict[str, Any]]) -> int:
        data = json.dumps({"results": lines}).encode()
        found = check_results(read_results(data, headings=shipped_headings(), content_type="application/json"))
        report = import_results(self.deployment.store, name, found, by=IT, now=self.clock.now())
        return report.applied
