"""P7: four makers at once, and makers killed at any step: each order is in one live batch, no file ever changes."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.harness import evidence
from tests.harness.away import NoPostgres
from tests.harness.shop import errands
from tests.harness.syscalls import FLUSHES, NoStrace, calls_in, injected
from tests.harness.trial import Trial, skipped
from tests.harness.waiting import until
from tests.harness.warm import Running
from tests.harness.yard import Yard, cut, judge, yard

MAKERS = 4
LONGER, SHORTER = 1.05, 0.8
"""By how much the time is changed within which the next maker is killed."""

MOST_MORE = 20
"""Rounds more, until one of the makers and not the worker has published something."""

LATER = 180.0
"""Seconds after a maker's death at which the next one comes: its lease of two minutes has run out."""

MOST_TURNS = 20
"""So often a maker asks for its turn; SQLite hands the lock to whoever comes first, on a busy machine to others."""

BUSY = "数据库正忙"

FEWEST_STEPS = 15
"""Flushes and renames from the claim to the published row; fewer would mean that the kills miss some."""

MOST_STEPS = 300

STEPS = "fsync,fdatasync,rename,renameat,renameat2"
EVERY_WRITE = f"{STEPS},write,pwrite64,sendto"

# ---- four at once ----------------------------------------------------------------------------------------------------


def four_makers(home: Path, *, engine: str, rounds: int = 60, orders: int = 3000, rate: float = 100.0) -> Trial:
    """Run ``lifeboat export`` four times at once beside the worker, again and again, while orders come in."""
    title = f"{MAKERS} batch makers and a worker at once, {rounds} rounds ({engine})"
    settings = {"command": "serve", "batch_every_minutes": "1"}
    return _tried(
        home, title, lambda trial, place: compete(trial, place, rounds, orders, rate), engine=engine, **settings
    )


def compete(trial: Trial, place: Yard, rounds: int, orders: int, rate: float) -> None:
    """Let makers compete for the orders of a storefront that goes on selling."""
    published = place.runner.run(_compete(trial, place, rounds=rounds, orders=orders, rate=rate))
    place.boat.wait_drained()
    until(lambda: cut(place) is None, why="orders still wait for a batch")
    trial.demand(published, "no maker published anything")
    trial.notes.append(f"{published} batches by {rounds * MAKERS} commands, the rest by the worker")


async def _compete(trial: Trial, place: Yard, *, rounds: int, orders: int, rate: float) -> int:
    trading = asyncio.create_task(place.shop.trade(errands(orders, seed=71, prefix="M"), rate=rate))
    published = 0
    for n in range(rounds + MOST_MORE):
        if n >= rounds and published:
            break
        await place.brought(3, name=f"C{n}")  # so that there is something to compete for
        makers = await asyncio.gather(*(_export(place) for _ in range(MAKERS)))
        codes = [maker.wait() for maker in makers]
        batches = [document["batch"] for maker in makers if (document := maker.document())]
        named = [name for name in batches if name]
        published += len(named)
        trial.demand(set(codes) == {0}, f"exports ended with {codes}: {_last_words(makers)}")
        trial.demand(len(set(named)) == len(named), f"two makers say that they published {named}")
    await trading
    return published


async def _export(place: Yard) -> Running:
    """Run a maker as a person would: again, where the others kept the store so busy that it never had its turn."""
    for _ in range(MOST_TURNS):
        maker = place.warm.command("export", "--json")
        if await asyncio.to_thread(maker.wait) != 1 or BUSY not in maker.text():
            break
    return maker


def _last_words(makers: list[Running]) -> list[str]:
    return [maker.text()[-300:] for maker in makers if "{" not in maker.text()]


# ---- killed ----------------------------------------------------------------------------------------------------------


def maker_killed_at_each_step(home: Path, *, engine: str = "sqlite", calls: str = EVERY_WRITE) -> Trial:
    """Kill a maker at its first write, flush or rename, the next one at its second, and so on until one lives."""
    title = f"batch maker killed at each write, flush and rename ({engine})"
    return _tried(
        home, title, lambda trial, place: kill_at_steps(trial, place, calls), engine=engine, batch_xlsx="true"
    )


def kill_at_steps(trial: Trial, place: Yard, calls: str, stride: int = 1) -> None:
    """Kill one maker after another, each at a later call than the one before."""
    for step in range(1, MOST_STEPS, stride):
        place.bring(3, name=f"K{step}")
        maker = place.warm.command("export", "--json", held=True)
        with injected(maker.pid, f"signal=KILL:when={step}", calls=calls, log=place.boat.home / "strace.txt"):
            maker.go()
            code = maker.wait()
        if code is not None:
            break
        _next_one_ends_it(place)
    trial.demand(code == 0, f"the maker that nobody killed ended with {code}")
    trial.demand(step > FEWEST_STEPS, f"only {step - 1} steps were met")
    trial.notes.append(f"killed at {(step - 1) // stride} of {step - 1} calls")


def maker_killed_at_any_instant(home: Path, *, engine: str = "sqlite", kills: int = 300) -> Trial:
    """Kill makers at random instants of their work; the next one ends what they began."""
    title = f"batch maker killed at {kills} random instants ({engine})"
    return _tried(home, title, lambda trial, place: _kill_at_random(trial, place, kills), engine=engine)


