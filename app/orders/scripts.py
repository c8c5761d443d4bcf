"""What customer service answers about an order (话术), chosen by how it stands; the sentences are data."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from app.domain.states import HeldKind, OrderState
from app.toml_file import parse_toml, read_small_file

SHIPPED = Path(__file__).with_name("scripts.toml")
PLACES = frozenset({"number", "amount", "main", "missing"})
"""What a sentence may leave a place for."""


class Script(BaseModel):
    """One question of customers, and how it is answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    asked: str
    text: str
    owner: str
    """Whose job it is."""
    next: str
    """What comes next, for whoever answers."""
    states: tuple[OrderState, ...] = ()
    kinds: tuple[HeldKind, ...] = ()
    paid: tuple[str, ...] = ()
    coupon: bool | None = None
    """Whether it is for those who have, or surely get, a coupon, or for the others; None for both."""

    @field_validator("text")
    @classmethod
    def _known_places(cls, text: str) -> str:
        unknown = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None} - PLACES
        if unknown:
            raise ValueError(f"unknown places: {', '.join(sorted(unknown))}")
        return text

    def fits(self, state: str, kind: str | None, paid: str | None, *, coupon: bool) -> bool:
        """Tell whether it answers for an order in this state, held for this kind of doubt, paid so, with a coupon."""
        return (
            (not self.states or state in self.states)
            and (not self.kinds or kind in self.kinds)
            and (not self.paid or paid in self.paid)
            and self.coupon in {None, coupon}
        )


class ScriptFile(BaseModel):
    """A file of scripts, the most particular first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    script: tuple[Script, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A script with its places filled in."""

    asked: str
    text: str
    owner: str
    next: str


@cache
def shipped_scripts() -> tuple[Script, ...]:
    """Return the scripts that come with the product."""
    _, document = parse_toml(read_small_file(SHIPPED))
    return ScriptFile.model_validate(document).script


def answers(
    state: str, kind: str | None, paid: str | None, places: Mapping[str, str], *, coupon: bool = False
) -> list[Reply]:
    """Return what fits an order, the answer first; ``places`` has a text for each of :data:`PLACES`."""
    fitting = [script for script in shipped_scripts() if script.fits(state, kind, paid, coupon=coupon)]
    return [Reply(one.asked, one.text.format_map(places), one.owner, one.next) for one in fitting]
