"""Deployments in which time leaps, so that days of a worker pass in seconds."""

from collections.abc import Iterator

import pytest

from tests.deployment import Deployment
from tests.engines.worker.leaping_time import LeapingTime, on_leaping_time


@pytest.fixture
def leaping(on_sqlite: Deployment) -> Iterator[LeapingTime]:
    """A deployment on SQLite."""
    with on_leaping_time(on_sqlite) as made:
        yield made


@pytest.fixture
def leaping_on_either(deployment: Deployment) -> Iterator[LeapingTime]:
    """A deployment on each engine in turn."""
    with on_leaping_time(deployment) as made:
        yield made
