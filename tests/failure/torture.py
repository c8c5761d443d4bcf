"""``python -m tests.failure.torture``: every scenario in its long form, and a table of what was found."""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.failure.migration_under_load import migration_on_postgresql, migration_on_sqlite
from tests.failure.reference_outage import Plan, reference_outage
from tests.failure.several_of_each import several_of_each
from tests.failure.test_a_flush_fails import flushes_fail
from tests.failure.test_a_full_disk import full_disk, kept_for_orders
from tests.failure.test_a_hostile_client import endless_head, odd_requests
from tests.failure.test_a_kill_at_any_instant import kill_at_any_instant
from tests.failure.test_a_rolling_restart import rolling_restart
from tests.failure.test_a_watched_day import a_watched_day
from tests.failure.test_alerts import alerts_get_through
from tests.failure.test_an_overloaded_door import drips, huge_bodies, queue_full
from tests.failure.test_any_sequence import machine
from tests.failure.test_cut_wires import cut_wires
from tests.failure.test_haproxy_hands_over import haproxy_hands_over
from tests.failure.test_host_loss import host_loss, said_plainly
from tests.failure.test_makers_of_batches import (
    four_makers,
    maker_killed_at_any_instant,
    maker_killed_at_each_step,
    maker_meets_failed_flush,
)
from tests.failure.test_messages import messages_get_through
from tests.failure.test_nginx_hands_over import nginx_hands_over
from tests.failure.test_nginx_switches import nginx_switches
from tests.failure.test_nginx_with_lua_hands_over import lua_hands_over
from tests.failure.test_one_clients_garbage import garbage_behind_orders
from tests.failure.test_other_proxies_hand_over import other_proxy_hands_over
from tests.failure.test_replicas import same_keys_at_once
from tests.failure.test_ten_times_too_much import ten_times_too_much
from tests.failure.test_the_calendar import calendar_goes_on
from tests.failure.test_the_clock_jumps import clock_steps, half_hours, worker_away
from tests.failure.test_the_database_is_gone import (
    database_locked,
    killed_while_draining,
    postgres_stopped,
    spool_damaged,
)
from tests.failure.test_the_openapi_document import openapi
from tests.failure.test_the_spool import full_disks
from tests.failure.test_what_rests_on_disk import what_rests_on_disk
from tests.harness.other_proxies import caddy, envoy
from tests.harness.trial import Trial, summary

Scenario = Callable[[Path], Trial]
out = Console(width=160, soft_wrap=True)


