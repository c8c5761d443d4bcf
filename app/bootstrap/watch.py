"""Says where the watch's rules look, and what this deployment calls late, little or much."""

from collections.abc import Callable
from functools import partial

from app.bootstrap.lifeboat import Lifeboat
from app.settings import Settings
from app.store.spool.file import SpoolCounts, count_spool
from app.watch.rule import Situation, WatchPolicy
from app.watch.stages.health import NOBODY_LOOKS
from app.watch.stages.look import LooksAtOrders
from app.watch.stages.usual import Baselines


def situation_of(
    boat: Lifeboat, *, spool: Callable[[], SpoolCounts] | None = None, baselines: Baselines | None = None
) -> Situation:
    """Return where the watch's rules look now; ``spool`` counts this machine's, by default from its files.

    The order flow is looked at only with ``baselines``, which the one patrol keeps from look to look.
    """
    settings, now = boat.live, boat.clock.now()
    policy, looks = watch_policy(settings), NOBODY_LOOKS
    if baselines is not None:
        looks = LooksAtOrders(boat.store, now=now, baselines=baselines, lines=policy.lines)
    return Situation(
        policy=policy,
        store=boat.store,
        now=now,
        orders=looks,
        folders=(settings.data_dir, settings.export_dir),
        spool=spool or partial(count_spool, settings.spool_dir),
    )


def watch_policy(settings: Settings) -> WatchPolicy:
    """Return what a deployment calls late, little or much."""
    return WatchPolicy(
        batch_every=settings.batch_every,
        coupons_wanted=settings.sms_coupon != "off",
        coupon_low_at=settings.coupon_low_at,
        coupons_per_client_per_hour=settings.coupons_per_client_per_hour,
        zone=settings.zone,
        sms_per_day=settings.sms_per_day,
        sms_per_client_per_day=settings.sms_per_client_per_day,
        disk_reserve_bytes=settings.disk_reserve_bytes,
        special_days=settings.special_dates,
        lines=settings.lines,
    )
