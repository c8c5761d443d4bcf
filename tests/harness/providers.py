"""The fake WeCom and Aliyun as a process of their own, and what they have seen."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.harness.processes import LOOPBACK, NO_CERTIFICATES, REPOSITORY, end, free_port, plain_environment
from tests.harness.waiting import PATIENCE

NOTICE, COUPON = "SMS_100000001", "SMS_100000002"
"""Templates of the fake account."""


@dataclass
class Providers:
    """The fake WeCom and Aliyun."""

    wecom: str
    aliyun: str

    def group_messages(self) -> list[dict[str, Any]]:
        """Return what the group has seen."""
        return _get(f"{self.wecom}/_accepted")

    def texts(self) -> list[dict[str, Any]]:
        """Return the text messages the provider has taken."""
        return _get(f"{self.aliyun}/_accepted")

    def heard(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return every call to WeCom and to Aliyun, also those that ran into a fault."""
        return _get(f"{self.wecom}/_heard"), _get(f"{self.aliyun}/_heard")

    def misbehave(self, *, wecom: str | None = None, aliyun: str | None = None, times: int = 0) -> None:
        """Let the next ``times`` calls, or all where it is 0, run into a fault (tests/fakes/faults.py); None heals."""
        for url, fault in ((self.wecom, wecom), (self.aliyun, aliyun)):
            order = {"next": [fault] * times} if fault and times else {"every": fault}
            httpx.post(
                f"{url}/_faults", json=order, timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES
            ).raise_for_status()

    def worst_calls(self) -> int:
        """Return the most calls within a minute, refused ones included."""
        return int(_get(f"{self.wecom}/_worst_minute")["calls"])

    def settings(self) -> dict[str, str]:
        """Return the settings that send a Lifeboat's messages here."""
        return {
            "LIFEBOAT_WECOM_ROBOTS": f"{self.wecom}/cgi-bin/webhook/send?key=one",
            "LIFEBOAT_WECOM_MENTIONS": "zhangsan",
            "LIFEBOAT_SMS_PROVIDER": "aliyun",
            "LIFEBOAT_SMS_ENDPOINT": self.aliyun,
            "LIFEBOAT_SMS_ACCESS_KEY_ID": "testid",
            "LIFEBOAT_SMS_ACCESS_KEY_SECRET": "testsecret",
            "LIFEBOAT_SMS_SIGN_NAME": "测试商城",
            "LIFEBOAT_SMS_NOTICE_TEMPLATE": NOTICE,
            "LIFEBOAT_SMS_COUPON_TEMPLATE": COUPON,
            "LIFEBOAT_SMS_COUPON": "separate",
            "LIFEBOAT_COUPONS_PER_CLIENT_PER_HOUR": "0",  # a trial has an hour's customers in a minute
            "LIFEBOAT_SMS_PER_DAY": "1000000",
        }


@contextmanager
def providers(*options: str) -> Iterator[Providers]:
    """Serve the fake providers, with ``options`` of tests/fakes/__main__.py."""
    wecom, aliyun = free_port(), free_port()
    command = [sys.executable, "-m", "tests.fakes", "--wecom-port", str(wecom), "--aliyun-port", str(aliyun), *options]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=plain_environment(), stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        yield Providers(f"http://{LOOPBACK}:{wecom}", f"http://{LOOPBACK}:{aliyun}")
    finally:
        end(process)
        if process.stdout is not None:
            process.stdout.close()


def where_it_is_noon() -> str:
    """Return a time zone where coupons, being marketing, may be sent now, whenever the tests run."""
    ahead = (12 - datetime.now(UTC).hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def _get(url: str) -> Any:
    return httpx.get(url, timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES).raise_for_status().json()
