"""The drop-in door: orders in the main system's own form, at its own path, answered in its own words."""

from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app.domain.caller import Caller
from app.domain.problems import Forbidden, NotAllowed, Problem, Unauthenticated
from app.intake.accept import Original
from app.intake.profile.profile import ByHeader, ByName, ByQuery, Profile
from app.web.auth import Access
from app.web.door.admission import idempotency_key_of, may_order
from app.web.door.body import Fields, Headers
from app.web.door.door import Door, answered
from app.web.door.receipt import Answer
from app.web.problems import REQUEST_ID, headers_of, status_of


def drop_in_routes(profiles: Iterable[Profile], door: Door) -> list[BaseRoute]:
    """Return a route for each profile; every method, since also a wrong one is answered in the main system's words."""
    return [Route(profile.path, DropIn(profile, door), include_in_schema=False) for profile in profiles]


class DropIn:
    """Answers one profile's path."""

    def __init__(self, profile: Profile, door: Door) -> None:
        self._profile = profile
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one order in the main system's form."""
        response = await answered(self._take(scope, receive), refusal=self._refusal, request_id=scope[REQUEST_ID])
        await response(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise NotAllowed
        profile, fields = self._profile, dict(scope["headers"])
        caller = await self._caller(scope, fields, self._door.access)
        body = await self._door.bodies.read(fields, receive)
        mapped = profile.read(body, fields.get(b"content-type", b"").decode("latin-1"))
        accepted = await self._door.intake.accept(
            mapped.order,
            caller,
            idempotency_key=mapped.idempotency_key or idempotency_key_of(fields),
            original=Original(profile.name, body),
        )
        rendered = profile.render_accepted(accepted, mapped.order)
        headers: Headers = [(b"content-type", rendered.content_type.encode())]
        if accepted.replayed:
            headers.append((b"idempotent-replayed", b"true"))
        return Answer(rendered.status, headers, rendered.body)

    async def _caller(self, scope: Scope, fields: Fields, access: Access) -> Caller:
        source = self._profile.client
        match source:
            case ByName(name):
                caller = access.by_name(name)
                if caller is None:
                    await access.refresh()
                    caller = access.by_name(name)
                if caller is None:
                    raise Unauthenticated(f"渠道 {name} 不存在，请先用 lifeboat clients add 添加。")
            case ByHeader(header):
                token = fields.get(header.lower().encode(), b"").decode("latin-1").removeprefix("Bearer ").strip()
                caller = await access.caller(token)
            case ByQuery(parameter):
                token = parse_qs(scope["query_string"].decode("latin-1")).get(parameter, [""])[0]
                caller = await access.caller(token)
        if not may_order(caller):
            raise Forbidden
        return caller

    def _refusal(self, problem: Problem, request_id: str) -> Answer:
        self._door.answers.note_refusal(problem, request_id, profile=self._profile.name)
        rendered = self._profile.render_problem(problem, status_of(problem))
        headers = [(b"content-type", rendered.content_type.encode())]
        headers += [(name.encode(), value.encode()) for name, value in headers_of(problem).items()]
        if isinstance(problem, NotAllowed):
            headers.append((b"allow", b"POST"))  # RFC 9110: a 405 says what is allowed
        return Answer(rendered.status, headers, rendered.body)
