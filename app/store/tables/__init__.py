"""The tables, one story each; built only by our own code from validated values, never from a request body."""

from sqlmodel import SQLModel

from app.store.tables.access import Client, ClientKey, ContactCode, LoginThrottle, User
from app.store.tables.alert import Alert
from app.store.tables.alert_group import AlertGroup, AlertGroupMember
from app.store.tables.attention import Attention
from app.store.tables.batch import Batch, BatchOrder, Contradiction, ImportResult, MainNumber
from app.store.tables.coupon import Coupon
from app.store.tables.failover import MainProbe, Switched
from app.store.tables.flow import OrderFlow, StageMinute, StageTotal, StageVisit, StoredEvent
from app.store.tables.flow_note import FlowNote
from app.store.tables.goods import OrderGoods, SkuCount, SkuNote, SkuStock
from app.store.tables.guide import GuideTick
from app.store.tables.handover import Handover
from app.store.tables.health import BacklogHour, EventUpload, FeedChannel, FeedHour, OverdueMinute, StageHour
from app.store.tables.incident import AcceptedCount, Incident, StateCount
from app.store.tables.kept_setting import KeptSetting
from app.store.tables.kiosk import Kiosk
from app.store.tables.look_up import LookUp
from app.store.tables.main_access import MainAccess
from app.store.tables.message import Attempt, Message
from app.store.tables.operations import Audit, AuditBlock, Heartbeat, Instance, JobRun, Lease, Pause
from app.store.tables.order import OrderRow
from app.store.tables.order_change import ChangeSheet, OrderChange
from app.store.tables.order_feed import OrderFeed, OrderPlace
from app.store.tables.passed_on import PassedOnOrder
from app.store.tables.replay import Replay, ReplayOrder
from app.store.tables.roster import DutyFallback, DutyNotice, Shift, ShiftOverride
from app.store.tables.stage_plan import StagePlanRow
from app.store.tables.systemic import DependencyWindow, ExpectedBeat, OutgoingPing, RuleChange
from app.store.tables.triage import TriageWording
from app.store.tables.warehouse_hours import WarehouseHoursRow
from app.store.tables.watch_source import WatchParcel, WatchSource

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "AcceptedCount",
    "Alert",
    "AlertGroup",
    "AlertGroupMember",
    "Attempt",
    "Attention",
    "Audit",
    "AuditBlock",
    "BacklogHour",
    "Batch",
    "BatchOrder",
    "ChangeSheet",
    "Client",
    "ClientKey",
    "ContactCode",
    "Contradiction",
    "Coupon",
    "DependencyWindow",
    "DutyFallback",
    "DutyNotice",
    "EventUpload",
    "ExpectedBeat",
    "FeedChannel",
    "FeedHour",
    "FlowNote",
    "GuideTick",
    "Handover",
    "Heartbeat",
    "ImportResult",
    "Incident",
    "Instance",
    "JobRun",
    "KeptSetting",
    "Kiosk",
    "Lease",
    "LoginThrottle",
    "LookUp",
    "MainAccess",
    "MainNumber",
    "MainProbe",
    "Message",
    "OrderChange",
    "OrderFeed",
    "OrderFlow",
    "OrderGoods",
    "OrderPlace",
    "OrderRow",
    "OutgoingPing",
    "OverdueMinute",
    "PassedOnOrder",
    "Pause",
    "Replay",
    "ReplayOrder",
    "RuleChange",
    "Shift",
    "ShiftOverride",
    "SkuCount",
    "SkuNote",
    "SkuStock",
    "StageHour",
    "StageMinute",
    "StagePlanRow",
    "StageTotal",
    "StageVisit",
    "StateCount",
    "StoredEvent",
    "Switched",
    "TriageWording",
    "User",
    "WarehouseHoursRow",
    "WatchParcel",
    "WatchSource",
]
