"""Says where the watch's rules look, and what this deployment calls late, little or much."""

from collections.abc import Callable
from functools import partial

from app.bootstrap.lifeboat import Lifeboat
from app.store.spool.file import SpoolCounts, count_spool
from app.watch.rule import Situation, WatchPolicy


def situation_of(boat: Lifeboat, *, spool: Callable[[], SpoolCounts] | None = None) -> Situation:
    """Return where the watch's rules look now; ``spool`` counts this machine's, by default from its files."""
    settings = boat.live
    return Situation(
        store=boat.store,
        now=boat.clock.now(),
        policy=WatchPolicy(
            batch_every=settings.batch_every,
            coupons_wanted=settings.sms_coupon != "off",
            coupon_low_at=settings.coupon_low_at,
            coupons_per_client_per_hour=settings.coupons_per_client_per_hour,
            zone=settings.zone,
            sms_per_day=settings.sms_per_day,
            sms_per_client_per_day=settings.sms_per_client_per_day,
            disk_reserve_bytes=settings.disk_reserve_bytes,
        ),
        folders=(settings.data_dir, settings.export_dir),
        spool=spool or partial(count_spool, settings.spool_dir),
    )
