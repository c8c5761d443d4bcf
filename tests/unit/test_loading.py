"""While a command is loaded nothing is collected; once it is, all is as ever, but for what has been loaded."""

import gc
from collections.abc import Iterator

import pytest
import typer

from app.cli.main import app
from app.cli.memory import collect_from_now, load_uncollected


@pytest.fixture(autouse=True)
def _collector_as_it_was() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


def test_garbage_is_collected_again_as_soon_as_the_command_is_there():
    load_uncollected()
    assert not gc.isenabled()
    assert typer.main.get_command(app).get_command(None, "doctor") is not None
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_where_it_never_rested_nothing_is_kept_from_it():
    collect_from_now()
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)
