"""How the main system stands, in one row, and which storefronts are switched to us."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from app.domain.main_health import MainState
from app.store.statements import insert_new
from app.store.tables import MainProbe, Switched
from app.store.tables.failover import SWITCHED, UNTOLD

MAIN = "main"


class MainProbeRepository:
    """Keeps what the probe of the main system has come to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self) -> MainProbe | None:
        """Return what is known of the main system; None where nobody has ever looked or said anything."""
        return self._session.get(MainProbe, MAIN)

    def locked(self) -> MainProbe:
        """Return the row, made if there is none, and keep others from changing it in this transaction."""
        blank = {"name": MAIN, "state": MainState.UNKNOWN, "health_reason": "", "lookup_reason": ""}
        nobody = {"ordered_by": "", "ordered_why": "", "told": "", "edge": 0}
        insert_new(self._session, MainProbe, [{**blank, **nobody}], unique=("name",))
        mine = select(MainProbe).where(MainProbe.name == MAIN).with_for_update()
        return self._session.scalars(mine.execution_options(populate_existing=True)).one()


class SwitchedRepository:
    """Keeps which storefronts stand in with us."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def now(self, moment: datetime) -> list[Switched]:
        """Return what is switched at a moment, by its name; what has run out is not."""
        lasting = or_(col(Switched.until).is_(None), col(Switched.until) > moment)
        return list(self._session.scalars(select(Switched).where(SWITCHED.query, lasting).order_by(Switched.channel)))

    def of(self, channel: str) -> Switched | None:
        """Return how a storefront is switched; None while it is not, or nobody has said that it is over."""
        return self._session.scalars(select(Switched).where(SWITCHED.query, Switched.channel == channel)).first()

    def begin(self, channel: str, *, by: str, reason: str, until: datetime | None, now: datetime) -> bool:
        """Switch a storefront; where it is switched, say anew who says so, why and until when, and return False."""
        said = {"by": by, "reason": reason, "until": until}
        mine = update(Switched).where(SWITCHED.query, Switched.channel == channel)
        if self._session.execute(mine.values(**said)).rowcount:
            return False
        self._session.add(Switched(channel=channel, since=now, **said))
        self._session.flush()
        return True

    def end(self, row_id: int, *, by: str, why: str, now: datetime) -> bool:
        """End a switch; False where somebody has done so meanwhile."""
        mine = update(Switched).where(SWITCHED.query, Switched.id == row_id)
        return self._session.execute(mine.values(ended_at=now, ended_by=by, ended_why=why)).rowcount == 1

    def run_out(self, now: datetime) -> list[Switched]:
        """Return the switches whose time is over and that nobody has ended."""
        query = select(Switched).where(SWITCHED.query, col(Switched.until) <= now).order_by(col(Switched.id))
        return list(self._session.scalars(query))

    def untold(self) -> list[Switched]:
        """Return the switches of which the groups have not heard all."""
        return list(self._session.scalars(select(Switched).where(UNTOLD.query).order_by(Switched.id)))

    def note_told(self, row: Switched, told: int) -> bool:
        """Note what the groups have heard of a switch; False where somebody has told it meanwhile."""
        mine = update(Switched).where(Switched.id == row.id, Switched.told == row.told)
        return self._session.execute(mine.values(told=told)).rowcount == 1

    def latest(self, *, limit: int) -> Sequence[Switched]:
        """Return the switches that are over, newest first."""
        over = select(Switched).where(col(Switched.ended_at).is_not(None))
        return self._session.scalars(over.order_by(col(Switched.id).desc()).limit(limit)).all()
