"""Is it alive, is it ready, how does it feel: for machines by status code, for people by ``?verbose``."""

import shutil
import time
from typing import Any

from app.bootstrap import Lifeboat, situation_of
from app.domain.main_health import MainState
from app.store.database.engine import Engines, ping
from app.watch.patrol import look
from app.watch.rule import Trouble
from app.watch.rules import RULES
from app.web.process_state import ProcessState
from app.web.threads import Question

ASK_WITHIN = 1.0
"""Seconds for the database, or for this machine's disks, to answer a health question; longer is as good as away."""

REMEMBER = 1.0
"""Seconds an answer is reused, so that probes cannot become load."""

ROOM_FOR_ORDERS = 1024 * 1024
"""Bytes free beside the data without which an order that was refused would be refused again: a few hundred orders."""

_CHECK_OF = {"spool_waiting": "spool", "spool_set_aside": "spool", "disk_low": "disk", "disk_reserve": "disk"}
_NOTICES = frozenset(rule.name for rule in RULES if rule.level == "notice")
"""What waits for a person and degrades nothing."""

"""Checks that are always there, by the reasons that turn them to a warning."""

_DISKS_SILENT = (Trouble("disk_silent", "磁盘没有应答（数据目录或批次目录），请检查挂载。"),)

Here = tuple[int | None, tuple[Trouble, ...]]
"""Bytes free beside the data folder, and what is wrong with this machine."""


def _store_trouble(engines: Engines) -> str | None:
    try:
        ping(engines)
    except Exception as error:  # noqa: BLE001 - whatever it was, the store does not answer
        return type(error).__name__
    return None


class Health:
    """Asks the checks at most once a second, each with a limit, on threads the door does not use."""

    def __init__(self, boat: Lifeboat, process: ProcessState) -> None:
        self._boat, self._process = boat, process
        self._known: dict[str, Any] | None = None
        self._known_at = 0.0
        self._store: Question[str | None] = Question(
            "store asked", lambda: _store_trouble(process.engines), unanswered="timeout"
        )
        self._disks: Question[Here] = Question("disks asked", self._look_here, unanswered=(None, _DISKS_SILENT))
        self.ask_within = ASK_WITHIN
        self.draining = False

    async def document(self) -> dict[str, Any]:
        """Return the state as ``{"status": pass|warn|fail, "degraded": […], "checks": {…}}``."""
        if self._known is None or time.monotonic() - self._known_at > REMEMBER or self.draining:
            self._known = await self._ask()
            self._known_at = time.monotonic()
        return self._known

    def sentences(self, code: str) -> tuple[str, ...]:
        """Return what the watch's rules found under one code at their last look at the store."""
        return tuple(trouble.text for trouble in self._process.troubles if trouble.code == code)

    def worker_silence(self) -> str:
        """Return what every page says while the worker is silent, empty while it is not."""
        return self._process.worker_silence

    async def _ask(self) -> dict[str, Any]:
        s = self._process
        checks: dict[str, dict[str, Any]] = {}
        reasons: list[str] = []
        if s.commit.away_because is None and (reason := await self._store.answer(within=self.ask_within)) is None:
            checks["store"] = {"status": "pass"}
        else:
            reason = s.commit.away_because or reason
            checks["store"] = {"status": "warn", "detail": f"数据库不可用（{reason}），订单写入本地暂存"}
            reasons.append("store_away")
        checks["spool"] = {"status": "pass", "waiting": s.spool_depth, "set_aside": s.spool_quarantined}
        free, here = await self._disks.answer(within=self.ask_within)
        checks["disk"] = {"status": "pass", "free_bytes": free}
        for trouble in (one for one in (*here, *s.troubles) if one.code not in _NOTICES):
            if known := checks.get(trouble.code):  # a second channel, say
                known["detail"] += trouble.text
                continue
            reasons.append(trouble.code)
            checks[trouble.code] = {"status": "warn", "detail": trouble.text}
            if always := checks.get(_CHECK_OF.get(trouble.code, "")):
                always["status"] = "warn"
        if s.main is not None:  # it says nothing of whether orders are taken here
            well = s.main.state is MainState.UP
            checks["main_system"] = {"status": "pass" if well else "warn", "detail": s.main.sentence}
        # A store that is back after the last order was refused has written its own mark, which needs no new room.
        no_way = s.commit.away_because is not None or (free is not None and free < ROOM_FOR_ORDERS)
        closed = self.draining or (s.commit.spool_trouble is not None and no_way)
        if closed:
            reasons.append("draining" if self.draining else "intake_unavailable")
        return {"status": "fail" if closed else "warn" if reasons else "pass", "degraded": reasons, "checks": checks}

    def _look_here(self) -> Here:
        """Return the room on the disk of the data folder, and what is wrong with this machine."""
        situation = situation_of(self._boat, spool=self._process.spool)
        found = look([rule for rule in RULES if rule.of_machine], situation)
        troubles = tuple(trouble for one in found for trouble in one.troubles or ())
        return shutil.disk_usage(self._process.data_dir).free, troubles
