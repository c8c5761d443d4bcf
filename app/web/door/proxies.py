"""What our own proxies say of an order that they pass on, believed from their addresses alone.

From anywhere else such fields are ignored and never refused: a customer's browser may send what it likes.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from uvicorn.middleware.proxy_headers import _TrustedHosts

from app.domain.passed_on import FIELDS, PassedOn, SentBefore, passed_on
from app.telemetry.metrics import Metrics

FROM_PROXY = "lifeboat.from_proxy"
"""In the scope of a request that a proxy sent: uvicorn puts the customer's address over the proxy's own."""


class Proxies:
    """The addresses of our proxies, as uvicorn reads them too, and what they mean where they do not say."""

    def __init__(self, addresses: Iterable[str], *, unsaid: SentBefore | None, metrics: Metrics) -> None:
        self._trusted = _TrustedHosts(list(addresses))
        self._unsaid = unsaid
        self._count = metrics.handed_over
        self.heard = False
        """Whether any of them has said something since this was last noted."""

    def have(self, client: tuple[str, int] | None) -> bool:
        """Tell whether a connection comes from one of them."""
        return client is not None and client[0] in self._trusted

    def said(self, headers: Iterable[tuple[bytes, bytes]]) -> PassedOn | None:
        """Return what one of them says of an order, None where it says nothing; counted."""
        said = passed_on(_combined(headers), unsaid=self._unsaid)
        if said is not None:
            self._count.labels(said.sent.value).inc()
            self.heard = True
        return said

    def said_in(self, scope: Mapping[str, Any]) -> PassedOn | None:
        """Return the same for a request that a route takes."""
        return self.said(scope["headers"]) if scope.get(FROM_PROXY) else None


def _combined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return our own fields, a repeated one as a list of all its values (RFC 9110, 5.3), so that none hides another."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in FIELDS:
            found[name] = b"%b, %b" % (found[name], value) if name in found else value
    return found
