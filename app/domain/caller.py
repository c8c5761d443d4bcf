"""Who a request of a program comes from: the client that holds the storefront key it carries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """A client, as the door knows it."""

    client_id: str
    name: str
    scope: str
    drill: bool
