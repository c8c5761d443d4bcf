"""Coupons low: the pool that had codes is nearly empty, and customers will soon be calmed without one."""

from collections.abc import Iterator

from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    low_at = situation.policy.coupon_low_at
    if not situation.policy.coupons_wanted:
        return
    with situation.store.reading() as uow:
        if not uow.coupons.any():  # there never was one: nobody counts on them
            return
        free = uow.coupons.free(at_most=low_at + 1)  # a large pool is not counted for this
    if free == 0:
        yield Trouble("coupons_low", "优惠券已发完：订单通知照发，券等到导入新券码后再发。")
    elif free <= low_at:
        yield Trouble("coupons_low", f"优惠券仅剩 {free} 张，请尽快导入新券码。")


COUPONS_LOW = Rule(name="coupons_low", level="yellow", find=_find)
