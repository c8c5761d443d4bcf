"""What every way in shares: who may come in, the intake, the reader of bodies, and what is answered."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from app.domain.problems import InternalError, Problem
from app.intake.accept import Intake
from app.web.auth import Access
from app.web.door.body import BodyReader, ClientGone
from app.web.door.proxies import Proxies
from app.web.door.receipt import Answer, OrderAnswers

log = structlog.get_logger()

ORDERS = "/v1/orders"


@dataclass(frozen=True, slots=True)
class Door:
    """The parts of the door."""

    access: Access
    intake: Intake
    bodies: BodyReader
    proxies: Proxies
    answers: OrderAnswers
    request_ids: Iterator[str]


async def answered(
    taking: Awaitable[Answer], *, refusal: Callable[[Problem, str], Answer], request_id: str
) -> Answer | None:
    """Return the answer to one order, None where the client has hung up; a mistake of ours is a refusal like others."""
    try:
        return await taking
    except Problem as problem:
        return refusal(problem, request_id)
    except ClientGone:
        return None
    except Exception as error:
        log.exception("door_broke", request_id=request_id, reason=type(error).__name__)
        return refusal(InternalError(), request_id)
