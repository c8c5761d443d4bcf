"""How the main system stood when it was last asked, and which storefronts are switched to us."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.domain.main_health import Answers, MainHealth, MainState
from app.store.tables.columns import condition, partial_index, row_id

SWITCHED = condition("switched", "{t}ended_at IS NULL")
UNTOLD = condition("switched", "{t}told < 2")


class MainProbe(SQLModel, table=True):
    """What the probe of the main system has come to, what it saw last, what a person says, and what was told of it.

    One row, by its name. ``told`` is the state that was last told, ``edge`` counts how often it changed; both move in
    the transaction of the messages.
    """

    __tablename__ = "main_probe"

    name: str = Field(primary_key=True, max_length=8)
    state: str = Field(max_length=8)  # a MainState: what the looks have come to
    answers: str | None = Field(default=None, max_length=8)  # an Answers
    since: datetime | None = None
    looked_at: datetime | None = None
    health_ms: int | None = None
    health_reason: str = Field(default="", max_length=80)  # why it did not answer
    lookup_ms: int | None = None
    lookup_reason: str = Field(default="", max_length=80)
    sent_at: datetime | None = None  # the newest order that had been sent to it before it came to us
    ordered: str | None = Field(default=None, max_length=8)  # a MainState, as a person says
    ordered_by: str = Field(default="", max_length=80)
    ordered_why: str = Field(default="", max_length=200)
    ordered_until: datetime | None = None
    told: str = Field(default="", max_length=8)
    told_since: datetime | None = None
    edge: int = 0

    @property
    def health(self) -> MainHealth:
        """What the looks have come to."""
        answers = Answers(self.answers) if self.answers else None
        return MainHealth(state=MainState(self.state), answers=answers, since=self.since, looked_at=self.looked_at)


class Switched(SQLModel, table=True):
    """A storefront, or all, that stands in with us: who said so, why, and until when; over once it has ended.

    ``told`` counts what the groups have heard: 1 that it began, 2 that it is over.
    """

    __tablename__ = "switched"
    __table_args__ = (
        partial_index("switched_now", "channel", where=SWITCHED, unique=True),
        partial_index("switched_untold", "id", where=UNTOLD),
    )

    id: int | None = row_id()
    channel: str = Field(max_length=48)
    since: datetime
    by: str = Field(max_length=80)
    reason: str = Field(max_length=200)
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = Field(default="", max_length=80)
    ended_why: str = Field(default="", max_length=200)
    told: int = 0
