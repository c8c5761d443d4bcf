"""Looks at rows as they stand in the database, and alters them as no stage would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.store.tables import Alert, Message, OrderRow
from app.store.unit_of_work import Store


@dataclass(frozen=True)
class Rows:
    """The rows of one store."""

    store: Store

    def all(self, query: Any) -> list[Any]:
        """Return what a query of a test's own finds."""
        with Session(self.store.engines.reader) as session:
            return list(session.scalars(query))

    def count(self, table: Any) -> int:
        return int(self.all(select(func.count()).select_from(table))[0])

    def order(self, number: str) -> OrderRow:
        with self.store.reading() as uow:
            row = uow.orders.numbered(number)
        assert row is not None
        return row

    def order_id(self, number: str) -> int:
        return self.order(number).id or 0

    def states(self, numbers: Sequence[str]) -> list[str]:
        return [self.order(number).state for number in numbers]

    def balanced(self) -> bool:
        """Return whether every order of every incident is in one place."""
        with self.store.reading() as uow:
            incidents = uow.incidents.page()
            return all(uow.ledger.of(i).balanced and not uow.ledger.unbatched_strays(i.id or 0) for i in incidents)

    def messages(self, *, kind: str | None = None, state: str | None = None) -> list[Message]:
        """Return messages in the order they were written."""
        found: list[Message] = self.all(select(Message).order_by(Message.id))  # type: ignore[arg-type]
        return [m for m in found if kind in (None, m.kind) and state in (None, m.state)]

    def message_states(self, kind: str = "order_wecom") -> list[str]:
        """Return the states of messages of a kind, in the order they were written."""
        return [message.state for message in self.messages(kind=kind)]

    def alerts(self) -> list[Alert]:
        """Return alerts in the order in which they began."""
        return self.all(select(Alert).order_by(Alert.id))  # type: ignore[arg-type]

    def alter(self, message_id: int | None, **values: Any) -> None:
        """Give a message's row other values, as if whatever leads there had happened."""
        with self.store.engines.writer.begin() as connection:
            connection.execute(update(Message).where(Message.id == message_id).values(**values))  # type: ignore[arg-type]

    def add(self, row: Any) -> None:
        """Put in a row that no stage would write just like this."""
        with Session(self.store.engines.writer) as session, session.begin():
            session.add(row)
