"""Lets a web process tell the groups that the worker is silent; robots are opened only where there is something to."""

import asyncio

from app.bootstrap.channels import open_robots, policy_of
from app.bootstrap.lifeboat import Lifeboat
from app.notify.tell_directly import SilenceTeller
from app.watch.rules import WORKER_SILENT


def tell_of_silence(boat: Lifeboat) -> int:
    """Tell the groups, on the thread of the caller; return how many messages left."""
    settings = boat.live
    teller = SilenceTeller(
        boat.store, boat.clock, policy_of(settings), boat.keyring, rule=WORKER_SILENT.name, holder=f"{boat.holder}:web"
    )
    return asyncio.run(teller.run_once(lambda: open_robots(settings, boat.clock)))
