"""A region's answer: with a mark of its content, so that one which has not changed is answered by 304 and no body."""

import hashlib
import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.web.console.csrf import FIELD

ASKED = "x-region"
"""The header of a page that asks for one of its regions by itself; a person's click has none."""

_TOKEN = re.compile(rb'name="%b" value="[^"]*"' % FIELD.encode())
"""Differs on each page though nothing has changed."""


def marked(request: Request, response: Response) -> Response:
    """Return the answer with its mark, or 304 where the page that asks shows it already; only a whole page has one."""
    if response.status_code != HTTPStatus.OK or not isinstance(getattr(response, "body", None), bytes):
        return response
    mark = f'"{hashlib.sha256(_TOKEN.sub(b"", bytes(response.body))).hexdigest()[:20]}"'
    if request.headers.get("if-none-match") == mark:
        answer = Response(status_code=304)
        answer.raw_headers += [(k, v) for k, v in response.raw_headers if k in {b"set-cookie", b"x-session-ends"}]
        response = answer
    response.headers["etag"] = mark
    return response


def asks_for_region(request: Request) -> bool:
    """Tell whether a page, and not a person, sends this request."""
    return ASKED in request.headers
