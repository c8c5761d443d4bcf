"""Every rule of the watch; a new one is a file beside these and a line here."""

from app.watch.rule import Rule
from app.watch.rules.backlog_growing import BACKLOG_GROWING
from app.watch.rules.batch_failing import BATCH_FAILING
from app.watch.rules.batch_overdue import BATCH_OVERDUE
from app.watch.rules.channel_paused import CHANNEL_PAUSED
from app.watch.rules.contradictions_open import CONTRADICTIONS_OPEN
from app.watch.rules.coupons_falling import COUPONS_FALLING
from app.watch.rules.coupons_low import COUPONS_LOW
from app.watch.rules.database_could_lose import DATABASE_COULD_LOSE
from app.watch.rules.dead_letters import DEAD_LETTERS
from app.watch.rules.disk_low import DISK_LOW
from app.watch.rules.disk_reserve import DISK_RESERVE
from app.watch.rules.feed_blind import FEED_BLIND
from app.watch.rules.gate_blocked import GATE_BLOCKED
from app.watch.rules.heartbeat_down import HEARTBEAT_DOWN
from app.watch.rules.ledger_unbalanced import LEDGER_UNBALANCED
from app.watch.rules.orders_broken import ORDERS_BROKEN
from app.watch.rules.orders_silent import ORDERS_SILENT
from app.watch.rules.orders_unsettled import ORDERS_UNSETTLED
from app.watch.rules.sms_capped import SMS_CAPPED
from app.watch.rules.spool_waiting import SPOOL_WAITING
from app.watch.rules.stage_bottleneck import STAGE_BOTTLENECK
from app.watch.rules.stage_slow import STAGE_SLOW
from app.watch.rules.stock_short import STOCK_SHORT
from app.watch.rules.worker_silent import WORKER_SILENT

__all__ = ["ORDER_RULES", "RULES", "WORKER_SILENT"]

RULES: tuple[Rule, ...] = (
    BATCH_OVERDUE,
    BATCH_FAILING,
    ORDERS_BROKEN,
    ORDERS_UNSETTLED,
    WORKER_SILENT,
    DATABASE_COULD_LOSE,
    LEDGER_UNBALANCED,
    CHANNEL_PAUSED,
    DEAD_LETTERS,
    SMS_CAPPED,
    COUPONS_LOW,
    COUPONS_FALLING,
    STOCK_SHORT,
    CONTRADICTIONS_OPEN,
    HEARTBEAT_DOWN,
    DISK_LOW,
    DISK_RESERVE,
    SPOOL_WAITING,
)

ORDER_RULES: tuple[Rule, ...] = (
    BACKLOG_GROWING,
    GATE_BLOCKED,
    ORDERS_SILENT,
    FEED_BLIND,
    STAGE_SLOW,
    STAGE_BOTTLENECK,
)
"""Of the orders in the main system: looked at once a minute by one patrol, since each has to last before it is told."""
