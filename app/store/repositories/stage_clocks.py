"""By which clock the time in each stage is measured: the wall's, or one that stands still while the warehouse does."""

from zoneinfo import ZoneInfo

from app.domain.marks import STAGES, Clock
from app.domain.warehouse_hours import hours_of
from app.domain.working_clock import WALL_CLOCK, HoursPeriod, WorkingClock, clock_of
from app.store.repositories.versions import VersionRepository
from app.store.tables import WarehouseHoursRow

WAREHOUSE: Clock = "warehouse"
OF_THE_WAREHOUSE = frozenset(stage.number for stage in STAGES if stage.clock == WAREHOUSE)
"""The stages whose time runs in the warehouse's hours alone."""


class StageClocks:
    """The clock of each stage, as the hours are worded; they are read once a transaction, when first asked for."""

    def __init__(self, versions: VersionRepository[WarehouseHoursRow]) -> None:
        self._versions = versions
        self._warehouse: WorkingClock | None = None

    def of(self, stage: int) -> WorkingClock:
        """Return the clock of a stage."""
        return self.warehouse() if stage in OF_THE_WAREHOUSE else WALL_CLOCK

    def warehouse(self) -> WorkingClock:
        """Return the warehouse's clock; where hours were never set it is the wall's."""
        if self._warehouse is None:
            self._warehouse = clock_of(tuple(_period(row) for row in self._versions.all_of(WAREHOUSE)))
        return self._warehouse


def _period(row: WarehouseHoursRow) -> HoursPeriod:
    return HoursPeriod(row.starts_at, hours_of(row.week, row.special_days), ZoneInfo(row.zone))
