"""One group's robot, which does as told, and what sends to it."""

import pytest

from app.notify.dispatch.group import GroupDispatcher
from tests.deployment import Deployment
from tests.deployment.notices import ROBOT
from tests.fakes.channels import FakeRobot


@pytest.fixture
def robot(deployment: Deployment) -> FakeRobot:
    return FakeRobot(clock=deployment.clock)


@pytest.fixture
def dispatcher(deployment: Deployment, robot: FakeRobot) -> GroupDispatcher:
    return GroupDispatcher(deployment.store, deployment.clock, {ROBOT: robot})