def _kill_at_random(trial: Trial, place: Yard, kills: int) -> None:
    """Kill makers at instants of the time that one takes on this machine, until enough of them have died of it."""
    chance, died, lasts = random.Random(8), 0, _one_makers_time(place)
    for n in range(3 * kills):
        if n >= kills and died > kills / 4:
            break
        place.bring(3, name=f"K{n}")
        maker = place.warm.command("export", "--json")
        time.sleep(chance.random() * lasts)
        maker.kill()
        dead = maker.wait() is None
        died += dead
        lasts *= LONGER if dead else SHORTER  # the machine is not always equally busy
        if n % 3 == 2:  # sometimes a second one dies before anybody ends the work
            _next_one_ends_it(place)
    _next_one_ends_it(place)
    trial.demand(died > kills / 4, f"only {died} were killed in time")
    trial.notes.append(f"{died} makers died before their end, of which one takes {lasts:.2f} s")


def _one_makers_time(place: Yard) -> float:
    """Return how many seconds a maker takes that nobody kills."""
    place.bring(3, name="T")
    began = time.monotonic()
    cut(place)
    return time.monotonic() - began


def _next_one_ends_it(place: Yard) -> None:
    for tried in count(1):
        if cut(place, later=LATER * tried) is None:
            return
        assert tried < 10, "batch after batch, and there is always more"


# ---- refused by the disk ---------------------------------------------------------------------------------------------


def maker_meets_failed_flush(home: Path) -> Trial:
    """Let the first flush of a batch maker fail, of the next maker the second, and so on through all of its work."""
    return _tried(home, "each flush of a batch maker fails once", fail_flushes, batch_xlsx="true")


def fail_flushes(trial: Trial, place: Yard, stride: int = 1) -> None:
    """Let one flush of one maker after another fail, each a later one than the one before."""
    of_files = 0
    for step in range(1, MOST_STEPS, stride):
        met = _fail_one(trial, place, step)
        if met is None:
            break
        of_files += met
        _next_one_ends_it(place)
    trial.demand(met is None, f"after {step} flushes there is still another")
    trial.demand(of_files, "no flush of a batch file was made to fail")
    _next_one_ends_it(place)
    trial.notes.append(
        f"{(step - 1) // stride} of {step - 1} flushes failed, {of_files} of them of batch files and folders"
    )


def _fail_one(trial: Trial, place: Yard, step: int) -> bool | None:
    """Run a maker whose flush number ``step`` fails; tell whether that was of a batch file, None if it made fewer."""
    place.bring(3, name=f"F{step}")
    before = _published(place)
    log = place.boat.home / "strace.txt"
    maker = place.warm.command("export", "--json", held=True)
    with injected(maker.pid, f"error=EIO:when={step}", calls=FLUSHES, log=log):
        maker.go()
        code = maker.wait()
    failed = [call for call in calls_in(log) if call.injected]
    if not failed:
        return None
    of_file = failed[0].path.startswith(str(place.boat.exports))
    if of_file:
        trial.demand(_published(place) == before, f"published although the flush of {failed[0].path} failed")
        trial.demand(code, "the command says nothing of a failed flush")
    return of_file


def _published(place: Yard) -> list[str]:
    return [batch.name for batch in evidence.stored_batches(place.source) if batch.state == "published"]


# ---- long and short forms --------------------------------------------------------------------------------------------


def _tried(
    home: Path,
    scenario: str,
    play: Callable[[Trial, Yard], None],
    *,
    engine: str = "sqlite",
    command: str = "web",
    **settings: str,
) -> Trial:
    """Play a scenario in a yard of its own, and judge it."""
    trial = Trial("P7", scenario)
    try:
        with yard(home, engine=engine, command=command, **settings) as place:
            play(trial, place)
            judge(trial, place)
    except (NoPostgres, NoStrace) as error:
        return skipped(trial.promise, scenario, str(error))
    return trial


@pytest.fixture(scope="module", name="place")
def one_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """One for all short forms: each judges everything that has happened so far."""
    with yard(tmp_path_factory.mktemp("yard"), engine="sqlite", command="web", batch_xlsx="true") as made:
        yield made


def _prove(place: Yard, scenario: str, play: Callable[[Trial, Yard], None]) -> None:
    trial = Trial("P7", scenario)
    try:
        play(trial, place)
    except NoStrace as error:
        pytest.skip(str(error))
    judge(trial, place)
    trial.prove()


def test_four_makers_at_once_put_each_order_into_one_batch(place: Yard):
    _prove(place, "four at once", lambda trial, place: compete(trial, place, 3, 60, 60.0))


def test_a_maker_killed_at_any_step_is_followed_by_one_that_ends_its_work(place: Yard):
    _prove(place, "killed", lambda trial, place: kill_at_steps(trial, place, STEPS, stride=3))


def test_a_batch_whose_file_was_not_flushed_is_not_published(place: Yard):
    _prove(place, "not flushed", lambda trial, place: fail_flushes(trial, place, stride=3))
