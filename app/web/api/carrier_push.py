"""What a carrier pushes, at an address that only it knows and under a signature; no key of ours goes with it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app.bootstrap.source_files import PUSHES, salt_of_push
from app.domain.problems import NotFound
from app.watch.sources.push import ANSWERS, take_push
from app.web.parts import TheBoat, TheDoor

router = APIRouter(tags=["订单进度"])


async def _pushed(name: str, word: str, request: Request, boat: TheBoat, door: TheDoor) -> tuple[str, bytes]:
    """Return the salt and the body of a push; a stranger's body is not read."""
    salt = salt_of_push(boat.settings, name, word)
    if salt is None:
        raise NotFound("没有这个地址。")
    return salt, await door.bodies.read(dict(request.scope["headers"]), request.receive)


@router.post(f"{PUSHES}/{{name}}/{{word}}", include_in_schema=False)
def take(name: str, boat: TheBoat, pushed: Annotated[tuple[str, bytes], Depends(_pushed)]) -> JSONResponse:
    """Take one push of 快递100 and answer in its words."""
    salt, body = pushed
    outcome = take_push(boat.store, name, body, salt=salt, now=boat.clock.now())
    return JSONResponse(dict(ANSWERS[outcome]), 200 if outcome == "taken" else 400)
