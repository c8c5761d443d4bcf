"""P2, P3, P7, P10: whatever happens in whatever order, each order is in one place, under one number, and comes to one end."""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from app.store.database.engine import Engines, open_engines
from app.store.database.migrate import migrate
from tests.deployment import Deployment
from tests.engines.dying import LEFT_OPEN
from tests.failure.sequence.anything import AnySequence
from tests.harness.away import NoPostgres, postgres
from tests.harness.evidence import Asks, PostgresServer, SqliteFile
from tests.harness.trial import Trial, skipped

QUICKLY = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
"""Without shrinking: it takes minutes, and twenty steps can be read."""


def any_sequence(home: Path, engines: Engines, *, sequences: int, steps: int, chance: int) -> Trial:
    """Play ``sequences`` sequences of up to ``steps`` steps; the same ones for the same ``chance``."""
    trial = Trial("P2 P3 P7 P10", f"any sequence of anything, {'SQLite' if engines.is_sqlite else 'PostgreSQL'}")
    deployment, source, serial = Deployment(home / "none", engines=engines), _source(engines), itertools.count()

    def begin() -> AnySequence:
        folder = home / f"sequence-{next(serial)}"
        (folder / "spool").mkdir(parents=True)
        return AnySequence(deployment.emptied(folder), source, folder)

    limits = settings(QUICKLY, max_examples=sequences, stateful_step_count=steps)
    before = AnySequence.steps_made
    try:
        with structlog.testing.capture_logs():  # a store that goes and comes says so each time
            run_state_machine_as_test(seed(chance)(begin), settings=limits)
    except Exception as error:  # noqa: BLE001 - whatever it was, the steps that led there are in its notes
        steps_told = "\n".join(getattr(error, "__notes__", ()))
        trial.violations.append(f"chance {chance}: {type(error).__name__}: {error}\n{steps_told}")
    trial.trials = AnySequence.steps_made - before
    trial.notes.append(f"chance {chance}, {next(serial)} sequences")
    return trial


def _source(engines: Engines) -> Asks:
    url = engines.writer.url
    if engines.is_sqlite:
        return SqliteFile(Path(str(url.database)))
    return PostgresServer(url.set(drivername="postgresql").render_as_string(hide_password=False))


def machine(home: Path, *, sequences: int, steps: int, chance: int, on_postgres: bool = False) -> Trial:
    """Play them on a database of their own."""
    try:
        with _engines(home, on_postgres=on_postgres) as engines:
            return any_sequence(home, engines, sequences=sequences, steps=steps, chance=chance)
    except NoPostgres as error:
        return skipped("P2 P3 P7 P10", "any sequence of anything, PostgreSQL", str(error))


@contextmanager
def _engines(home: Path, *, on_postgres: bool) -> Iterator[Engines]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres()).sqlalchemy_url if on_postgres else f"sqlite:///{home / 'store.db'}"
        engines = open_engines(url)
        stack.callback(engines.dispose)
        migrate(engines)
        yield engines


@LEFT_OPEN
def test_whatever_happens_in_whatever_order_every_order_is_in_one_place(engines: Engines, tmp_path: Path):
    any_sequence(tmp_path, engines, sequences=5 if engines.is_sqlite else 1, steps=20, chance=1).prove()
