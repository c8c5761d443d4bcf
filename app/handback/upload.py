"""Takes an upload of import results: bytes, raw lines, checked lines, rows; each step hands on and none looks back."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from app.domain.actor import Actor
from app.domain.problems import NotFound
from app.files.export_folder import Exports
from app.files.layouts.registry import Layouts
from app.files.read_back import numbers_by_row
from app.handback.change_results import is_about_changes, take_change_results
from app.handback.check_results import check_results
from app.handback.find_apart import find_results_apart
from app.handback.headings import Headings, shipped_headings
from app.handback.import_results import How, Report, import_results
from app.handback.read_results import Rest, read_results
from app.handback.result_lines import refused
from app.handback.result_words import ResultWords
from app.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Upload:
    """What somebody handed in.

    ``rest`` tells what becomes of the orders it does not name, ``words`` are those of the merchant.
    """

    data: bytes
    content_type: str = ""
    rest: Rest = "untouched"
    how: How = field(default_factory=How)
    words: ResultWords | None = None


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

    It is read in a process of its own. One with a column 变更 is about the batch's changes, as is one to its name with
    ``.changes`` behind. ``headings`` are the names of columns where a merchant has names of its own.

    Raises:
        NoRoom: the disk has no more than what is kept for orders.
        NotFound: there is no such published batch.
        Malformed: it is called JSON and is none.
        TooLarge: it has more bytes than we read.
        InvalidResults: it cannot be read as a whole, or no line of it can be taken.
        Busy: the machine has no room for another process.
        ConfirmationRequired: the orders it does not name would count as imported; see :func:`import_results`.
    """
    exports.reserve.require()
    batch_name, asked_for_changes = batch_name.removesuffix(".changes"), batch_name.endswith(".changes")
    take_changes = partial(
        take_change_results, store, batch_name, upload.data, words=upload.words, how=upload.how, by=by, now=now
    )
    if asked_for_changes:
        return take_changes()
    with store.reading() as uow:
        batch = uow.batches.named(batch_name)
    if batch is None or batch.published_at is None:
        raise NotFound(f"没有批次 {batch_name}。")
    raw = read_results(
        upload.data,
        headings=(headings or shipped_headings()).with_numbers(layouts.number_headings),
        content_type=upload.content_type,
        numbers_by_row=lambda: numbers_by_row(
            exports.file_of(batch.manifest, "csv"), layouts.number_heading(batch.columns)
        ),
        rest=upload.rest,
        find=find_results_apart,
        words=upload.words,
    )
    if is_about_changes(upload.data, raw.unused_columns):
        if upload.rest == "imported":
            raise refused("这是变更清单的结果，没有提到的订单不能视为已导入。")
        return take_changes()
    return import_results(store, batch_name, check_results(raw, upload.words), by=by, now=now, how=upload.how)
