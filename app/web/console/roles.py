"""Which role may use which route: one table, from which routes, buttons and the tested matrix come.

A route that is not named here cannot be added to the console, so whatever is forgotten is shut.
"""

from collections.abc import Mapping

from app.access.accounts import Role

EVERYBODY = frozenset(Role)
WITH_CUSTOMERS = frozenset({Role.SERVICE, Role.OPS, Role.IT, Role.ADMIN})
"""Who speaks with customers sees who they are; each look is recorded."""

OPERATORS = frozenset({Role.OPS, Role.IT, Role.ADMIN})
"""Who moves orders and files."""

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
    "order": EVERYBODY,
    "order-unmask": WITH_CUSTOMERS,
    "order-decide": OPERATORS,
    "order-complete": OPERATORS,
    "held": EVERYBODY,
    "batches": EVERYBODY,
    "batch": EVERYBODY,
    "batch-file": OPERATORS,
    "batch-now": OPERATORS,
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
    "alerts": EVERYBODY,
    "alerts-bell": EVERYBODY,
    "alert-claim": WITH_CUSTOMERS,
    "alert-silence": OPERATORS,
    "alert-unsilence": OPERATORS,
    "messages": EVERYBODY,
    "message": EVERYBODY,
    "message-samples": EVERYBODY,
    "messages-retry": OPERATORS,
    "channel-hold": OPERATORS,
    "channel-release": OPERATORS,
    "coupons": EVERYBODY,
    "coupons-preview": OPERATORS,
    "coupons-import": OPERATORS,
    "kiosks": ADMINISTRATORS,
    "kiosk-make": ADMINISTRATORS,
    "kiosk-revoke": ADMINISTRATORS,
    "account": EVERYBODY,
    "account-change": EVERYBODY,
    "account-end-sessions": EVERYBODY,
    "logout": EVERYBODY,
}
"""By the name of the route."""


def may(role: Role, route: str) -> bool:
    """Tell whether a role may use a route; nobody may use one that is not in the table."""
    return role in ALLOWED.get(route, frozenset())
