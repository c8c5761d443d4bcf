"""Takes an upload of import results: bytes, raw lines, checked lines, rows; each step hands on and none looks back."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.actor import Actor
from app.domain.problems import NotFound
from app.files.export_folder import Exports
from app.files.layouts.registry import Layouts
from app.files.read_back import numbers_by_row
from app.handback.find_apart import find_results_apart
from app.handback.headings import Headings
from app.handback.import_results import Report, import_results
from app.handback.read_results import Rest, read_results
from app.handback.result_lines import check_results
from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Upload:
    """What somebody handed in; ``rest`` tells what becomes of orders that a list of row errors does not name."""

    data: bytes
    content_type: str = ""
    rest: Rest = "untouched"


def take_results(
    store: Store,
    exports: Exports,
    layouts: Layouts,
    batch_name: str,
    upload: Upload,
    *,
    headings: Headings | None = None,
    by: Actor,
    now: datetime,
) -> Report:
    """Read an upload and keep what it says of the orders of a batch; all of it, or nothing if anything breaks.

    It is read in a process of its own. ``headings`` are the names of columns where a merchant has names of its own.

    Raises:
        NotFound: there is no such published batch.
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole, or no line of it can be taken.
        Busy: the machine has no room for another process.
    """
    with store.reading() as uow:
        batch = uow.batches.named(batch_name)
    if batch is None or batch.published_at is None:
        raise NotFound(f"没有批次 {batch_name}。")
    raw = read_results(
        upload.data,
        number_headings=layouts.number_headings,
        headings=headings,
        content_type=upload.content_type,
        numbers_by_row=lambda: numbers_by_row(
            exports.file_of(batch.manifest, "csv"), layouts.number_heading(batch.columns)
        ),
        rest=upload.rest,
        find=find_results_apart,
    )
    return import_results(store, batch_name, check_results(raw), by=by, now=now)
