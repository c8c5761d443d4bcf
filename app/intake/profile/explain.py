"""Shows what becomes of a sample payload: for the person who writes a profile, before the first real order comes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.money import yuan
from app.domain.order import priority_of, total_of
from app.domain.order_number import derive
from app.domain.problems import BadIdempotencyKey, InvalidOrder, Malformed, Problem, UnsupportedMedia
from app.intake.accept import Accepted
from app.intake.profile.payload import USUAL
from app.intake.profile.profile import Profile, Rendered
from app.intake.schemas import OrderIn

_STATUSES = ((Malformed, 400), (BadIdempotencyKey, 400), (UnsupportedMedia, 415), (InvalidOrder, 422))
_SAMPLE_SECRET = b"a sample is not an order: its number only has the right shape"
_SAMPLE_TIME = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a sample becomes: ``order`` (money in yuan) and its key, or else the ``problem``; and the ``answer`` given.

    Without an idempotency key, only an Idempotency-Key header could make a retry safe.
    """

    order: dict[str, Any] | None
    idempotency_key: str | None
    answer: Rendered
    problem: Problem | None = None


def explain(
    profile: Profile,
    body: bytes,
    content_type: str | None = None,
    *,
    received_at: datetime = _SAMPLE_TIME,
    high_above_fen: int = 50_000,
) -> Explanation:
    """Say what becomes of a sample; without a content type it is taken for the profile's usual one.

    The order number in the answer is a sample: the real one depends on the installation's secret.
    """
    try:
        mapped = profile.read(body, USUAL[profile.reader.kind] if content_type is None else content_type)
    except Problem as problem:
        status = next((status for kind, status in _STATUSES if isinstance(problem, kind)), 500)
        return Explanation(None, None, profile.render_problem(problem, status), problem)
    order = mapped.order
    idempotency_key = mapped.idempotency_key or order.client_order_id
    total = total_of(
        stated=order.total,
        prices=[(item.unit_price, item.quantity) for item in order.items],
        freight=order.freight,
        discount=order.discount,
    )
    number = derive(_SAMPLE_SECRET, profile.name, idempotency_key or "sample")
    accepted = Accepted(number, priority_of(total, above_fen=high_above_fen), received_at, replayed=False)
    return Explanation(in_yuan(order), idempotency_key, profile.render_accepted(accepted, order))


def in_yuan(order: OrderIn) -> dict[str, Any]:
    """Return the canonical order as JSON-like values in the form our own door takes: money in yuan, times in ISO."""
    shown: dict[str, Any] = order.model_dump(mode="json", exclude_none=True)
    for holder, names in (
        (shown, ("total", "freight", "discount")),
        *((item, ("unit_price",)) for item in shown["items"]),
    ):
        for name in names:
            if name in holder:
                holder[name] = yuan(holder[name])
    return shown
