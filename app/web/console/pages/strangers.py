"""What every page for strangers has in common: no script, no cookie, for no search engine, kept by no cache."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.web.console.middleware import HEADERS
from app.web.console.page import Frame

SHEET = "/track.css"
AT_ONCE = 4
"""Looks under way in one process; strangers must not use up the threads that people at the console wait for."""

STRANGERS_HEADERS = {
    **HEADERS,
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "no-store",
}


def strangers_page(
    frame: Frame,
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    retry_after: int | None = None,
) -> Response:
    """Return a page; ``retry_after`` is in seconds."""
    headers = dict(STRANGERS_HEADERS)
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    shown = {"sheet": SHEET, **context}
    return frame.templates.TemplateResponse(request, template, shown, status_code=status, headers=headers)
