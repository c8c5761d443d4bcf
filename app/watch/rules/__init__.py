"""Every rule of the watch; a new one is a file beside these and a line here."""

from app.watch.rule import Rule
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
from app.watch.rules.heartbeat_down import HEARTBEAT_DOWN
from app.watch.rules.ledger_unbalanced import LEDGER_UNBALANCED
from app.watch.rules.orders_broken import ORDERS_BROKEN
from app.watch.rules.sms_capped import SMS_CAPPED
from app.watch.rules.spool_waiting import SPOOL_WAITING
from app.watch.rules.stock_short import STOCK_SHORT
from app.watch.rules.worker_silent import WORKER_SILENT

__all__ = ["RULES", "WORKER_SILENT"]

RULES: tuple[Rule, ...] = (
    BATCH_OVERDUE,
    BATCH_FAILING,
    ORDERS_BROKEN,
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
