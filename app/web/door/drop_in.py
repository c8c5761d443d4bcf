"""The drop-in door: orders in the main system's own form, at its own path, answered in its own words."""

from collections.abc import Mapping
from urllib.parse import parse_qs

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.problems import Forbidden, InternalError, NotAllowed, Problem, Unauthenticated
from app.intake.accept import Caller, Intake, Original
from app.intake.profile.profile import ByHeader, ByName, ByQuery, Profile, Rendered
from app.telemetry.metrics import Metrics
from app.web.auth import Access
from app.web.door.body import BodyReader, ClientGone, Headers
from app.web.door.door import Answer, key_in, request_ids, send_answer
from app.web.problems import headers_of, status_of

log = structlog.get_logger()


class DropInDoor:
    """Answers one profile's path."""

    def __init__(
        self, profile: Profile, *, intake: Intake, access: Access, metrics: Metrics, bodies: BodyReader
    ) -> None:
        self._profile = profile
        self._intake = intake
        self._access = access
        self._metrics = metrics
        self._bodies = bodies
        self._request_ids = request_ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one order in the main system's form."""
        request_id = next(self._request_ids)
        try:
            answer = await self._accept(scope, receive)
        except Problem as problem:
            answer = self._refusal(problem, request_id)
        except ClientGone:
            return
        except Exception as error:
            log.exception("door_broke", request_id=request_id, reason=type(error).__name__, profile=self._profile.name)
            answer = self._refusal(InternalError(), request_id)
        await send_answer(send, answer, request_id)

    async def _accept(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise NotAllowed
        headers: Headers = scope["headers"]
        fields = dict(headers)
        caller = await self._caller(scope, fields)
        body = await self._bodies.read(fields, receive)
        mapped = self._profile.read(body, fields.get(b"content-type", b"").decode("latin-1"))
        key = mapped.key or key_in(fields)
        accepted = await self._intake.accept(mapped.order, caller, key=key, original=Original(self._profile.name, body))
        extra: Headers = [(b"idempotent-replayed", b"true")] if accepted.replayed else []
        return _answer(self._profile.render_accepted(accepted, mapped.order), extra)

    async def _caller(self, scope: Scope, fields: Mapping[bytes, bytes]) -> Caller:
        source = self._profile.client
        match source:
            case ByName(name):
                caller = self._access.by_name(name)
                if caller is None:
                    await self._access.refresh()
                    caller = self._access.by_name(name)
            case ByHeader(header):
                token = fields.get(header.lower().encode(), b"").decode("latin-1").removeprefix("Bearer ").strip()
                caller = await self._access.caller(token)
            case ByQuery(parameter):
                token = parse_qs(scope["query_string"].decode("latin-1")).get(parameter, [""])[0]
                caller = await self._access.caller(token)
        if caller is None:
            raise Unauthenticated(
                f"渠道 {source.name if isinstance(source, ByName) else ''} 不存在，请先用 lifeboat clients add 添加。"
            )
        if caller.scope != "intake":
            raise Forbidden
        return caller

    def _refusal(self, problem: Problem, request_id: str) -> Answer:
        self._metrics.refusals.labels(problem.code).inc()
        log.info(
            "order_refused",
            code=problem.code,
            request_id=request_id,
            profile=self._profile.name,
            pointers=[e.pointer for e in problem.errors][:10],
        )
        extra = [(name.encode(), value.encode()) for name, value in headers_of(problem).items()]
        if isinstance(problem, NotAllowed):
            extra.append((b"allow", b"POST"))  # RFC 9110: a 405 says what is allowed
        return _answer(self._profile.render_problem(problem, status_of(problem)), extra)


def drop_in_doors(
    profiles: tuple[Profile, ...], *, intake: Intake, access: Access, metrics: Metrics, bodies: BodyReader
) -> dict[str, ASGIApp]:
    """Return a door for each profile, by its path."""
    return {
        profile.path: DropInDoor(profile, intake=intake, access=access, metrics=metrics, bodies=bodies)
        for profile in profiles
    }


def _answer(rendered: Rendered, extra: Headers) -> Answer:
    return rendered.status, [(b"content-type", rendered.content_type.encode()), *extra], rendered.body
