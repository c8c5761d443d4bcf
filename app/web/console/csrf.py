"""Forms carry a token that only their own session's pages hold; a sign-in, which has no session yet, tells its origin.

The token differs on each page, though its session does not: pages are packed, and a secret that stands unchanged beside
a visitor's own words could be told from the sizes.
"""

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request

from app.web.console.session import Session

FIELD = "csrftoken"
_SALT = 16


class FormTokens:
    """Makes and checks the tokens of forms."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"lifeboat console forms", "sha256")

    def token(self, session: Session) -> str:
        """Return a token for the forms of one page."""
        salt = secrets.token_hex(_SALT // 2)
        return salt + self._mark(session, salt)

    def fits(self, session: Session, token: str) -> bool:
        """Tell whether a token was made for this session."""
        salt = token[:_SALT]
        return hmac.compare_digest(token[_SALT:].encode(), self._mark(session, salt).encode())

    def _mark(self, session: Session, salt: str) -> str:
        return hmac.digest(self._key, f"{salt}{session.user_id}.{session.nonce}".encode(), "sha256").hex()[:32]


async def carries_token(request: Request, tokens: FormTokens, session: Session) -> bool:
    """Tell whether a form carries a token of its session."""
    read = getattr(request.state, "form", None)  # one that brings a file has been read already
    form = read.fields if read is not None else await request.form()
    return tokens.fits(session, str(form.get(FIELD) or ""))


def from_our_pages(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that a form was sent from a page of this very host; browsers always say so."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in {"same-origin", "none"}
    return urlsplit(headers.get("origin", "")).netloc == headers.get("host", "") != ""
