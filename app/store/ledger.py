"""The ledger of an incident, the spool included: the one figure people ask for when it is over."""

from pathlib import Path

from app.domain.ledger import Ledger
from app.domain.problems import Refusal
from app.store.spool.file import Spool, spool_files
from app.store.unit_of_work import Store


class NoSuchIncident(Refusal):
    """There is no incident of that name."""


def ledger_of(store: Store, *, spool_dir: Path, incident: str | None = None, full: bool = False) -> Ledger:
    """Return the ledger of the incident called ``incident``, by default the one that is open or was last.

    Orders in this machine's spool count as accepted, unless the store has them already (a drain that was interrupted
    between its commit and its clean-up).

    Raises:
        NoSuchIncident: none is called so.
    """
    waiting = [(number, drill) for path in spool_files(spool_dir) for number, drill in Spool.peek(path)]
    with store.reading() as uow:
        chosen = uow.incidents.latest() if incident is None else uow.incidents.named(incident)
        if chosen is None:
            if incident is not None:
                raise NoSuchIncident(f"没有事件 {incident}。")
            spooled = len({number for number, _ in waiting})
            return Ledger(incident=None, accepted=spooled, spooled=spooled)
        spooled = 0
        if chosen.closed_at is None:  # what is in the spool will be drained into the open incident of its kind
            numbers = {number for number, drill in waiting if drill == chosen.drill}
            spooled = len(numbers - uow.orders.known_numbers(sorted(numbers)))
        return uow.ledger.of(chosen, spooled=spooled, full=full)
