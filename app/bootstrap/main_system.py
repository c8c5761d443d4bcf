"""Opens the main systems of a deployment: one client for all, one pace for each account."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.main_files import DescribedMain, described_mains
from app.bootstrap.main_tokens import KeptToken, first_token
from app.domain.main_system import OrderNames
from app.domain.order import Order
from app.main_system.caller import MainCaller
from app.main_system.document import MainDocument
from app.main_system.erp import ErpSetUp
from app.main_system.http_replay import HttpMainSystem
from app.main_system.port import MainSystem
from app.outbound.api import ask
from app.outbound.client import STANDARD, outbound_client
from app.outbound.pace import CallPace
from app.store.names_in_main import names_in_main
from app.store.sealing import CannotUnseal

Wait = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OpenMain:
    """One main system, ready to be called."""

    file: DescribedMain
    main: MainSystem


class MainSystems:
    """The main systems of one process; ``wrong`` are sentences on those that cannot be called."""

    def __init__(
        self, boat: Lifeboat, *, transport: httpx.AsyncBaseTransport | None = None, wait: Wait = asyncio.sleep
    ) -> None:
        self._boat = boat
        self._http = outbound_client(transport=transport)
        self._wait = wait
        found = described_mains(boat.settings)
        self.wrong = found.wrong
        self.known: Sequence[OpenMain] = [OpenMain(one, self._opened(one)) for one in found.known]

    def of(self, profile: str | None) -> OpenMain | None:
        """Return where an order goes home: to its profile's main system if that describes one, else to the ERP."""
        own = [one for one in self.known if one.file.kind == "http" and one.file.name == profile]
        erp = [one for one in self.known if one.file.kind != "http"]
        return next(iter([*own, *erp]), None)

    def named(self, name: str) -> OpenMain | None:
        """Return a main system by its name."""
        return next((one for one in self.known if one.file.name == name), None)

    def main_of(self, profile: str | None) -> MainSystem | None:
        """Return the main system alone of where an order goes home."""
        found = self.of(profile)
        return found.main if found is not None else None

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    def _opened(self, file: DescribedMain) -> MainSystem:
        described = file.described
        if not isinstance(described, MainDocument):
            return HttpMainSystem(described, self._caller(float(described.main.per_minute)), secrets=file.secrets)
        return described.kind.open(
            ErpSetUp(
                address=described.address,
                access={**described.plain, **file.secrets},
                shops=dict(described.shops),
                options=described.options,
                caller=self._caller(described.per_minute),
                tokens=KeptToken(self._boat, file.account, first_token(file.secrets), wait=self._wait),
            )
        )

    def _caller(self, per_minute: float) -> MainCaller:
        pace = CallPace(per_minute, sleep=self._wait)
        return MainCaller(partial(ask, self._http, time_limit=STANDARD.total), pace=pace, clock=self._boat.clock)


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """What we know of an order that is asked for: its names, its profile, and its content if it is ours."""

    names: OrderNames
    profile: str | None = None
    order: Order | None = None
    is_ours: bool = False


def known_order(boat: Lifeboat, number: str) -> KnownOrder:
    """Return an order by our number; a number that is none of ours is asked for as it is, under both names."""
    with boat.store.reading() as uow:
        row = uow.orders.numbered(number.upper())
        if row is None:
            return KnownOrder(OrderNames(number, number))
        names = names_in_main(uow, row)
        try:
            order = boat.keyring.open_order(row.sealed, row.number)
        except CannotUnseal:  # it can be looked up all the same, and is compared with nothing
            order = None
        return KnownOrder(names, row.profile, order, is_ours=True)
