"""Which role may use which route: one table, from which routes, buttons and the tested matrix come.

A route that is not named here cannot be added to the console, so whatever is forgotten is shut.
"""

from collections.abc import Mapping

from app.domain.role import Role

EVERYBODY = frozenset(Role)
WITH_CUSTOMERS = frozenset({Role.SERVICE, Role.OPS, Role.IT, Role.ADMIN})
"""Who speaks with customers sees who they are; each look is recorded."""

OPERATORS = frozenset({Role.OPS, Role.IT, Role.ADMIN})
"""Who moves orders and files."""

TECHNICIANS = frozenset({Role.IT, Role.ADMIN})
"""Who keeps it running, and sees who did what."""

ADMINISTRATORS = frozenset({Role.ADMIN})
"""Who decides who may come in."""

ALLOWED: Mapping[str, frozenset[Role]] = {
    "home": EVERYBODY,
    "figures": EVERYBODY,
    "strip": EVERYBODY,
    "live": EVERYBODY,
    "stay": EVERYBODY,
    "orders": EVERYBODY,
    "orders-search": EVERYBODY,
    "orders-fresh": EVERYBODY,
    "orders-export": WITH_CUSTOMERS,
    "order-new": WITH_CUSTOMERS,
    "order-new-send": WITH_CUSTOMERS,
    "order-new-done": WITH_CUSTOMERS,
    "orders-import": OPERATORS,
    "orders-import-template": OPERATORS,
    "orders-import-preview": OPERATORS,
    "orders-import-apply": OPERATORS,
    "order": EVERYBODY,
    "order-unmask": WITH_CUSTOMERS,
    "order-decide": OPERATORS,
    "order-complete": OPERATORS,
    "order-cancel": WITH_CUSTOMERS,
    "order-reject": OPERATORS,
    "order-correct": OPERATORS,
    "order-claim": WITH_CUSTOMERS,
    "order-handled": WITH_CUSTOMERS,
    "order-let-go": WITH_CUSTOMERS,
    "urgent": EVERYBODY,
    "held": EVERYBODY,
    "held-count": EVERYBODY,
    "held-undo": OPERATORS,
    "goods": EVERYBODY,
    "goods-export": EVERYBODY,
    "stock-preview": OPERATORS,
    "stock-apply": OPERATORS,
    "stock-clear": OPERATORS,
    "batches": EVERYBODY,
    "batch": EVERYBODY,
    "batch-file": OPERATORS,
    "batch-now": OPERATORS,
    "batches-untaken": OPERATORS,
    "handover-make": OPERATORS,
    "results": EVERYBODY,
    "results-preview": OPERATORS,
    "results-apply": OPERATORS,
    "repair": OPERATORS,
    "contradiction-settle": OPERATORS,
    "incidents": EVERYBODY,
    "incident": EVERYBODY,
    "incident-open": OPERATORS,
    "incident-close": OPERATORS,
    "incident-close-unfinished": ADMINISTRATORS,
    "guide": EVERYBODY,
    "guide-poster": EVERYBODY,
    "guide-tick": OPERATORS,
    "guide-untick": OPERATORS,
    "guide-test-order": OPERATORS,
    "health": EVERYBODY,
    "stuck": EVERYBODY,
    "stuck-export": EVERYBODY,
    "stuck-table": EVERYBODY,
    "stuck-review": OPERATORS,
    "promises": EVERYBODY,
    "alerts": EVERYBODY,
    "alerts-bell": EVERYBODY,
    "alert-claim": WITH_CUSTOMERS,
    "alert-silence": OPERATORS,
    "alert-unsilence": OPERATORS,
    "systemic": EVERYBODY,
    "change-tell": OPERATORS,
    "changes-import": OPERATORS,
    "heartbeat-set": TECHNICIANS,
    "heartbeat-remove": TECHNICIANS,
    "roster": EVERYBODY,
    "roster-add": OPERATORS,
    "roster-change": OPERATORS,
    "roster-remove": OPERATORS,
    "roster-override": OPERATORS,
    "roster-override-remove": OPERATORS,
    "roster-fallback": OPERATORS,
    "messages": EVERYBODY,
    "message": EVERYBODY,
    "message-samples": EVERYBODY,
    "messages-retry": OPERATORS,
    "channel-hold": OPERATORS,
    "channel-release": OPERATORS,
    "coupons": EVERYBODY,
    "coupons-preview": OPERATORS,
    "coupons-import": OPERATORS,
    "settings": OPERATORS,
    "settings-values": TECHNICIANS,
    "kept": TECHNICIANS,
    "kept-change": TECHNICIANS,
    "kept-forget": TECHNICIANS,
    "kept-test": TECHNICIANS,
    "people": ADMINISTRATORS,
    "person-add": ADMINISTRATORS,
    "person-role": ADMINISTRATORS,
    "person-reset": ADMINISTRATORS,
    "person-disable": ADMINISTRATORS,
    "person-enable": ADMINISTRATORS,
    "person-end-sessions": ADMINISTRATORS,
    "keys": ADMINISTRATORS,
    "key-add": ADMINISTRATORS,
    "key-rotate": ADMINISTRATORS,
    "key-revoke": ADMINISTRATORS,
    "audit": TECHNICIANS,
    "audit-export": TECHNICIANS,
    "audit-verify": TECHNICIANS,
    "readiness": OPERATORS,
    "readiness-run": TECHNICIANS,
    "spool": OPERATORS,
    "spool-retry": TECHNICIANS,
    "spool-give-up": TECHNICIANS,
    "jobs": OPERATORS,
    "kiosks": ADMINISTRATORS,
    "kiosk-make": ADMINISTRATORS,
    "kiosk-revoke": ADMINISTRATORS,
    "account": EVERYBODY,
    "account-change": EVERYBODY,
    "account-end-sessions": EVERYBODY,
    "account-contact": EVERYBODY,
    "account-code": EVERYBODY,
    "account-confirm": EVERYBODY,
    "logout": EVERYBODY,
}
"""By the name of the route."""


def may(role: Role, route: str) -> bool:
    """Tell whether a role may use a route; nobody may use one that is not in the table."""
    return role in ALLOWED.get(route, frozenset())
