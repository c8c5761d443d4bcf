"""The drop-in door: orders in the main system's own form, at its own path, answered in its own words.

These paths are looked up before FastAPI: behind its middleware, an order at one of them cost a fifth more.
"""

from collections.abc import Iterable
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.caller import Caller
from app.domain.problems import Forbidden, NotAllowed, Problem, Unauthenticated
from app.intake.accept import Original
from app.intake.profile.profile import ByHeader, ByName, ByQuery, Profile
from app.web.auth import Access
from app.web.door.admission import idempotency_key_of, may_order
from app.web.door.body import Fields, Headers
from app.web.door.door import Door, answered
from app.web.door.receipt import REPLAYED, Answer, send_answer
from app.web.problems import headers_of, status_of


def drop_ins(profiles: Iterable[Profile], door: Door) -> dict[str, ASGIApp]:
    """Return what answers each profile's path, whatever the method: also a wrong one hears the main system's words."""
    return {profile.path: DropIn(profile, door) for profile in profiles}


class DropIn:
    """Answers one profile's path."""

    def __init__(self, profile: Profile, door: Door) -> None:
        self._profile = profile
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one order in the main system's form."""
        request_id = next(self._door.request_ids)
        answer = await answered(self._take(scope, receive), refusal=self._refusal, request_id=request_id)
        if answer is not None:
            await send_answer(send, answer, (b"x-request-id", request_id.encode()))

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
            passed_on=self._door.proxies.said_in(scope),
        )
        rendered = profile.render_accepted(accepted, mapped.order)
        headers: Headers = ((b"content-type", rendered.content_type.encode()),)
        return Answer(rendered.status, (*headers, *REPLAYED) if accepted.replayed else headers, rendered.body)

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
        return Answer(rendered.status, tuple(headers), rendered.body)
