"""The parts of one web process, and how a route asks for one: ``boat: TheBoat``, ``door: TheDoor``."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from app.bootstrap import Lifeboat
from app.bootstrap.order_path import OrderPath, open_order_path
from app.domain.passed_on import SentBefore
from app.files.sheet_reader import STANDARD
from app.intake.profile.profile import ByName, Profile, load_profiles
from app.web.auth import Access
from app.web.console.lookout import Lookout
from app.web.door.body import BodyReader
from app.web.door.door import Door
from app.web.door.proxies import Proxies
from app.web.door.receipt import OrderAnswers
from app.web.ops.health import Health
from app.web.ops.metrics import StoreMetrics
from app.web.process_state import ProcessState
from app.web.request_id import request_ids
from app.web.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Parts:
    """What lives as long as the process; it stands in the application's state once, as ``parts``."""

    boat: Lifeboat
    order_path: OrderPath
    profiles: tuple[Profile, ...]
    door: Door
    state: ProcessState
    health: Health
    store_metrics: StoreMetrics
    uploads: Uploads
    lookout: Lookout


def open_parts(boat: Lifeboat, *, slot: int = 0) -> Parts:
    """Put the parts of the web process number ``slot`` together; nothing runs yet."""
    settings = boat.settings
    profiles = load_profiles(settings.profiles_dir) if settings.profiles_dir else ()
    keyless = {profile.name for profile in profiles if isinstance(profile.client, ByName)}
    order_path = open_order_path(boat, slot=slot, keyless=keyless)
    door = Door(
        access=Access(boat.store, settings.spool_dir / "clients.json", clock=boat.clock),
        intake=order_path.intake,
        bodies=BodyReader(limit=settings.max_body_bytes),
        proxies=Proxies(
            settings.trusted_proxies,
            unsaid=SentBefore.UNKNOWN if settings.handed_over else None,
            metrics=boat.metrics,
        ),
        answers=OrderAnswers(zone=settings.zone, metrics=boat.metrics),
        request_ids=request_ids(),
    )
    state = ProcessState(order_path.commit, boat.engines, settings.data_dir, settings.spool_dir)
    watched = Health(boat, state), StoreMetrics(boat, state)
    lookout = Lookout(boat, state.marks)
    return Parts(boat, order_path, profiles, door, state, *watched, Uploads(limit=STANDARD.bytes), lookout)


# Coroutines, though they wait for nothing: FastAPI would send a plain function to a thread at each request.


async def _parts(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


async def _boat(request: Request) -> Lifeboat:
    return (await _parts(request)).boat


async def _door(request: Request) -> Door:
    return (await _parts(request)).door


TheParts = Annotated[Parts, Depends(_parts)]
TheBoat = Annotated[Lifeboat, Depends(_boat)]
TheDoor = Annotated[Door, Depends(_door)]
