"""The clients of ``examples/clients/`` retry rightly: exactly one order each, whatever the line and the door do."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.scripted_door import Act, ScriptedDoor

CLIENTS = Path(__file__).resolve().parents[2] / "examples" / "clients"
RUNTIMES = {
    "python": ("python3", "place_order.py"),
    "javascript": ("node", "place_order.mjs"),
    "java": ("java", "PlaceOrder.java"),
    "php": ("php", "place_order.php"),
}
ORDER = {"client_order_id": "SHOP-20261122-0001", "phone": "13800138000", "items": [{"sku": "跑步鞋", "quantity": 1}]}
TIMEOUT, DEADLINE, FIRST_WAIT = 1.0, 120.0, 0.02


@dataclass(frozen=True)
class Done:
    """What a client said, and how it ended."""

    said: dict[str, Any]
    status: int


Place = Callable[..., Done]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Java client, compiled once: to compile it takes longer than to run it."""
    folder = tmp_path_factory.mktemp("java")
    source = CLIENTS / RUNTIMES["java"][1]
    subprocess.run(["javac", "-d", str(folder), str(source)], check=True)
    return folder


@pytest.fixture(params=sorted(RUNTIMES))
def place(request: pytest.FixtureRequest) -> Place:
    """Place an order by one of the clients, as a shop would: a process of its own."""
    runtime, file = RUNTIMES[request.param]
    found = shutil.which(runtime)
    if found is None:
        pytest.skip(f"THE {request.param.upper()} CLIENT IS NOT TESTED: {runtime} is not installed")
    command = [found, str(CLIENTS / file)]
    if request.param == "java":
        if shutil.which("javac") is not None:
            command = [found, "-cp", str(request.getfixturevalue("compiled")), "PlaceOrder"]
        command[1:1] = ["-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    straight = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}

    def run(door: ScriptedDoor, order: object = ORDER, *, deadline: float = DEADLINE) -> Done:
        done = subprocess.run(
            [*command, door.url, "lbk_x_y", str(TIMEOUT), str(deadline), str(FIRST_WAIT)],
            input=json.dumps(order, ensure_ascii=False).encode(),
            capture_output=True,
            check=False,
            env=straight,
        )
        return Done(json.loads(done.stdout or "{}"), done.returncode)

    return run


@pytest.mark.parametrize(
    ("posts", "asks"),
    [
        (["cut", "busy", "store and cut"], []),
        (["hang", "store and halve"], [503, 200]),
        (["throttle", 500, "store and cut"], [503, 503]),
        (["busy until", "store and hang"], [500]),
    ],
    ids=["cut-busy", "hangs-halves", "throttles-fails", "until-hangs"],
)
def test_whatever_happens_there_is_one_order(place: Place, posts: list[Act | int], asks: list[int]):
    with ScriptedDoor(list(posts), list(asks)).open() as door:
        done = place(door)
    assert (done.status, done.said) == (0, {"outcome": "accepted", "order_number": door.orders["SHOP-20261122-0001"]})
    assert list(door.orders) == ["SHOP-20261122-0001"]
    assert set(door.keys) == {"SHOP-20261122-0001"}  # the same key at every try
    assert len(set(door.bodies)) == 1  # and the same bytes
    assert json.loads(door.bodies[0]) == ORDER
    assert door.too_early == []
    assert door.posts == []


@pytest.mark.parametrize("status", [401, 422])
def test_what_is_refused_is_not_sent_again(place: Place, status: int):
    with ScriptedDoor([status]).open() as door:
        done = place(door)
    assert (done.status, done.said["outcome"], done.said["status"]) == (1, "refused", status)
    assert done.said["code"] == "idempotency_conflict"
    assert len(door.bodies) == 1


def test_all_of_it_ends_with_the_deadline_and_says_that_nobody_knows(place: Place):
    with ScriptedDoor(["busy"] * 50).open() as door:
        done = place(door, deadline=0.5)
    assert (done.status, done.said) == (3, {"outcome": "unknown", "client_order_id": "SHOP-20261122-0001"})
    assert len(door.bodies) == 1  # it was asked for a second, and has half of one


def test_without_a_number_of_its_own_nothing_is_sent(place: Place):
    with ScriptedDoor().open() as door:
        for bad in ({}, {"client_order_id": ""}, {"client_order_id": "十一"}, {"client_order_id": "a b"}):
            done = place(door, {**ORDER, "client_order_id": "", **bad})
            assert done.status == 1
    assert door.bodies == []
