"""What all pages share: a template, the person, and reads that happen on threads."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView
from starlette_admin.flash import get_flashed_messages

from app.bootstrap import Lifeboat
from app.web.console.auth import person_of


class ConsolePage(CustomView):
    """A view of the console."""

    def __init__(self, boat: Lifeboat) -> None:
        super().__init__()
        self.boat = boat

    def render(self, request: Request, template: str, *, status: int = 200, **context: Any) -> Response:  # noqa: ANN401 - what the template shows
        """Return a page made from one of our templates."""
        if self.templates is None:
            raise RuntimeError("the view has not been added to the console")
        known = {"person": person_of(request), "flashed_messages": get_flashed_messages(request)}
        return self.templates.TemplateResponse(
            request, f"console/{template}", {"title": self.menu_label, **known, **context}, status_code=status
        )

    def is_active(self, request: Request) -> bool:
        """Mark the menu also on the pages below this one."""
        path = request.scope["path"].removeprefix(request.scope["root_path"]) or "/"
        return bool(path == self.path or (self.path != "/" and path.startswith(f"{self.path}/")))


def cursor_of(request: Request) -> int | None:
    """Return the row id to go on before, None where the address holds none or nonsense."""
    text = request.query_params.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 - fits 64 bits


def with_query(request: Request, **changes: str | int | None) -> str:
    """Return this page's address with some of its parameters changed, for the links of a list."""
    kept = {name: value for name, value in request.query_params.items() if name not in changes}
    kept |= {name: str(value) for name, value in changes.items() if value is not None}
    return "?" + urlencode(kept)
