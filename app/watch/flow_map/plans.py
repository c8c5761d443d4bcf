"""The stages as they are planned now: seeded by a file, changed by people, and read by rules and pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from app.domain.marks import STAGES, Stage
from app.store.tables import StagePlanRow
from app.store.unit_of_work import UnitOfWork
from app.toml_file import parse_toml, read_small_file

SEED = Path(__file__).with_name("seed.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """A stage with the limit in force, whose it is, and what is done when it goes wrong.

    ``keeper`` is the account that hears of its yellow alerts by e-mail, empty for none; ``version`` is 0 where nobody
    has changed it.
    """

    stage: Stage
    owner: str
    exceptions: str
    keeper: str = ""
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""


def stage_plans(uow: UnitOfWork) -> tuple[StagePlan, ...]:
    """Return the plan of each stage."""
    changed = uow.stage_plans.latest()
    return tuple(_plan(stage, changed.get(stage.number)) for stage in STAGES)


def stages_of(uow: UnitOfWork) -> tuple[Stage, ...]:
    """Return the stages with the limits in force."""
    return tuple(plan.stage for plan in stage_plans(uow))


def _plan(stage: Stage, row: StagePlanRow | None) -> StagePlan:
    if row is None:
        owner, exceptions = _seed()[stage.number]
        return StagePlan(stage=stage, owner=owner, exceptions=exceptions)
    return StagePlan(
        stage=replace(stage, limit=timedelta(minutes=row.limit_minutes)),
        owner=row.owner,
        exceptions=row.exceptions,
        keeper=row.keeper,
        version=row.version,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


@lru_cache(maxsize=1)
def _seed() -> Mapping[int, tuple[str, str]]:
    _, document = parse_toml(read_small_file(SEED))
    return {one["number"]: (one["owner"], one["exceptions"]) for one in document["stage"]}
