"""Orders as a storefront would send them, and as the door hands them to the store."""

from typing import Any, cast

from app.domain.caller import Caller
from app.intake.accept import Intake
from app.intake.schemas import check_order
from app.store.commit.group_commit import GroupCommit
from app.store.commit.order_writer import NewOrder
from tests.deployment.facts import KEYS, SHOP


def order_body(key: str | None = "SHOP-1", **fields: Any) -> dict[str, Any]:
    """Return a canonical order as a storefront would send it."""
    body: dict[str, Any] = {
        "phone": "13800138000",
        "items": [{"sku": "A-1001", "name": "跑步鞋 42", "quantity": 1, "unit_price": "599.00"}],
        "total": "599.00",
        "recipient": {"name": "张三", "province": "浙江省", "city": "杭州市", "address": "文三路 1 号"},
    }
    if key is not None:
        body["client_order_id"] = key
    return {**body, **fields}


def intake(commit: GroupCommit | None = None) -> Intake:
    """Return what turns bodies into orders; without a commit it can prepare orders and nothing else."""
    return Intake(KEYS, cast("GroupCommit", commit), prefix="LB", high_above_fen=50_000)


def prepared(body: dict[str, Any], *, caller: Caller = SHOP, key: str | None = None) -> NewOrder:
    """Return the order of this body as the door hands it to the store."""
    return intake().prepare(check_order(body), caller, idempotency_key=key)


def new_order(key: str = "SHOP-1", *, caller: Caller = SHOP, **fields: Any) -> NewOrder:
    """Return an order as the door hands it to the store."""
    return prepared(order_body(key, **fields), caller=caller, key=key)


def new_orders(count: int, *, prefix: str = "K", **fields: Any) -> list[NewOrder]:
    """Return orders of different customers."""
    return [new_order(f"{prefix}{n}", **{"phone": f"138{n:08d}", **fields}) for n in range(count)]