def scenarios(plan: Plan) -> dict[str, Scenario]:
    """Return the long forms by the name under which ``--only`` finds them."""
    return {
        "outage": lambda home: reference_outage(home, plan),
        "locked": lambda home: database_locked(home, orders=400),
        "exclusive": lambda home: database_locked(home, orders=400, mode="EXCLUSIVE"),
        "hung": lambda home: postgres_stopped(home, orders=400),
        "drain": lambda home: killed_while_draining(home, orders=1500, kills=6),
        "damaged-record": lambda home: spool_damaged(home, part="record"),
        "damaged-file": lambda home: spool_damaged(home, part="file"),
        "kill": lambda home: kill_at_any_instant(home, kills=60),
        "kill-spooling": lambda home: kill_at_any_instant(home, kills=30, spooling=True),
        "restart": lambda home: rolling_restart(home, orders=3000, rate=50, every=8),
        "kept-for-orders": kept_for_orders,
        "full-disk": lambda home: full_disk(home, times=3),
        "full-disks": lambda home: full_disks(home, orders=400),
        "queue": lambda home: queue_full(home, orders=1000),
        "makers": lambda home: four_makers(home, engine="sqlite"),
        "makers-pg": lambda home: four_makers(home, engine="postgresql"),
        "maker-steps": maker_killed_at_each_step,
        "maker-steps-pg": lambda home: maker_killed_at_each_step(home, engine="postgresql"),
        "maker-kills": maker_killed_at_any_instant,
        "maker-kills-pg": lambda home: maker_killed_at_any_instant(home, engine="postgresql"),
        "maker-flushes": maker_meets_failed_flush,
        "flushes": lambda home: flushes_fail(home, rounds=8, orders=160, rate=20),
        "clock": clock_steps,
        "clock-pg": lambda home: clock_steps(home, engine="postgresql"),
        "calendar": calendar_goes_on,
        "calendar-pg": lambda home: calendar_goes_on(home, engine="postgresql"),
        "away": worker_away,
        "away-pg": lambda home: worker_away(home, engine="postgresql"),
        "half-hours": half_hours,
        "overload": lambda home: ten_times_too_much(home, lasting=10),
        "huge": lambda home: huge_bodies(home, bodies=100, deaf=1024**3),
        "drips": lambda home: drips(home, connections=2000, lasting=20, until_cut=True),
        "messages": lambda home: messages_get_through(home, kills=30, rounds=2, orders=5, long=True),
        "alerts": lambda home: alerts_get_through(home, alerts=12, seed=plan.seed),
        "a-watched-day": lambda home: a_watched_day(home, seed=plan.seed),
        "a-watched-day-pg": lambda home: a_watched_day(home, seed=plan.seed, engine="postgresql"),
        "a-watched-day-thinned": lambda home: a_watched_day(home, per_minute=3.0, thinned=True),
        "replicas": lambda home: same_keys_at_once(home, orders=3000, cut_off=200),
        "machine": lambda home: machine(home, sequences=100, steps=40, chance=plan.seed),
        "machine-postgresql": lambda home: machine(home, sequences=40, steps=30, chance=plan.seed, on_postgres=True),
        "at-rest": what_rests_on_disk,
        "odd": odd_requests,
        "endless-head": endless_head,
        "garbage-behind-orders": lambda home: garbage_behind_orders(home, attacks=2000),
        "openapi": lambda home: openapi(home, examples=150, chance=plan.seed),
        "openapi-postgresql": lambda home: openapi(home, examples=150, chance=plan.seed, on_postgres=True),
        "host-loss": lambda home: host_loss(home, times=5, orders=2500, workers=1, alone=5),
        "host-vanishes": lambda home: host_loss(home, times=2, orders=1000, vanish=True, workers=1),
        "said-plainly": said_plainly,
        "several": lambda home: several_of_each(home, orders=900, kills=12),
        "wires": lambda home: cut_wires(home, orders=4000, rate=60, slow=200),
        "nginx": lambda home: nginx_hands_over(home, orders=40),
        "nginx-switch": nginx_switches,
        "nginx-lua": lambda home: lua_hands_over(home, orders=40),
        "haproxy": lambda home: haproxy_hands_over(home, orders=40),
        "caddy": lambda home: other_proxy_hands_over(home, caddy, orders=40),
        "envoy": lambda home: other_proxy_hands_over(home, envoy, orders=40),
        "migration": lambda home: migration_on_sqlite(home, rate=60, old_too=True),
        "migration-postgresql": migration_on_postgresql,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 if any promise was broken."""
    wanted = _parser().parse_args(arguments)
    plan = Plan(wanted.orders, wanted.rate, wanted.kill_every, wanted.cut_every, wanted.seed)
    names = wanted.only or list(scenarios(plan))
    trials = _several(names, plan, wanted.processes) if wanted.processes > 1 else [_told(n, plan) for n in names]
    out.print(_table(trials))
    for trial in trials:
        for line in (*(f"BROKEN {v}" for v in trial.violations), *filter(None, trial.notes)):
            out.print(f"{trial.scenario}: {line}", markup=False, highlight=False)
    out.print(summary(trials), markup=False)
    return int(any(trial.violations for trial in trials))


def _several(names: Sequence[str], plan: Plan, processes: int) -> list[Trial]:
    """Play so many scenarios at a time, each in a process of its own: most of their time they wait."""
    fresh = multiprocessing.get_context("spawn")
    found: dict[str, Trial] = {}
    with ProcessPoolExecutor(processes, fresh, max_tasks_per_child=1) as pool:
        begun = {pool.submit(_run, name, plan): name for name in names}
        for ended in as_completed(begun):
            name = begun[ended]
            error = ended.exception()
            found[name] = Trial("?", name, violations=[f"its process ended: {error!r}"]) if error else ended.result()
            _tell(name, found[name])
    return [found[name] for name in names]


def _told(name: str, plan: Plan) -> Trial:
    trial = _run(name, plan)
    _tell(name, trial)
    return trial


def _run(name: str, plan: Plan) -> Trial:
    began, scenario = time.monotonic(), scenarios(plan)[name]
    home = Path(tempfile.mkdtemp(prefix=f"lb-{name}-"))
    try:
        trial = scenario(home)
    except Exception as error:  # noqa: BLE001 - one scenario that cannot be played must not hide the others
        traceback.print_exc()
        trial = Trial("?", name, violations=[f"could not be played: {type(error).__name__}: {str(error)[-600:]}"])
    if trial.violations:
        trial.notes.append(f"its files are kept in {home}")
    else:
        shutil.rmtree(home, ignore_errors=True)
    trial.notes.append(f"{time.monotonic() - began:.0f} s")
    return trial


def _tell(name: str, trial: Trial) -> None:
    found = f"{trial.trials} trials, {trial.lost} lost, {trial.doubled} doubled, {trial.unexpected} unexpected"
    broken = f"{len(trial.violations)} violations, {trial.notes[-1] if trial.notes else ''}"
    out.print(f"{name}: {trial.skipped or found}, {broken}", markup=False, highlight=False)
    for violation in trial.violations:
        out.print(f"  BROKEN {violation}", markup=False, highlight=False)


def _table(trials: Sequence[Trial]) -> Table:
    columns = ("promise", "scenario", "trials", "lost", "doubled", "unexpected", "worst refusal", "worst answer", "")
    table = Table(*columns, title="Lifeboat torture", title_justify="left")
    for trial in trials:
        if trial.skipped:
            table.add_row(trial.promise, trial.scenario, *[""] * 6, f"SKIPPED: {trial.skipped}", style="yellow")
            continue
        verdict = "BROKEN" if trial.violations else "ok"
        figures = (trial.trials, trial.lost, trial.doubled, trial.unexpected)
        times = (_seconds(trial.worst_refusal), _seconds(trial.worst_answer))
        row = (trial.promise, trial.scenario, *map(str, figures), *times, verdict)
        table.add_row(*row, style="red" if trial.violations else "")
    return table


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.failure.torture", description=__doc__)
    parser.add_argument("--orders", type=int, default=Plan.orders)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="orders a second")
    parser.add_argument("--kill-every", type=float, default=Plan.kill_every, help="seconds between kills, on average")
    parser.add_argument("--cut-every", type=float, default=Plan.cut_every, help="seconds between batches by hand")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--processes", type=int, default=1, help="scenarios played at a time")
    parser.add_argument("--only", nargs="*", metavar="SCENARIO", help=f"of {', '.join(scenarios(Plan()))}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
