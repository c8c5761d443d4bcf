"""Is it alive, is it ready, how does it feel: for machines by status code, for people by ``?verbose``."""

import asyncio
import shutil
import time
from typing import Any

from app.bootstrap import Lifeboat, situation_of
from app.store.database.engine import ping
from app.watch.patrol import look
from app.watch.rules import RULES
from app.web.process_state import ProcessState

ASK_WITHIN = 1.0
"""Seconds for the database to answer a health question; longer is as good as away."""

REMEMBER = 1.0
"""Seconds an answer is reused, so that probes cannot become load."""

_CHECK_OF = {"spool_waiting": "spool", "spool_set_aside": "spool", "disk_low": "disk"}
"""Checks that are always there, by the reasons that turn them to a warning."""


class Health:
    """Asks the checks at most once a second, each with a limit, on threads the door does not use."""

    def __init__(self, boat: Lifeboat, process: ProcessState) -> None:
        self._boat, self._process = boat, process
        self.ask_within = ASK_WITHIN
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
        checks["spool"] = {"status": "pass", "waiting": s.spool_depth, "set_aside": s.spool_quarantined}
        checks["disk"] = {"status": "pass", "free_bytes": shutil.disk_usage(s.data_dir).free}
        situation = situation_of(self._boat, spool=s.spool)
        here = look([rule for rule in RULES if rule.of_machine], situation)
        for trouble in (*(trouble for one in here for trouble in one.troubles or ()), *s.troubles):
            reasons.append(trouble.code)
            checks[trouble.code] = {"status": "warn", "detail": trouble.text}
            if always := checks.get(_CHECK_OF.get(trouble.code, "")):
                always["status"] = "warn"
        closed = self.draining or (s.commit.away_because is not None and s.commit.spool_trouble is not None)
        if closed:
            reasons.append("draining" if self.draining else "intake_unavailable")
        return {"status": "fail" if closed else "warn" if reasons else "pass", "degraded": reasons, "checks": checks}

    async def _store_trouble(self) -> str | None:
        asking = self._asking
        if asking is None or asking.done():
            asking = self._asking = asyncio.create_task(self._ping())
        done, _ = await asyncio.wait({asking}, timeout=self.ask_within)
        if not done:
            return "timeout"
        return asking.result().get("reason")

    async def _ping(self) -> dict[str, Any]:
        try:
            await asyncio.to_thread(ping, self._process.engines)
        except Exception as error:  # noqa: BLE001 - whatever it was, the store does not answer
            return {"reason": type(error).__name__}
        return {}
