"""How often strangers may look an order up: by the network they come from, and by the number they try.

Counted in the memory of each web process by the monotonic clock: a look by a stranger must not become a write that the
door waits for. With several processes a stranger has as many shares, which is still far too few to guess with.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.access.throttle import of_address

MINUTE = 60.0

LOOKS_A_MINUTE = 30
"""Of one network: a whole street may share the address of its mobile provider."""

MISSES_AN_HOUR = 10
"""Of one number, whoever tries it: ten thousand endings of a phone would take weeks."""

MOST_REMEMBERED = 20_000
"""Networks and numbers, each; some 4 MB. The one seen longest ago is forgotten first."""


@dataclass(slots=True)
class _Share:
    left: float
    at: float


class _Shares:
    """What is left of each name's share, which fills up again evenly."""

    def __init__(self, most: int, *, within: float, monotonic: Callable[[], float]) -> None:
        self._most, self._within, self._monotonic = most, within, monotonic
        self._shares: OrderedDict[str, _Share] = OrderedDict()

    def wait(self, name: str) -> float:
        """Return the seconds until there is one again, 0 where there is."""
        left = self._filled(name).left
        return 0.0 if left >= 1 else (1 - left) * self._within / self._most

    def take(self, name: str) -> None:
        """Use one up."""
        share = self._filled(name)
        share.left = max(share.left - 1, 0.0)
        self._shares[name] = share
        self._shares.move_to_end(name)
        while len(self._shares) > MOST_REMEMBERED:
            self._shares.popitem(last=False)

    def give_back(self, name: str) -> None:
        """Undo one use."""
        share = self._filled(name)
        share.left = min(share.left + 1, self._most)

    def _filled(self, name: str) -> _Share:
        now = self._monotonic()
        share = self._shares.get(name) or _Share(self._most, now)
        share.left = min(self._most, share.left + max(now - share.at, 0.0) * self._most / self._within)
        share.at = now
        return share


class Lookups:
    """The shares of all strangers. Belongs to one event loop."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._networks = _Shares(LOOKS_A_MINUTE, within=MINUTE, monotonic=monotonic)
        self._numbers = _Shares(MISSES_AN_HOUR, within=60 * MINUTE, monotonic=monotonic)

    def ask(self, address: str, number: str) -> float:
        """Count a look; return 0, or the seconds to wait where it is too early for one.

        A number that nobody has is counted like any other, so that being kept waiting tells nothing.
        """
        network = of_address(address).name
        wait = max(self._networks.wait(network), self._numbers.wait(number))
        self._networks.take(network)
        return wait

    def missed(self, number: str) -> None:
        """Count a look that found nothing."""
        self._numbers.take(number)


ORDERS_AN_HOUR = 20
"""By one network on the buyers' form: a whole street may share the address of its mobile provider."""

ORDERS_OF_A_PHONE = 5
"""An hour, whoever sends them: each is a text message to somebody who perhaps asked for nothing."""


class BuyersOrders:
    """How much strangers may order. Belongs to one event loop."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._networks = _Shares(ORDERS_AN_HOUR, within=60 * MINUTE, monotonic=monotonic)
        self._phones = _Shares(ORDERS_OF_A_PHONE, within=60 * MINUTE, monotonic=monotonic)

    def wait(self, address: str, phone: str) -> float:
        """Return the seconds until another order may come, 0 where it may now; a repeat is asked here too."""
        return max(self._networks.wait(of_address(address).name), self._phones.wait(phone))

    def ordered(self, address: str, phone: str) -> None:
        """Count an order that was new."""
        self._networks.take(of_address(address).name)
        self._phones.take(phone)


GUESSES_AN_HOUR = 10
"""At the codes of alerts, or of files, by one network: an office shares one address, and a code is typed by hand."""


class Guesses:
    """How often codes may be tried on one page for strangers. Belongs to one event loop, and writes nothing down."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._networks = _Shares(GUESSES_AN_HOUR, within=60 * MINUTE, monotonic=monotonic)

    def begin(self, address: str) -> float:
        """Count a try before it is looked at, so that many at once are many; return 0, or the seconds to wait."""
        network = of_address(address).name
        wait = self._networks.wait(network)
        if wait == 0:
            self._networks.take(network)
        return wait

    def was_right(self, address: str) -> None:
        """Take back a try that was no guess."""
        self._networks.give_back(of_address(address).name)
