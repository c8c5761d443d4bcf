"""Puts together what cuts batches and where their files lie."""

from datetime import timedelta

from app.batch.maker import BatchMaker
from app.batch.policy import BatchPolicy
from app.bootstrap.lifeboat import Lifeboat
from app.files.export_folder import Exports
from app.settings import Settings


def exports_of(settings: Settings) -> Exports:
    """Return the folder of batch files."""
    return Exports(settings.export_dir)


def batch_maker(boat: Lifeboat) -> BatchMaker:
    """Return what cuts batches.

    Raises:
        UnknownColumns: the settings name a file layout that does not exist.
    """
    settings = boat.settings
    rules = BatchPolicy(
        zone=settings.zone,
        every=settings.batch_every,
        look_alike_window=timedelta(minutes=settings.lookalike_window_minutes),
        columns=settings.batch_columns,
        xlsx=settings.batch_xlsx,
    )
    return BatchMaker(boat.store, boat.keyring, exports_of(settings), rules=rules)
