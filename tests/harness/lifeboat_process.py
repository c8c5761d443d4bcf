"""Runs ``lifeboat serve``, ``web`` or ``worker`` as a process of its own, and ends exactly those it started."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.harness.evidence import on_their_way
from tests.harness.processes import LOOPBACK, NO_CERTIFICATES, end, free_port, plain_environment
from tests.harness.waiting import PATIENCE, NotInTime, until


@dataclass
class Boat:
    """One ``lifeboat serve``, ``web`` or ``worker`` with a folder of its own."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()
    command: str = "serve"
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)

    @property
    def data_dir(self) -> Path:
        """Where its database, secrets and spool are."""
        return Path(self.settings.get("LIFEBOAT_DATA_DIR", self.home / "data"))

    @property
    def exports(self) -> Path:
        """Where its batch files are."""
        return Path(self.settings.get("LIFEBOAT_EXPORT_DIR", self.home / "exports"))

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.data_dir / "lifeboat.db"

    @property
    def url(self) -> str:
        """The base of all its addresses."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def orders_url(self) -> str:
        """The door."""
        return f"{self.url}/v1/orders"

    @property
    def storefront_key(self) -> str:
        """The key of the first storefront."""
        return (self.data_dir / "secrets" / "storefront_key").read_text(encoding="ascii").strip()

    @property
    def environment(self) -> dict[str, str]:
        """What its processes and commands see."""
        mine = {
            "LIFEBOAT_DATA_DIR": str(self.data_dir),
            "LIFEBOAT_EXPORT_DIR": str(self.exports),
            "LIFEBOAT_HOST": LOOPBACK,
            "LIFEBOAT_PORT": str(self.port),
        }
        return {**plain_environment(), **mine, **self.settings}

    def start(self) -> "Boat":
        """Start it and wait until it takes orders."""
        if not self.data_dir.exists() and "LIFEBOAT_DATABASE_URL" not in self.settings:
            fresh_data(self.data_dir)
        with (self.home / "log.txt").open("ab") as log:
            command = [*self.wrapper, sys.executable, "-m", "app", self.command]
            self.process = subprocess.Popen(command, cwd=self.home, env=self.environment, stdout=log, stderr=log)
        if self.command != "worker":
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait until web takes orders and, under ``serve``, worker has been started."""
        try:
            until(self._ready)
        except NotInTime as error:
            raise NotInTime(f"not ready: {error}: {self.log_tail()}") from error
        if self.command == "serve":
            until(lambda: self.pid("worker"), why="no worker")

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise NotInTime(f"it ended with {self.process.returncode}")
        return self.readiness() is not None

    def readiness(self) -> "dict[str, Any] | None":
        """Return what ``/readyz?verbose`` says, None if it does not answer or says it is not ready."""
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{self.url}/readyz?verbose", timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES)
            return dict(answer.json()) if answer.status_code == httpx.codes.OK else None
        return None

    def wait_drained(self) -> None:
        """Wait until every order has come out of the spool, but for those that wait for a person."""
        until(lambda: not on_their_way(self.data_dir / "spool"), why="the spool does not drain")

    def stop(self) -> int:
        """Tell it to stop and return its exit code."""
        if self.process is None:
            return 0
        code = end(self.process)
        self.process = None
        return code

    def kill(self) -> None:
        """Kill the process itself, without a word of warning."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Stop it where it stands; what is sent meanwhile waits in the kernel, and it finds all of it at once."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def pid(self, child: str) -> int | None:
        """Return the process id of ``web`` or ``worker``, if it is alive and ours."""
        with suppress(OSError, ValueError):
            pid = int((self.data_dir / "run" / f"{child}.pid").read_text(encoding="ascii"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if child.partition("-")[0].encode() in words and b"--supervised" in words:
                return pid
        return None

    def signal(self, child: str, number: signal.Signals = signal.SIGKILL) -> bool:
        """Send a signal to ``web`` or ``worker``; False if it is not running now."""
        pid = self.pid(child)
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def cli(self, *arguments: str, expect: int = 0) -> str:
        """Run a command beside the server and return what it prints."""
        command = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(
            command, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == expect, (
            f"{arguments} ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[-500:]}"
        )
        return done.stdout

    def cli_json(self, *arguments: str) -> Any:
        """Run a command and read the JSON it prints."""
        return json.loads(self.cli(*arguments, "--json"))

    @property
    def ops_headers(self) -> dict[str, str]:
        """Return what lets in whoever takes batches and reads the ledger."""
        file = self.data_dir / "secrets" / "ops_key"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.cli_json("clients", "add", "ops", "--scope", "ops")["key"], encoding="ascii")
        return {"authorization": f"Bearer {file.read_text(encoding='ascii').strip()}"}

    def ops(self) -> httpx.Client:
        """Return a client of scope ``ops``."""
        return httpx.Client(base_url=self.url, headers=self.ops_headers, timeout=PATIENCE, trust_env=False)

    def ledger(self) -> dict[str, Any]:
        """Return the ledger as the web tells it."""
        with self.ops() as ops:
            return dict(ops.get("/v1/ledger").raise_for_status().json())

    def log(self) -> str:
        """Return everything it logged."""
        path = self.home / "log.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def errors(self) -> list[str]:
        """Return the errors it logged, but for a store that answered too late: that is a busy machine's, or meant."""
        lines = [line for line in self.log().splitlines() if '"level": "error"' in line or "Traceback" in line]
        return [line for line in lines if not ('"store_away"' in line and '"reason": "Timeout"' in line)]

    def log_tail(self) -> str:
        """Return the end of its log."""
        return self.log()[-3000:]

    def metric(self, name: str) -> float:
        """Return the sum of a figure of ``/metrics`` over its labels."""
        text = httpx.get(f"{self.url}/metrics", timeout=PATIENCE, trust_env=False, verify=NO_CERTIFICATES).text
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name) and line[len(name)] in " {"]
        return sum(float(value) for _, value in lines)


@contextmanager
def boat(home: Path, *, wrapper: Sequence[str] = (), command: str = "serve", **settings: str) -> Iterator[Boat]:
    """Run a Lifeboat; ``settings`` are named without their prefix, in lower case."""
    made = Boat(home, {f"LIFEBOAT_{name.upper()}": value for name, value in settings.items()}, wrapper, command)
    with ExitStack() as stack:
        stack.callback(made.stop)
        yield made.start()


def fresh_data(folder: Path) -> None:
    """Make ``folder`` the data folder of a Lifeboat that has seen its first start."""
    shutil.copytree(_template(), folder)


@cache
def _template() -> Path:
    """Return a data folder that has seen its first start: each scenario begins with a copy, and seconds earlier."""
    home = Path(tempfile.mkdtemp(prefix="lb-template-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    first = Boat(home)
    storefront = first.cli_json("clients", "add", "first-shop")["key"]
    (first.data_dir / "secrets" / "storefront_key").write_text(storefront, encoding="ascii")
    assert first.ops_headers
    return first.data_dir
