"""Where wires are cut: not by chance but by turns, so that each kind of cut befalls every trial."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.harness.wire import Chunk, Cut, CutBeforeReply, Fate, Pass

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""A query and the answer to it, as PostgreSQL's protocol frames them: kind, length, words."""

Turn = Literal["unheard", "unsaid", "heard"]
TURNS: tuple[Turn, ...] = ("unheard", "heard", "unsaid", "heard", "unheard", "heard")
"""Begins with the one that matters most, so that the first COMMIT of an order is always cut off from its answer."""


@dataclass
class CutCommits:
    """Cuts connections to the database while they commit orders: before the server hears of it, or before we hear of it.

    ``unheard`` counts the commits that the server had reported when the wire was cut: those that are done and not known.
    """

    unsaid: int = 0
    unheard: int = 0
    _turns: Iterator[Turn] = field(default_factory=lambda: itertools.cycle(TURNS))

    def __call__(self, chunk: Chunk) -> Fate:
        """Decide about one chunk of PostgreSQL's protocol."""
        if chunk.forth and chunk.brings(b"INSERT INTO orders"):
            chunk.link.seen.add("orders")
        if not (chunk.forth and chunk.brings(COMMIT) and "orders" in chunk.link.seen):
            return Pass()
        chunk.link.seen.clear()
        match next(self._turns):
            case "heard":
                return Pass()
            case "unsaid":
                self.unsaid += 1
                return Cut(0)
            case "unheard":
                return CutBeforeReply(COMMITTED, self._count)

    def _count(self) -> None:
        self.unheard += 1


@dataclass
class CutAnswers:
    """Cuts connections to the door: an answer before its first byte, and now and then a chunk of either way short.

    The first answer that says "taken" is never heard; after that one chunk in ``every``.
    """

    chance: random.Random
    every: int = 40
    unheard: int = 0
    shortened: int = 0
    _chunks: int = 0

    def __call__(self, chunk: Chunk) -> Fate:
        """Decide about one chunk of HTTP."""
        self._chunks += 1
        taken = not chunk.forth and chunk.data.startswith(b"HTTP/1.1 201")
        if taken and self.unheard * self.every * 2 <= self._chunks:
            self.unheard += 1
            return Cut(0)
        if self._chunks % self.every:
            return Pass()
        self.shortened += 1
        return Cut(self.chance.randrange(len(chunk.data) + 1))
