"""Clients and their keys, people and their passwords."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob, condition, partial_index

UNSENT = condition("contact_code", "{t}sent_at IS NULL")


class Client(SQLModel, table=True):
    """A storefront, or a program of operations."""

    __tablename__ = "client"

    id: str = Field(primary_key=True, max_length=16)
    name: str = Field(unique=True, max_length=64)
    scope: str = Field(max_length=16)
    drill: bool = False
    created_at: datetime


class ClientKey(SQLModel, table=True):
    """A key of a client; two may be active while one replaces the other. Only the hash of its secret is kept."""

    __tablename__ = "client_key"

    id: str = Field(primary_key=True, max_length=16)
    client_id: str = Field(foreign_key="client.id", index=True, max_length=16)
    secret_sha256: bytes = blob()
    created_at: datetime
    revoked_at: datetime | None = None


class User(SQLModel, table=True):
    """A person at the console; phone and e-mail rest sealed, and are used only once they are verified."""

    __tablename__ = "user_account"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    role: str = Field(max_length=16)
    password_hash: str = Field(max_length=255)
    must_change: bool = False
    session_epoch: int = 0  # raised to end every session of this person
    created_at: datetime
    disabled_at: datetime | None = None
    phone: bytes | None = blob(nullable=True)  # sealed
    phone_verified_at: datetime | None = None
    email: bytes | None = blob(nullable=True)  # sealed
    email_verified_at: datetime | None = None


class ContactCode(SQLModel, table=True):
    """A code on its way to a phone or an e-mail address; neither the code nor the address is in it.

    The code follows from ``nonce``, the address and a key of ours, at the moment it is sent and when it is compared.
    """

    __tablename__ = "contact_code"
    __table_args__ = (partial_index("contact_code_unsent", "user_id", where=UNSENT),)

    user_id: int = Field(primary_key=True, foreign_key="user_account.id")
    way: str = Field(primary_key=True, max_length=8)  # a ContactWay
    nonce: str = Field(max_length=32)
    tries: int = 0
    made_at: datetime
    ends_at: datetime
    sent_at: datetime | None = None  # when its message was written


class LoginThrottle(SQLModel, table=True):
    """Failed sign-ins of one account or one address."""

    __tablename__ = "login_throttle"

    subject: str = Field(primary_key=True, max_length=128)
    failures: int = 0
    blocked_until: datetime | None = None
    updated_at: datetime
