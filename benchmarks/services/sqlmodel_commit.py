"""An idiomatic FastAPI + SQLModel service: a session per request, one commit per order, SQLite as durable as ours."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import event
from sqlmodel import Field, Session, SQLModel, create_engine

from app.intake.schemas import OrderIn


class Stored(SQLModel, table=True):
    """An order as a row."""

    __tablename__ = "benchmark_order"

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    phone: str
    total: int | None
    body: str
    received_at: datetime


class Receipt(BaseModel):
    """What the client is told."""

    order_number: str
    status: str
    received_at: datetime


engine = create_engine(
    f"sqlite:///{os.environ['BENCHMARK_DATABASE']}",
    module=sqlite,
    pool_size=64,
    connect_args={"check_same_thread": False, "timeout": 30},
)


@event.listens_for(engine, "connect")
def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def session() -> Iterator[Session]:
    """Return a session a request."""
    with Session(engine) as opened:
        yield opened


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Make the table."""
    SQLModel.metadata.tables["benchmark_order"].create(engine, checkfirst=True)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/orders", status_code=201)
def accept_order(order: OrderIn, db: Annotated[Session, Depends(session)]) -> Receipt:
    """Store and answer."""
    row = Stored(
        number=secrets.token_hex(8),
        phone=order.phone,
        total=order.total,
        body=order.model_dump_json(),
        received_at=datetime.now(UTC),
    )
    db.add(row)
    db.commit()
    return Receipt(order_number=row.number, status="accepted", received_at=row.received_at)
