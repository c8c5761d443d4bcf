"""Clients and their keys, people and their passwords."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.store.tables.columns import blob


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
    """A person at the console."""

    __tablename__ = "user_account"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=64)
    role: str = Field(max_length=16)
    password_hash: str = Field(max_length=255)
    must_change: bool = False
    session_epoch: int = 0  # raised to end every session of this person
    created_at: datetime
    disabled_at: datetime | None = None


class LoginThrottle(SQLModel, table=True):
    """Failed sign-ins of one account or one address."""

    __tablename__ = "login_throttle"

    subject: str = Field(primary_key=True, max_length=128)
    failures: int = 0
    blocked_until: datetime | None = None
    updated_at: datetime
