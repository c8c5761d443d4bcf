"""Takes an upload of import results: reads it whatever its form, and keeps what it says."""

from datetime import datetime

from app.domain.actor import Actor
from app.domain.problems import NotFound
from app.files.export_folder import Exports
from app.files.sheet_writers import numbers_by_row
from app.handback.import_results import Report, import_results
from app.handback.read_results import Rest, read_results
from app.store.unit_of_work import Store


def take_results(
    store: Store,
    exports: Exports,
    batch_name: str,
    data: bytes,
    *,
    content_type: str,
    rest: Rest,
    by: Actor,
    now: datetime,
) -> Report:
    """Read an upload and keep what it says of the orders of a batch; all of it, or nothing if anything breaks.

    Raises:
        NotFound: there is no such published batch.
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole, or no line of it can be taken.
    """
    with store.reading() as uow:
        batch = uow.batches.named(batch_name)
    if batch is None or batch.published_at is None:
        raise NotFound(f"没有批次 {batch_name}。")
    found = read_results(
        data, content_type=content_type, numbers_by_row=lambda: numbers_by_row(exports, batch), rest=rest
    )
    return import_results(store, batch_name, found, by=by, now=now)
