"""``lifeboat serve``: starts web and worker, restarts what dies, and drains both on the way out.

The listening socket belongs to the supervisor and is inherited: while a web process restarts, new connections wait in
the kernel's queue instead of being refused.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import structlog
import typer

log = structlog.get_logger()

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]

DRAIN_WITHIN = 25.0
"""Seconds for a child to finish what it has in hand; container runtimes kill after 30."""

HEALTHY_AFTER = 5.0
"""Seconds after which a death counts as the first."""

SLOWEST_RESTART = 10.0
BACKLOG = 4096


@dataclass(slots=True)
class Child:
    """One process to keep alive."""

    name: str
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0
    pass_fds: tuple[int, ...] = field(default=())
    clock: Callable[[], float] = time.monotonic

    def start(self, pid_dir: Path) -> None:
        """Start the process and write its id down."""
        self.process = subprocess.Popen([sys.executable, "-m", "app", *self.arguments], pass_fds=self.pass_fds)  # noqa: S603 - our own program
        self.started_at = self.clock()
        (pid_dir / f"{self.name}.pid").write_text(f"{self.process.pid}\n", encoding="ascii")
        log.info("child_started", child=self.name, pid=self.process.pid)

    def look_after(self, pid_dir: Path) -> None:
        """Restart the process if it has died: at once if it was killed, ever more slowly if it gives up by itself."""
        now = self.clock()
        if self.process is None:
            if now >= self.restart_at:
                self.start(pid_dir)
            return
        code = self.process.poll()
        if code is None:
            return
        was_killed = code < 0
        self.deaths = 0 if was_killed or now - self.started_at > HEALTHY_AFTER else self.deaths + 1
        wait = min(0.5 * 2**self.deaths, SLOWEST_RESTART) if self.deaths else 0.0
        log.error("child_died", child=self.name, code=code, restart_in=wait)
        self.process, self.restart_at = None, now + wait


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket that children may inherit."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def supervise(children: list[Child], *, pid_dir: Path) -> int:
    """Keep the children alive until SIGTERM or SIGINT; return the exit code."""
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    pid_dir.mkdir(parents=True, exist_ok=True)
    while not stopping:
        for child in children:
            child.look_after(pid_dir)
        time.sleep(0.1)
    return drain(children)


def drain(children: list[Child], *, within: float = DRAIN_WITHIN) -> int:
    """Ask every child to finish; after the limit end those that do not."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + within
    code = 0
    for process in running:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            log.error("child_killed", pid=process.pid)  # noqa: TRY400 - the event says it all
            process.kill()
            process.wait()
            code = 1
    return code


def end_with_parent(act: Callable[[], None]) -> None:
    """Call ``act`` once the supervisor is gone: a child without one would hold the port against its successor."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    act()


def watch_parent(*, supervised: bool) -> None:
    """End this process like any other, by SIGTERM, once its supervisor is gone."""
    if supervised:
        act = lambda: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731 - one call, named by its argument
        threading.Thread(target=end_with_parent, args=(act,), daemon=True).start()
