"""Puts together what cuts batches: the layouts there are, the folder of files, the maker."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.batch.maker import BatchMaker
from app.batch.policy import BatchPolicy
from app.batch.publish_changes import ChangePublisher
from app.bootstrap.lifeboat import Lifeboat
from app.files.disk_reserve import DiskReserve
from app.files.export_folder import Exports
from app.files.layouts.registry import Layouts, UnknownLayout, WrongLayout, layouts_with, shipped_layouts
from app.handback.headings import Headings, headings_with, shipped_headings
from app.handback.result_words import ResultWords, shipped_words, words_with
from app.settings import Settings


def exports_of(settings: Settings) -> Exports:
    """Return the folder of batch files."""
    return Exports(settings.export_dir, reserve=reserve_of(settings))


def reserve_of(settings: Settings) -> DiskReserve:
    """Return the room that is kept for orders, on the disks of the database or spool and of the batch files."""
    return DiskReserve(settings.disk_reserve_bytes, (settings.data_dir, settings.export_dir))


def layouts_of(settings: Settings, *, but: Path | None = None) -> Layouts:
    """Return the layouts of batch files: the shipped ones, and those of the merchant's folder but for one file."""
    return layouts_with(settings.layouts_dir, but=but) if settings.layouts_dir else shipped_layouts()


def result_words_of(settings: Settings) -> ResultWords:
    """Return the words of results: the shipped ones, and those of the merchant's file."""
    return words_with(settings.result_words) if settings.result_words else shipped_words()


def headings_of(settings: Settings) -> Headings:
    """Return what the columns of an upload of results may be called: the merchant's names, and the shipped ones."""
    return headings_with(settings.result_columns) if settings.result_columns else shipped_headings()


def batch_maker(boat: Lifeboat) -> BatchMaker:
    """Return what cuts batches.

    Raises:
        UnknownLayout: the settings name a file layout that does not exist.
    """
    settings = boat.live
    layouts = layouts_of(settings)
    return BatchMaker(
        boat.store,
        boat.keyring,
        exports_of(settings),
        layouts,
        policy=replace(batch_policy_of(settings), layout=layout_in_use(boat, layouts)),
        read_layouts=lambda: layouts_of(settings),
    )


def change_publisher(boat: Lifeboat) -> ChangePublisher:
    """Return what publishes changes of orders whose file is out."""
    return ChangePublisher(boat.store, boat.keyring, exports_of(boat.settings), zone=boat.settings.zone)


def layout_in_use(boat: Lifeboat, layouts: Layouts) -> str:
    """Return which layout the next batch has: one chosen without a shell that is gone gives way to ``.env``'s."""
    chosen = boat.live.batch_columns
    try:
        layouts.named(chosen)
    except WrongLayout:
        return chosen  # it may come back once its file is mended
    except UnknownLayout:
        return boat.settings.batch_columns
    return chosen


def batch_policy_of(settings: Settings) -> BatchPolicy:
    """Return how this deployment wants its batches."""
    return BatchPolicy(
        zone=settings.zone,
        every=settings.batch_every,
        look_alike_window=timedelta(minutes=settings.lookalike_window_minutes),
        layout=settings.batch_columns,
        xlsx=settings.batch_xlsx,
        hold_unknown_payment=settings.unknown_payment == "hold",
    )
