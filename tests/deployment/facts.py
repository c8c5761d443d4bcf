"""What every test takes for granted: the time and zone, the keys and settings, and who acts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app import settings as knobs
from app.domain.actor import Actor, Way
from app.domain.caller import Caller
from app.settings import Settings
from app.store.sealing import Keyring

ZONE = ZoneInfo("Asia/Shanghai")
TEN = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai: the time at which every test begins."""

HALF_PAST = TEN + timedelta(minutes=30)
"""The first boundary at which a batch is due."""

NOON = datetime(2026, 11, 22, 4, 10, tzinfo=UTC)
"""12:10 in Shanghai: nothing waits for an hour or a day to end."""

SECRETS = {"secret_key": "s" * 32, "seal_key": "t" * 32}
KEYS = Keyring.from_secrets(SECRETS["secret_key"], SECRETS["seal_key"])

SHOP = Caller(client_id="c1", name="旗舰店", scope="intake", drill=False)
REHEARSAL = Caller(client_id="c9", name="演练店", scope="intake", drill=True)

IT = Actor("it", Way.HTTP, "10.0.0.1")
OPS = Actor("ops", Way.CONSOLE, "10.0.0.1")
"""People who act, where a test does not care who."""


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def settings_in(folder: Path, **chosen: object) -> Settings:
    """Return the settings of a deployment that keeps everything in ``folder``."""
    fixed = {"data_dir": folder / "data", "export_dir": folder / "exports", **SECRETS}
    return knobs.load(_env_file=None, **{**fixed, **chosen})
