"""Asks what other lines would have told, here or in a process of its own, which gives way to those who take orders.

The child gets its question by a pipe and answers with one line; it holds no secrets but the address of the database.
"""

import os
import resource
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import app
from app.bootstrap.lifeboat import Lifeboat
from app.bootstrap.watch import watch_policy
from app.domain.health_lines import HealthLines
from app.domain.problems import Busy
from app.settings import PREFIX
from app.store.database.engine import open_engines
from app.store.unit_of_work import Store
from app.watch.rule import WatchPolicy
from app.watch.what_if.judge import HearsHours, WhatIf, what_if

PATIENCE = 50.0
"""Seconds by the clock for whoever waits at a page; what takes longer is for the command line."""

CPU_SECONDS = 120

NOT_DONE = "试算没有完成：数据太多或系统繁忙。请减少天数再试，或在服务器上运行 lifeboat watch what-if。"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfQuestion:
    """A question to the child."""

    url: str
    policy: WatchPolicy
    wanted: HealthLines
    now: datetime
    days: int


_ASKED, _ANSWER = TypeAdapter(WhatIfQuestion), TypeAdapter(WhatIf)


def judge_here(boat: Lifeboat, wanted: HealthLines, *, days: int, progress: HearsHours | None = None) -> WhatIf:
    """Judge the last days by other lines in this process."""
    now, policy = boat.clock.now(), watch_policy(boat.live)
    return what_if(boat.store, policy=policy, wanted=wanted, now=now, days=days, progress=progress)


def judge_apart(boat: Lifeboat, wanted: HealthLines, *, days: int) -> WhatIf:
    """Judge the last days by other lines in another process, and wait for it.

    Raises:
        Busy: it took too long, or broke.
    """
    url, policy = boat.settings.url_of_store, watch_policy(boat.live)
    question = WhatIfQuestion(url=url, policy=policy, wanted=wanted, now=boat.clock.now(), days=days)
    root = str(Path(app.__file__).resolve().parents[1])
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    try:
        answer = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-X", "utf8", "-m", __name__],
            input=_ASKED.dump_json(question),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback would show the address
            env={**ours, "PYTHONPATH": root},
            timeout=PATIENCE,
            check=True,
        )
        return _ANSWER.validate_json(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError):
        raise Busy(NOT_DONE) from None


def answered(question: bytes) -> bytes:
    """Return the child's answer to a question."""
    asked = _ASKED.validate_json(question)
    engines = open_engines(asked.url, pool_size=1)
    try:
        found = what_if(Store(engines), policy=asked.policy, wanted=asked.wanted, now=asked.now, days=asked.days)
    finally:
        engines.dispose()
    return _ANSWER.dump_json(found)


def _main() -> None:
    """Be the child."""
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    with suppress(OSError):  # Linux: where memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    question = sys.stdin.buffer.read()
    with redirect_stdout(sys.stderr):  # whatever is logged is no answer
        answer = answered(question)
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    _main()
