"""Puts together what those need who decide about held orders: the door's checks, and pre-flight by the layout in use.

Imported from here and not from the package: a worker, which decides nothing, need not hold the door's schemas.
"""

from app.batch.judge import Judge
from app.batch.preflight import LayoutPreflight
from app.bootstrap.batches import batch_policy_of, layout_in_use, layouts_of
from app.bootstrap.lifeboat import Lifeboat
from app.domain.fitness import Fitness
from app.domain.states import HeldKind
from app.files.layouts.registry import UnknownLayout
from app.intake.amend import Amender
from app.orders.decide import Preflight


def preflight_of(boat: Lifeboat) -> Preflight:
    """Return what judges an order as the next batch would; without a layout none can go out, and it says why."""
    settings = boat.live
    try:
        layouts = layouts_of(settings)
        layout = layouts.named(layout_in_use(boat, layouts))
    except UnknownLayout as error:
        wrong = Fitness(HeldKind.BROKEN, str(error))
        return lambda _row: wrong
    return LayoutPreflight(Judge(boat.keyring, layout, batch_policy_of(settings)))


def amender_of(boat: Lifeboat) -> Amender:
    """Return what changes fields of a stored order, by the rules of the door."""
    return Amender(boat.keyring, boat.clock, high_above_fen=boat.settings.high_priority_above_fen)
