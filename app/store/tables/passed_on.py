"""Orders that a proxy passed on to us and that the main system may have."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.domain.passed_on import MainMayHave, PassedOn, SentBefore
from app.store.tables.columns import condition, partial_index

UNSETTLED = condition("passed_on", "{t}main_may_have = 'maybe'")


class PassedOnOrder(SQLModel, table=True):
    """What proxies said of one order, by its number: how often, and the gravest of it.

    Written with the order, in the same commit; of an order that is here already, whatever has become of it. There is no
    row where nobody says that the main system may have an order.
    """

    __tablename__ = "passed_on"
    __table_args__ = (
        partial_index("passed_on_unsettled", "number", where=UNSETTLED),
        Index("passed_on_last", "last_at"),
    )

    number: str = Field(primary_key=True, max_length=20)
    sent: str = Field(max_length=7)
    reason: str = Field(max_length=300)
    main_may_have: str = Field(max_length=10)  # a MainMayHave
    times: int
    first_at: datetime
    last_at: datetime
    settled_at: datetime | None = None

    @property
    def said(self) -> PassedOn:
        """The gravest of what proxies said."""
        return PassedOn(SentBefore(self.sent), self.reason)

    @property
    def is_open(self) -> bool:
        """Whether nobody has found out yet."""
        return self.main_may_have == MainMayHave.MAYBE
