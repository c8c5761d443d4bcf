"""Keys of storefronts and accounts of people."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.domain.own_clients import OWN_CLIENTS
from app.store.statements import IN_LIMIT, chunks, insert_new
from app.store.tables import Client, ClientKey, Heartbeat, Instance, LoginThrottle, User

_KEY = "key:"
"""Before a key's id in the name of its heartbeat."""


class AccessRepository:
    """Finds and keeps those who may come in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ---- clients ---------------------------------------------------------------------------------------------------

    def add_client(self, client: Client, key: ClientKey) -> None:
        """Add a client with its first key."""
        self._session.add(client)
        self._session.flush()
        self._session.add(key)

    def add_key(self, key: ClientKey) -> None:
        """Add a further key of a client."""
        self._session.add(key)

    def client_named(self, name: str) -> Client | None:
        """Return the client with this name or id."""
        return self._session.scalars(select(Client).where((Client.name == name) | (Client.id == name))).first()

    def clients(self) -> list[Client]:
        """Return all clients by name."""
        return list(self._session.scalars(select(Client).order_by(Client.name)))

    def client_name(self, client_id: str) -> str | None:
        """Return the name of one client, ours among them; None if there is none."""
        own = OWN_CLIENTS.get(client_id)
        return own or self._session.scalar(select(Client.name).where(Client.id == client_id))

    def client_names(self) -> dict[str, str]:
        """Return the names of all clients by id, ours among them, which have no row."""
        return {**OWN_CLIENTS, **dict(self._session.execute(select(Client.id, Client.name)).all())}

    def keys_of(self, client_id: str, *, active: bool = False) -> list[ClientKey]:
        """Return a client's keys, oldest first."""
        query = select(ClientKey).where(ClientKey.client_id == client_id)
        if active:
            query = query.where(ClientKey.revoked_at.is_(None))
        return list(self._session.scalars(query.order_by(ClientKey.created_at)))

    def active_keys(self) -> list[tuple[ClientKey, Client]]:
        """Return every key that opens the door, with its client."""
        query = (
            select(ClientKey, Client)
            .join(Client, Client.id == ClientKey.client_id)
            .where(ClientKey.revoked_at.is_(None))
        )
        return [(key, client) for key, client in self._session.execute(query)]

    def note_uses(self, key_ids: Iterable[str], *, now: datetime) -> None:
        """Write down that these keys are in use; always in one order, so that two processes never wait in a ring."""
        rows = [{"name": f"{_KEY}{key_id}", "at": now, "holder": ""} for key_id in sorted(key_ids)]
        insert_new(self._session, Heartbeat, rows, unique=("name",))
        for row in rows:
            self._session.execute(update(Heartbeat).where(Heartbeat.name == row["name"]).values(at=now))

    def uses(self, key_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when each of these keys was last heard of; one that was never used is missing."""
        found: dict[str, datetime] = {}
        for part in chunks([f"{_KEY}{key_id}" for key_id in key_ids], IN_LIMIT):
            for beat in self._session.scalars(select(Heartbeat).where(Heartbeat.name.in_(part))):
                found[beat.name.removeprefix(_KEY)] = beat.at
        return found

    def revoke(self, key_id: str, *, now: datetime) -> bool:
        """Revoke a key; False if there is no such active key."""
        statement = update(ClientKey).where(ClientKey.id == key_id, ClientKey.revoked_at.is_(None))
        return self._session.execute(statement.values(revoked_at=now)).rowcount == 1

    # ---- people ----------------------------------------------------------------------------------------------------

    def user_named(self, name: str) -> User | None:
        """Return the account with this name."""
        return self._session.scalars(select(User).where(User.name == name)).first()

    def user(self, user_id: int) -> User | None:
        """Return the account with this row id."""
        return self._session.get(User, user_id)

    def users(self) -> list[User]:
        """Return all accounts by name."""
        return list(self._session.scalars(select(User).order_by(User.name)))

    def open_accounts(self, role: str) -> list[User]:
        """Return the open accounts of a role, by name."""
        query = select(User).where(User.role == role, User.disabled_at.is_(None))
        return list(self._session.scalars(query.order_by(User.name)))

    def user_count(self) -> int:
        """Return how many accounts there are."""
        return self._session.scalar(select(func.count()).select_from(User)) or 0

    def lock_administrators(self, role: str) -> list[int]:
        """Return the row ids of the open accounts of a role, locked for the caller's transaction."""
        query = select(User.id).where(User.role == role, User.disabled_at.is_(None)).order_by(User.id)
        return list(self._session.scalars(query.with_for_update()))

    def save_user(self, user: User) -> None:
        """Add or change an account."""
        self._session.add(user)

    def throttle_of(self, subject: str) -> LoginThrottle | None:
        """Return the failed sign-ins of an account or an address, locked for the caller's transaction."""
        return self._session.scalars(
            select(LoginThrottle).where(LoginThrottle.subject == subject).with_for_update()
        ).first()

    def save_throttle(self, throttle: LoginThrottle) -> None:
        """Keep a count of failed sign-ins."""
        self._session.merge(throttle)

    def forget_throttle(self, subject: str) -> None:
        """Forget the failed sign-ins of ``subject``."""
        self._session.execute(delete(LoginThrottle).where(LoginThrottle.subject == subject))

    def forget_throttles(self, *, before: datetime) -> None:
        """Forget failed sign-ins that nobody has added to since ``before``."""
        self._session.execute(delete(LoginThrottle).where(LoginThrottle.updated_at < before))

    # ---- facts of this deployment ----------------------------------------------------------------------------------

    def fact(self, name: str) -> str | None:
        """Return a fact about this deployment."""
        row = self._session.get(Instance, name)
        return row.value if row else None

    def keep_fact(self, name: str, value: str) -> None:
        """Keep a fact about this deployment."""
        self._session.merge(Instance(name=name, value=value))
