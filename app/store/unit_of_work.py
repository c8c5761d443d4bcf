"""One ``with`` block is one transaction: all of it is kept, or none."""

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session, sessionmaker

from app.store.database.engine import Engines
from app.store.reach import STANDARD, Reach
from app.store.repositories.access import AccessRepository
from app.store.repositories.alert_groups import AlertGroupRepository
from app.store.repositories.alerts import AlertRepository
from app.store.repositories.attempts import AttemptRepository
from app.store.repositories.attention import AttentionRepository
from app.store.repositories.audit import AuditRepository
from app.store.repositories.batches import BatchRepository
from app.store.repositories.changes import ChangeRepository
from app.store.repositories.contacts import ContactRepository
from app.store.repositories.contradictions import ContradictionRepository
from app.store.repositories.coupons import CouponRepository
from app.store.repositories.dead_letters import DeadLetterRepository
from app.store.repositories.dependencies import DependencyRepository
from app.store.repositories.event_uploads import EventUploadRepository
from app.store.repositories.expected_beats import ExpectedBeatRepository
from app.store.repositories.failover import MainProbeRepository, SwitchedRepository
from app.store.repositories.flow_notes import FlowNoteRepository
from app.store.repositories.flows import FlowRepository
from app.store.repositories.glance import GlanceRepository
from app.store.repositories.goods import GoodsRepository
from app.store.repositories.guide import GuideRepository
from app.store.repositories.handovers import HandoverRepository
from app.store.repositories.health import HealthRepository
from app.store.repositories.held import HeldRepository
from app.store.repositories.incidents import IncidentRepository
from app.store.repositories.inflow import InflowRepository
from app.store.repositories.jobs import JobRepository
from app.store.repositories.kept_settings import KeptSettingRepository
from app.store.repositories.kiosks import KioskRepository
from app.store.repositories.leases import LeaseRepository
from app.store.repositories.ledger import LedgerRepository
from app.store.repositories.lifecycle_purge import LifecyclePurgeRepository
from app.store.repositories.look_alikes import LookAlikeRepository
from app.store.repositories.look_ups import LookUpRepository
from app.store.repositories.main_access import MainAccessRepository
from app.store.repositories.messages import MessageRepository
from app.store.repositories.order_feed import OrderFeedRepository
from app.store.repositories.orders import OrderRepository
from app.store.repositories.outbox_of_alerts import AlertOutboxRepository
from app.store.repositories.overview import OverviewRepository
from app.store.repositories.passed_on import PassedOnRepository
from app.store.repositories.pauses import PauseRepository
from app.store.repositories.replays import ReplayRepository
from app.store.repositories.results import ResultRepository
from app.store.repositories.roster import RosterRepository
from app.store.repositories.rule_changes import RuleChangeRepository
from app.store.repositories.search import SearchRepository
from app.store.repositories.sources import SourceRepository
from app.store.repositories.stage_clocks import StageClocks
from app.store.repositories.stages import StageRepository
from app.store.repositories.traits import TraitRepository
from app.store.repositories.versions import VersionRepository
from app.store.tables import StagePlanRow, TriageWording, WarehouseHoursRow


