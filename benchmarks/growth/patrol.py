"""What a minute of the patrol costs: processor time of one look at the order flow, hours closed and alerts kept in step."""

import time
from datetime import timedelta
from pathlib import Path
from statistics import median

from app.bootstrap import situation_of
from app.watch.order_patrol import patrol_orders
from app.watch.stages.usual import Baselines
from benchmarks.growth.deployment import Deployment, later
from benchmarks.growth.seed_flow import ends_at, seed_flow

LOOKS = 9
"""Looks of one measurement; the median is taken, since one of them closes an hour."""


class PatrolledPast:
    """A deployment with lifecycle events in its past and open orders, and the patrol that looks at them."""

    def __init__(self, folder: Path, *, events: int, open_orders: int) -> None:
        self.deployment = Deployment(folder)
        database = folder / "lifeboat.db"
        ended = ends_at(database)
        if ended is None:
            print(f"filling {folder.name} with {events:,} events and {open_orders:,} open orders", flush=True)
            self.deployment.boat.engines.dispose()
            seed_flow(database, events=events, open_orders=open_orders, now=self.deployment.clock.at)
            ended = ends_at(database)
        assert ended is not None
        self.deployment.clock.at = ended
        self._baselines = Baselines(self.deployment.boat.settings.zone)
        self._look()  # closes all hours of four weeks

    def seconds(self) -> float:
        """Return the processor time of a look, in seconds."""
        return median(self._look() for _ in range(LOOKS))

    def _look(self) -> float:
        later(self.deployment, timedelta(minutes=1))
        situation = situation_of(self.deployment.boat, baselines=self._baselines)
        began = time.process_time_ns()
        found = patrol_orders(situation).found
        took = (time.process_time_ns() - began) / 1e9
        assert all(one.troubles is not None for one in found), found
        return took
