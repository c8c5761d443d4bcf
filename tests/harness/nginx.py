"""Runs Debian's nginx with the shipped example, in which only addresses, paths and the port are changed."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.debian import tool
from tests.harness.processes import LOOPBACK, free_port
from tests.harness.waiting import until

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "nginx" / "lifeboat-failover.conf"

_FRAME = """
{user}
daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {temporary}
    {example}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class NoNginx(Exception):
    """This machine has none, and cannot get one."""


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx in front of two addresses."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where storefronts send to."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def switches(self) -> Path:
        """The folder in which it looks for switches."""
        return self.folder / "switch"

    def log(self) -> str:
        """Return what it noted of orders."""
        return (self.folder / "order_intake.log").read_text(encoding="utf-8")


def filled_in(
    example: str,
    *,
    main: int,
    lifeboat: int,
    port: int,
    folder: Path,
    nobody: Path,
    besides: Mapping[str, str] | None = None,
) -> str:
    """Return the example as somebody would have it who changed the marked lines alone, and what is said ``besides``."""
    changes = {
        "10.0.0.10:8080": f"{LOOPBACK}:{main}",
        "10.0.0.20:8000": f"{LOOPBACK}:{lifeboat}",
        "/run/lifeboat-nobody.sock": str(nobody),
        "/var/log/nginx/": f"{folder}/",
        "listen 80;": f"listen {LOOPBACK}:{port};",
        "/var/lib/lifeboat-switch/": f"{folder}/switch/",
        **(besides or {}),
    }
    for before, after in changes.items():
        if before not in example:
            raise AssertionError(f"the example has no {before}")
        example = example.replace(before, after)
    return example


@contextmanager
def nginx(folder: Path, *, main: int, lifeboat: int, besides: Mapping[str, str] | None = None) -> Iterator[Nginx]:
    """Run it between a main system and a Lifeboat on ports of this machine.

    Raises:
        NoNginx: there is none.
    """
    program = tool("nginx-light", "nginx", "/usr/sbin/nginx")
    if program is None:
        raise NoNginx("nginx is not installed")
    folder.mkdir(parents=True)
    with TemporaryDirectory(prefix="lb-") as short:  # a socket's path has 107 characters, and a test's folder as many
        port, nobody = free_port(), Path(short) / "nobody.sock"
        ours = {"main": main, "lifeboat": lifeboat, "port": port}
        text = EXAMPLE.read_text(encoding="utf-8")
        yield from _running(
            program, filled_in(text, **ours, folder=folder, nobody=nobody, besides=besides), port, folder
        )


def _running(program: Path, example: str, port: int, folder: Path) -> Iterator[Nginx]:
    whole = _FRAME.format(
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        temporary=" ".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY),
        example=example,
    )
    conf = folder / "nginx.conf"
    conf.write_text(whole, encoding="utf-8")
    with (folder / "start.log").open("wb") as log:
        process = subprocess.Popen([program, "-e", folder / "error.log", "-c", conf], stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is not None or _listens(port), why="nginx does not listen")
            assert process.poll() is None, (folder / "start.log").read_text(encoding="utf-8")
            yield Nginx(port, folder)
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
