"""How many rows one look at the store goes through, so that a figure costs the same however long the past is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Limits in rows.

    Up to ``one_by_one`` orders of an incident are counted in well under a second. ``stretch`` is how far a filter
    without an index goes back, some tens of milliseconds. At ``count_at_most`` a figure on the screen stops counting
    and is shown with a plus sign. ``chunk`` times ``chunks_a_look`` is what one look counts of an incident's orders;
    after a restart amid ten million of them the figure takes some looks to be whole.
    """

    one_by_one: int = 50_000
    stretch: int = 50_000
    count_at_most: int = 100_000
    chunk: int = 50_000
    chunks_a_look: int = 4


STANDARD = Reach()
