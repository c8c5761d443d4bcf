"""What an action has done is said on the page that follows it: a signed cookie carries the sentences there, once."""

from dataclasses import dataclass
from typing import Any, Literal

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from app.web.console.filters import BASE

COOKIE = "lifeboat_said"
LONGEST = 600
"""Characters of one sentence; a cookie holds some four thousand bytes in all."""

Level = Literal["success", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that was said, and how grave it is."""

    level: str
    text: str


class Said:
    """Keeps sentences between two pages."""

    def __init__(self, key: bytes) -> None:
        self._signer = URLSafeSerializer(key, salt="lifeboat console said")

    def waiting(self, request: Request) -> list[Sentence]:
        """Return what the last action has to say."""
        try:
            found: Any = self._signer.loads(request.cookies.get(COOKIE, ""))
            return [Sentence(str(level), str(text)) for level, text in found]
        except (BadSignature, ValueError, TypeError):
            return []

    def carry(self, request: Request, response: Response, *, secure: bool) -> None:
        """Send along what was said while ``request`` was answered, or take back what its page has shown."""
        if said := spoken(request):
            words = [(one.level, one.text) for one in said[-5:]]
            response.set_cookie(
                COOKIE,
                str(self._signer.dumps(words)),
                max_age=60,
                path=BASE,
                httponly=True,
                samesite="lax",
                secure=secure,
            )
        elif getattr(request.state, "said_shown", False):
            response.delete_cookie(COOKIE, path=BASE, httponly=True, samesite="lax", secure=secure)


def say(request: Request, text: str, level: Level = "success") -> None:
    """Say a sentence on the page that follows."""
    request.state.said = [*spoken(request), Sentence(level, text[:LONGEST])]


def spoken(request: Request) -> list[Sentence]:
    """Return what has been said while this request was answered."""
    said: list[Sentence] = getattr(request.state, "said", [])
    return said
