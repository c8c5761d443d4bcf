"""Which programs a route lets in, by the scope of their key, and under which name they stand in the audit."""

from collections.abc import Callable
from functools import cache
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.domain.actor import Actor, Way
from app.domain.caller import Caller
from app.domain.problems import Forbidden
from app.web.door.admission import caller_of
from app.web.parts import TheDoor

_BEARER = HTTPBearer(
    bearerFormat="lbk_<id>_<secret>", description="渠道密钥，由 `lifeboat clients add` 生成。", auto_error=False
)


@cache
def scoped(*scopes: str) -> Callable[..., object]:
    """Return the dependency that lets in callers with one of these scopes; a key is so asked once."""

    async def let_in(
        request: Request, door: TheDoor, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Caller:
        caller = await caller_of(dict(request.scope["headers"]), door.access)
        if caller.scope not in scopes:
            raise Forbidden
        return caller

    return let_in


AnyCaller = Annotated[Caller, Depends(scoped("intake", "ops", "lifecycle"))]
OpsCaller = Annotated[Caller, Depends(scoped("ops"))]
WatchCaller = Annotated[Caller, Depends(scoped("ops", "lifecycle"))]
LifecycleCaller = Annotated[Caller, Depends(scoped("lifecycle"))]


async def actor_of(request: Request, caller: OpsCaller) -> Actor:
    """Return who acts by a request of a program, for the audit."""
    return Actor(f"client:{caller.name}", Way.HTTP, request.client.host if request.client else "")


IntakeCaller = Annotated[Caller, Depends(scoped("intake"))]


async def _storefront(request: Request, caller: IntakeCaller) -> Actor:
    return Actor(f"client:{caller.name}", Way.HTTP, request.client.host if request.client else "")


StorefrontActor = Annotated[Actor, Depends(_storefront)]
"""Who acts, where a storefront changes something of its own; it lets in what :data:`IntakeCaller` lets in."""

OpsActor = Annotated[Actor, Depends(actor_of)]
"""Who acts, where a route changes something; it lets in what :data:`OpsCaller` lets in."""
