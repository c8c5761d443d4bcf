"""Runs Caddy and Envoy, where a machine has them, with the shipped examples: addresses, paths and the port are changed."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.processes import LOOPBACK, free_port
from tests.harness.proxy import filled_in, listening

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
    text = "{\n\tadmin off\n\tauto_https off\n}\n" + filled_in(EXAMPLES / "caddy" / "Caddyfile", changes)
    conf = _written(folder, "Caddyfile", text)
    command = [program, "run", "--adapter", "caddyfile", "--config", str(conf)]
    with listening(command, port, log=folder / "log", cwd=folder):
        yield OtherProxy(port, folder)


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
    conf = _written(folder, "envoy.yaml", filled_in(EXAMPLES / "envoy" / "envoy.yaml", changes))
    options = ["--concurrency", "1", "--use-dynamic-base-id", "--drain-time-s", "1", "-l", "warning"]
    with listening([program, "-c", str(conf), *options], port, log=folder / "log", cwd=folder):
        yield OtherProxy(port, folder)


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


def _written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name
