"""Puts back messages that fell between two stools: their sender died, the clock jumped, a robot is gone."""

from datetime import timedelta

import structlog

from app.domain.clock import Clock
from app.domain.retry import GROUP_DELAYS
from app.domain.states import MessageState
from app.notify.dispatch.sms import MAIL_LEASE
from app.notify.policy import MessagePolicy
from app.store.unit_of_work import Store

log = structlog.get_logger()

FURTHEST = timedelta(hours=26)
"""No schedule of ours puts a message further ahead (a provider's daily limit: 24 hours)."""

LONGEST_RETRY = GROUP_DELAYS[-1] * 1.5 + timedelta(minutes=1)
"""Nor a retry, or a question to a provider, further than this: the longest delay with its jitter, and a minute."""

AFTER_DEATH = {"wecom": MessageState.PENDING, "email": MessageState.PENDING, "sms": MessageState.SETTLING}
"""A group may see a message twice; a customer is sent nothing again before the provider has been asked."""


def sweep_once(store: Store, policy: MessagePolicy, clock: Clock) -> int:
    """Put stranded messages back; return how many there were."""
    now = clock.now()
    with store.writing() as uow:
        found = sum(
            uow.messages.recover_stalled(channel, now=now, longest=now + MAIL_LEASE, state=state, reason="sender_died")
            for channel, state in AFTER_DEATH.items()
        )
        found += uow.messages.pull_forward(now=now, furthest=now + FURTHEST, longest_retry=now + LONGEST_RETRY)
        found += uow.messages.retarget("wecom", known=policy.groups, to=policy.groups[0])
    if found:
        log.warning("messages_put_back", count=found)
    return found
