"""Coupons falling: codes go out so fast that the pool is empty within the hour, or to one client up to its limit.

Each order brings its customer one code at most. A pool that falls too fast is a storefront's busiest hour, or somebody
who makes phones up: the figures of codes and orders side by side let a person tell.
"""

from collections.abc import Iterator
from datetime import timedelta

from app.watch.rule import Rule, Situation, Trouble

HOUR = timedelta(hours=1)

AT_LEAST = 20
"""Codes in an hour; fewer are no fall, however small the pool is, and coupons_low tells of a small one."""


def _find(situation: Situation) -> Iterator[Trouble]:
    policy = situation.policy
    if not policy.coupons_wanted:
        return
    since = situation.now - HOUR
    with situation.store.reading() as uow:
        clients = uow.access.client_names()
        given = {client: uow.coupons.given_to_client(client, since=since) for client in clients}
        total = sum(given.values())
        if total < AT_LEAST:
            return
        free = uow.coupons.free(at_most=total)
        orders = uow.overview.newest_order_id() - uow.overview.first_id_since(since) + 1
    if free < total:
        left = f"只剩 {free} 张，照此不到一小时发完" if free else "已经发完"
        text = f"最近一小时发出优惠券 {total} 张（同期订单 {orders} 笔），{left}。请核对是否有人用编造的手机号下单。"
        yield Trouble("coupons_falling", text)
    most = policy.coupons_per_client_per_hour
    for client, count in sorted(given.items()):
        if most and count >= most:
            text = (
                f"渠道 {clients[client]} 最近一小时的优惠券已达上限 {most} 张，其余等候，通知照发；请确认密钥未被盗用。"
            )
            yield Trouble("coupons_falling", text, subject=client)


COUPONS_FALLING = Rule(name="coupons_falling", level="orange", find=_find)
