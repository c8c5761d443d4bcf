"""The provider for those who have none yet: nothing is sent, and nobody is told otherwise."""

from datetime import datetime

from app.channels.base import Sms
from app.channels.sms.request import refuse_number
from app.domain.outcome import Outcome, Simulated


class DryRunSms:
    """Takes every message a real provider could deliver and delivers none; the caller keeps the text."""

    async def send(self, message: Sms) -> Outcome:
        """Say that ``message`` was only simulated, or refuse a number that no provider reaches."""
        return refuse_number(message.phone) or Simulated()

    async def settle(self, message: Sms, sent_at: datetime) -> Outcome:  # noqa: ARG002 - the protocol's signature
        """Say that it was only simulated: there is never any doubt."""
        return Simulated()

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""
