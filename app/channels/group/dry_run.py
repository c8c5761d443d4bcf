"""A group channel without a robot: what would have been sent is recorded as simulated, never as delivered."""

from app.channels.base import GroupNotice
from app.domain.outcome import Outcome, Simulated


class DryRunGroup:
    """Sends nothing."""

    async def send(self, message: GroupNotice) -> Outcome:  # noqa: ARG002 - the protocol's signature
        """Say that nothing was sent."""
        return Simulated()

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""
