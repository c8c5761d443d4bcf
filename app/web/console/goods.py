"""What is in an order, on one line: the first of its goods, how many of it, and how many kinds there are."""

from app.domain.order import Item, Order
from app.store.sealing import CannotUnseal, Keyring
from app.store.tables import OrderRow


def goods_line(items: tuple[Item, ...]) -> str:
    """Return 跑步鞋 ×2 等 3 种; not yet made harmless, since a storefront wrote the names."""
    if not items:
        return ""
    first = items[0]
    kinds = f" 等 {len(items)} 种" if len(items) > 1 else ""
    return f"{first.name or first.sku} ×{first.quantity}{kinds}"


def opened(keyring: Keyring, row: OrderRow) -> Order | None:
    """Return what is sealed in a row; None if it cannot be unsealed with our key."""
    return unsealed(keyring, row.sealed, row.number)


def unsealed(keyring: Keyring, sealed: bytes, number: str) -> Order | None:
    """Return the order that was sealed under a number; None if it cannot be unsealed with our key."""
    try:
        return keyring.open_order(sealed, number)
    except CannotUnseal:
        return None
