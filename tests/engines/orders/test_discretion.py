"""What a client is told of its order names no order of another's; people of ours read everything."""

from dataclasses import replace

from app.domain.problems import NotFound
from app.orders.decide import cancel, mark_duplicate
from app.orders.timeline import time_line
from app.store.tables import Client, ClientKey
from tests.deployment import Deployment
from tests.deployment.facts import HALF_PAST, OPS, SHOP, TEN
from tests.deployment.orders import new_order

OTHER = replace(SHOP, client_id="c2", name="分店")


def two_shops_twins(deployment: Deployment) -> tuple[str, str]:
    """Let another shop's order come first, and ours be held for looking like it."""
    key = ClientKey(id="k2", client_id="c2", secret_sha256=b"x" * 32, created_at=TEN)
    with deployment.store.writing() as uow:
        uow.access.add_client(Client(id="c2", name="分店", scope="intake", created_at=TEN), key)
    theirs, ours = deployment.door.take_in_turn(new_order("T-1", caller=OTHER), new_order("O-1"))
    deployment.maker.run(HALF_PAST)
    assert deployment.rows.order(ours).looks_like == theirs
    return theirs, ours


def told(deployment: Deployment, number: str, client_id: str | None) -> str:
    with deployment.store.reading() as uow:
        row = uow.orders.numbered(number, client_id=client_id)
        if row is None:
            raise NotFound
        return "\n".join(event.detail for event in time_line(uow, row, told_to=client_id))


def test_a_look_alike_names_the_other_order_only_to_the_client_it_belongs_to(deployment: Deployment):
    theirs, ours = two_shops_twins(deployment)
    assert "疑似重复单（另一笔订单），待人工确认" in told(deployment, ours, "c1")
    assert theirs not in told(deployment, ours, "c1")
    assert f"疑似重复单（{theirs}），待人工确认" in told(deployment, ours, None)


def test_a_client_reads_the_number_of_an_order_of_its_own(deployment: Deployment):
    first, second = deployment.door.take_in_turn(new_order("A"), new_order("B"))
    deployment.maker.run(HALF_PAST)
    assert f"疑似重复单（{first}）" in told(deployment, second, "c1")


def test_a_foreign_number_in_a_persons_words_is_not_told_either(deployment: Deployment):
    theirs, ours = two_shops_twins(deployment)
    with deployment.store.writing() as uow:
        mark_duplicate(uow, ours, by=OPS, now=HALF_PAST)
    assert "人工判定为重复单（另一笔订单）" in told(deployment, ours, "c1")
    (mine,) = deployment.door.take_in_turn(new_order("O-2", phone="13700137000"))
    with deployment.store.writing() as uow:
        cancel(uow, mine, reason=f"与{theirs.lower()}、{ours}和 LB1 是同一单", by=OPS, now=HALF_PAST)
    assert f"已取消：与另一笔订单、{ours}和 LB1 是同一单" in told(deployment, mine, "c1")
