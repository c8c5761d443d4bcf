"""Runs Caddy and Envoy, where a machine has them, with the shipped examples: addresses, paths and the port are changed."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.processes import LOOPBACK, free_port
from tests.harness.waiting import until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CADDY_SINCE = (2, 11, 7)
"""Older ones mix customers' answers up."""


class NoSuchProxy(Exception):
    """This machine has none that will do; the sentence says which."""


@dataclass(frozen=True, slots=True)
class OtherProxy:
    """A running proxy in front of two addresses."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where storefronts send to."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def switches(self) -> Path:
        """The folder in which it looks for switches, if it does."""
        return self.folder / "switch"


@contextmanager
def caddy(folder: Path, *, main: int, lifeboat: int, quickly: bool = False) -> Iterator[OtherProxy]:
    """Run Caddy; ``quickly`` lets the main system take half a second instead of three.

    Raises:
        NoSuchProxy: there is none, or it is too old.
    """
    program = program_of("caddy")
    port = free_port()
    changes = {
        "shop-api.example.com, tmall-api.example.com {": f"http://:{port} {{\n\tbind {LOOPBACK}",
        "10.0.0.10:8080": f"{LOOPBACK}:{main}",
        "10.0.0.20:8000": f"{LOOPBACK}:{lifeboat}",
        "/var/lib/lifeboat-switch": str(folder / "switch"),
    }
    if quickly:
        changes["response_header_timeout 3s"] = "response_header_timeout 500ms"
    text = "{\n\tadmin off\n\tauto_https off\n}\n" + _filled_in(EXAMPLES / "caddy" / "Caddyfile", changes)
    conf = _written(folder, "Caddyfile", text)
    with _running([program, "run", "--adapter", "caddyfile", "--config", str(conf)], port, folder) as proxy:
        yield proxy


@contextmanager
def envoy(folder: Path, *, main: int, lifeboat: int, quickly: bool = False) -> Iterator[OtherProxy]:
    """Run Envoy; ``quickly`` as above.

    Raises:
        NoSuchProxy: there is none.
    """
    program = program_of("envoy")
    port = free_port()
    changes = {
        "address: 0.0.0.0, port_value: 8080": f"address: {LOOPBACK}, port_value: {port}",
        "address: 10.0.0.10, port_value: 8080": f"address: {LOOPBACK}, port_value: {main}",
        "address: 10.0.0.20, port_value: 8000": f"address: {LOOPBACK}, port_value: {lifeboat}",
    }
    if quickly:
        changes["per_try_timeout: 3s"] = "per_try_timeout: 0.5s"
    conf = _written(folder, "envoy.yaml", _filled_in(EXAMPLES / "envoy" / "envoy.yaml", changes))
    options = ["--concurrency", "1", "--use-dynamic-base-id", "--drain-time-s", "1", "-l", "warning"]
    with _running([program, "-c", str(conf), *options], port, folder) as proxy:
        yield proxy


def program_of(name: str) -> str:
    """Return the program that is called so.

    Raises:
        NoSuchProxy: there is none, or it is too old.
    """
    found = shutil.which(name)
    if found is None:
        raise NoSuchProxy(f"{name} is not installed")
    if name == "caddy":
        version = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
        if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) < CADDY_SINCE:
            raise NoSuchProxy(f"caddy {version.split()[0]} is too old")
    return found


def _filled_in(example: Path, changes: Mapping[str, str]) -> str:
    text = example.read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, f"{example.name} has no {before}"
        text = text.replace(before, after)
    return text


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[OtherProxy]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            until(lambda: process.poll() is not None or _listens(port), why=f"{command[0]} does not listen")
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield OtherProxy(port, folder)
        finally:
            process.terminate()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
