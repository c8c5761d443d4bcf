"""Is it alive, is it ready, how does it feel: for machines by status code, for people by ``?verbose``."""

import asyncio
import shutil
import time
from typing import Any

from app.store.database.engine import ping
from app.store.spool.file import damaged_files
from app.web.process_state import ProcessState

ASK_WITHIN = 1.0
"""Seconds for the database to answer a health question; longer is as good as away."""

REMEMBER = 1.0
"""Seconds an answer is reused, so that probes cannot become load."""

LOW_DISK = 256 * 1024 * 1024


class Health:
    """Asks the checks at most once a second, each with a limit, on threads the door does not use."""

    def __init__(self, process: ProcessState) -> None:
        self._process = process
        self._known: dict[str, Any] | None = None
        self._known_at = 0.0
        self._asking: asyncio.Task[dict[str, Any]] | None = None
        self.draining = False

    async def document(self) -> dict[str, Any]:
        """Return the state as ``{"status": pass|warn|fail, "degraded": […], "checks": {…}}``."""
        if self._known is None or time.monotonic() - self._known_at > REMEMBER or self.draining:
            self._known = await self._ask()
            self._known_at = time.monotonic()
        return self._known

    async def _ask(self) -> dict[str, Any]:
        s = self._process
        checks: dict[str, dict[str, Any]] = {}
        reasons: list[str] = []
        if s.commit.away_because is None and (reason := await self._store_trouble()) is None:
            checks["store"] = {"status": "pass"}
        else:
            reason = s.commit.away_because or reason
            checks["store"] = {"status": "warn", "detail": f"数据库不可用（{reason}），订单写入本地暂存"}
            reasons.append("store_away")
        if s.spool_depth:
            reasons.append("spool_waiting")
        if s.spool_quarantined:
            reasons.append("spool_set_aside")
        checks["spool"] = {
            "status": "warn" if s.spool_depth or s.spool_quarantined else "pass",
            "waiting": s.spool_depth,
            "set_aside": s.spool_quarantined,
        }
        if damaged := damaged_files(s.spool_dir):
            names = "、".join(path.name for path in damaged)
            checks["spool_damaged"] = {
                "status": "warn",
                "detail": f"暂存文件损坏，其中可能有已受理的订单，请用 lifeboat spool salvage 抢救：{names}",
            }
            reasons.append("spool_damaged")
        free = shutil.disk_usage(s.data_dir).free
        checks["disk"] = {"status": "pass" if free > LOW_DISK else "warn", "free_bytes": free}
        if free <= LOW_DISK:
            reasons.append("disk_low")
        for name, detail in s.warnings.items():
            checks[name] = {"status": "warn", "detail": detail}
            reasons.append(name)
        closed = self.draining or (s.commit.away_because is not None and s.commit.spool_trouble is not None)
        if closed:
            reasons.append("draining" if self.draining else "intake_unavailable")
        return {"status": "fail" if closed else "warn" if reasons else "pass", "degraded": reasons, "checks": checks}

    async def _store_trouble(self) -> str | None:
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(self._ping())
        done, _ = await asyncio.wait({asking}, timeout=ASK_WITHIN)
        if not done:
            return "timeout"
        return asking.result().get("reason")

    async def _ping(self) -> dict[str, Any]:
        try:
            await asyncio.to_thread(ping, self._process.engines)
        except Exception as error:  # noqa: BLE001 - whatever it was, the store does not answer
            return {"reason": type(error).__name__}
        return {}
