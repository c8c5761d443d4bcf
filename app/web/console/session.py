"""A session is a signed cookie: whose it is, when it began, when it was last used. It ends by time or by the account.

The account's row carries an epoch; a session of an earlier epoch is over. So changing a password, closing an account
or signing out everywhere needs no list of sessions.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

COOKIE = "lifeboat_session"
IDLE = timedelta(hours=2)
"""Without a click this long a session is over. What pages ask by themselves is a click while an incident is open."""

RENEW_AFTER = timedelta(minutes=1)
"""How much older a cookie may be than the last click, so that not each answer sets one."""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person on one device."""

    user_id: int
    epoch: int
    began_at: datetime
    used_at: datetime
    nonce: str


class Sessions:
    """Issues and reads session cookies."""

    def __init__(self, key: bytes, *, longest: timedelta) -> None:
        self._signer = URLSafeSerializer(key, salt="lifeboat console session")
        self._longest = longest

    def begin(self, user_id: int, epoch: int, *, now: datetime) -> str:
        """Return a cookie for a new session, unlike any before it."""
        return self._written(Session(user_id, epoch, now, now, secrets.token_urlsafe(12)))

    def read(self, cookie: str, *, now: datetime) -> Session | None:
        """Return the session of a cookie; None if we did not sign it, or its time is over."""
        try:
            user_id, epoch, began, used, nonce = self._signer.loads(cookie)
        except (BadSignature, ValueError, TypeError):
            return None
        session = Session(user_id, epoch, datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(used, UTC), nonce)
        over = now - session.began_at >= self._longest or now - session.used_at >= IDLE
        return None if over else session

    def ends_at(self, session: Session) -> datetime:
        """Return when a session is over if nobody clicks any more."""
        return min(self.longest_of(session), session.used_at + IDLE)

    def longest_of(self, session: Session) -> datetime:
        """Return when a session is over whatever is clicked."""
        return session.began_at + self._longest

    def lasts(self, began_at: datetime, *, now: datetime) -> bool:
        """Tell whether a session that began then may still be used, however busy it was."""
        return now - began_at < self._longest

    def renewed(self, session: Session, *, now: datetime) -> str | None:
        """Return the cookie to set after a click, None if the one there is fresh enough."""
        if now - session.used_at < RENEW_AFTER:
            return None
        return self._written(replace(session, used_at=now))

    def _written(self, session: Session) -> str:
        moments = int(session.began_at.timestamp()), int(session.used_at.timestamp())
        return str(self._signer.dumps([session.user_id, session.epoch, *moments, session.nonce]))