class UnitOfWork:
    """A transaction and the repositories that work in it.

    While one holds SQLite's lock the garbage collector rests: among the marks of a hundred thousand orders one of its
    longer walks took 165 ms, and the door waited for them.
    """

    def __init__(self, sessions: Callable[[], Session], *, locks: bool = False, reach: Reach = STANDARD) -> None:
        self._sessions = sessions
        self._locks = locks
        self._reach = reach

    def __enter__(self) -> Self:
        if self._locks:
            gc.disable()
        self._session = session = self._sessions()
        self._measure(session)
        self._lead_home(session)
        self.access = AccessRepository(session)
        self.alert_groups = AlertGroupRepository(session)
        self.alerts = AlertRepository(session)
        self.attempts = AttemptRepository(session)
        self.attention = AttentionRepository(session, self._reach)
        self.audit = AuditRepository(session, self._reach)
        self.batches = BatchRepository(session)
        self.changes = ChangeRepository(session)
        self.contacts = ContactRepository(session)
        self.contradictions = ContradictionRepository(session)
        self.coupons = CouponRepository(session)
        self.dead_letters = DeadLetterRepository(session)
        self.dependencies = DependencyRepository(session)
        self.event_uploads = EventUploadRepository(session)
        self.expected_beats = ExpectedBeatRepository(session)
        self.flow_notes = FlowNoteRepository(session)
        self.glance = GlanceRepository(session)
        self.goods = GoodsRepository(session)
        self.handovers = HandoverRepository(session)
        self.held = HeldRepository(session, self._reach)
        self.incidents = IncidentRepository(session)
        self.inflow = InflowRepository(session)
        self.jobs = JobRepository(session)
        self.guide = GuideRepository(session)
        self.kept_settings = KeptSettingRepository(session)
        self.kiosks = KioskRepository(session)
        self.leases = LeaseRepository(session)
        self.ledger = LedgerRepository(session, self._reach)
        self.lifecycle_purge = LifecyclePurgeRepository(session)
        self.look_alikes = LookAlikeRepository(session)
        self.messages = MessageRepository(session)
        self.order_feed = OrderFeedRepository(session)
        self.orders = OrderRepository(session)
        self.outbox_of_alerts = AlertOutboxRepository(session)
        self.overview = OverviewRepository(session, self._reach)
        self.pauses = PauseRepository(session)
        self.results = ResultRepository(session)
        self.rule_changes = RuleChangeRepository(session)
        self.roster = RosterRepository(session)
        self.search = SearchRepository(session, self._reach)
        self.sources = SourceRepository(session)
        self.stage_plans = VersionRepository(session, StagePlanRow, of="stage")
        self.triage = VersionRepository(session, TriageWording, of="code")
        return self

    def _measure(self, session: Session) -> None:
        """Open what measures time in stages, each by its clock."""
        self.warehouse_hours = VersionRepository(session, WarehouseHoursRow, of="clock")
        self.clocks = StageClocks(self.warehouse_hours)
        self.flows = FlowRepository(session, self.clocks)
        self.health = HealthRepository(session, self.clocks)
        self.stages = StageRepository(session, self.clocks)
        self.traits = TraitRepository(session, self.clocks)

    def _lead_home(self, session: Session) -> None:
        """Open what is known of the main system: whether it is there, what it may have, and what goes there."""
        self.look_ups = LookUpRepository(session)
        self.main_access = MainAccessRepository(session)
        self.main_probe = MainProbeRepository(session)
        self.passed_on = PassedOnRepository(session)
        self.replays = ReplayRepository(session)
        self.switched = SwitchedRepository(session)

    def __exit__(
        self, error: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            with self._session:  # closing rolls back whatever was not committed
                if error is None:
                    self._session.commit()
        finally:
            if self._locks:
                gc.enable()

    def savepoint(self) -> AbstractContextManager[object]:
        """Begin a part of the transaction that an error in it takes back, and nothing else with it."""
        return self._session.begin_nested()

    def flush(self) -> None:
        """Send what is pending to the database, still inside the transaction."""
        self._session.flush()


class Store:
    """Hands out units of work: ``writing()`` may change rows, ``reading()`` cannot and blocks nobody."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.reach = STANDARD
        self._write = sessionmaker(engines.writer, expire_on_commit=False)
        self._read = sessionmaker(engines.reader, expire_on_commit=False)

    def writing(self) -> UnitOfWork:
        """Begin a transaction that may write."""
        return UnitOfWork(self._write, locks=self.engines.is_sqlite, reach=self.reach)

    def reading(self) -> UnitOfWork:
        """Begin a transaction that only reads one snapshot."""
        return UnitOfWork(self._read, reach=self.reach)
