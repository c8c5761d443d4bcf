"""Puts back stranded messages: their sender died, the clock was set back, or their robot is gone.

The pause of a robot that is gone goes with it: the cure for a revoked robot is a new one, under another name.
"""

from datetime import timedelta

import structlog

from app.channels.kinds import GROUPS, KINDS
from app.domain.clock import Clock
from app.domain.retry import GROUP_DELAYS
from app.notify.dispatch.email import LEASE as LONGEST_LEASE
from app.notify.policy import MessagePolicy
from app.store.unit_of_work import Store

log = structlog.get_logger()

FURTHEST = timedelta(hours=26)
"""No schedule of ours puts a message further ahead (a provider's daily limit: 24 hours)."""

LONGEST_RETRY = GROUP_DELAYS[-1] * 1.5 + timedelta(minutes=1)
"""Nor a retry, or a question to a provider, further than this: the longest delay with its jitter, and a minute."""


def sweep_once(store: Store, policy: MessagePolicy, clock: Clock) -> int:
    """Put stranded messages back, and forget pauses of what is configured no more; return how many messages."""
    now = clock.now()
    known = [(group.channel, group.target) for group in policy.groups]
    with store.writing() as uow:
        found = sum(
            uow.messages.recover_stalled(
                kind.name, now=now, longest=now + LONGEST_LEASE, state=kind.after_death, reason="sender_died"
            )
            for kind in KINDS.values()
        )
        found += uow.messages.pull_forward(now=now, furthest=now + FURTHEST, longest_retry=now + LONGEST_RETRY)
        for kind in GROUPS:
            found += uow.messages.retarget(kind.name, known=known, to=known[0])
        forgotten = uow.pauses.forget_but(policy.destinations())
        uow.pauses.forget_over(now=now)
    if forgotten:
        log.info("pauses_forgotten", count=forgotten)
    if found:
        log.warning("messages_put_back", count=found)
    return found
