"""Runs Debian's HAProxy with the shipped example, in which only addresses, paths and the port are changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.debian import tool
from tests.harness.processes import LOOPBACK, free_port
from tests.harness.proxy import filled_in, listening

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "haproxy" / "lifeboat-failover.cfg"


class NoHaproxy(Exception):
    """This machine has none, and cannot get one."""


@dataclass(frozen=True, slots=True)
class Haproxy:
    """A running HAProxy in front of two addresses."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where storefronts send to."""
        return f"http://{LOOPBACK}:{self.port}"

    def log(self) -> str:
        """Return what it noted of orders, and of its own start."""
        return (self.folder / "log").read_text(encoding="utf-8")


@contextmanager
def haproxy(
    folder: Path, *, main: int, lifeboat: int, switched: str = "", besides: Mapping[str, str] | None = None
) -> Iterator[Haproxy]:
    """Run it between a main system and a Lifeboat; ``switched`` is the map of what is, ``besides`` is changed too.

    Raises:
        NoHaproxy: there is none.
    """
    program = tool("haproxy", "haproxy", "/usr/sbin/haproxy")
    if program is None:
        raise NoHaproxy("haproxy is not installed")
    folder.mkdir(parents=True)
    port = free_port()
    (folder / "lifeboat-channels.map").write_text("tmall-api.example.com tmall\n", encoding="ascii")
    (folder / "lifeboat-switch.map").write_text(switched, encoding="ascii")
    changes = {
        "10.0.0.10:8080": f"{LOOPBACK}:{main}",
        "10.0.0.20:8000": f"{LOOPBACK}:{lifeboat}",
        "bind :80 ": f"bind {LOOPBACK}:{port} ",
        "/etc/haproxy/": f"{folder}/",
        **(besides or {}),
    }
    conf = folder / "haproxy.cfg"
    conf.write_text(filled_in(EXAMPLE, changes), encoding="utf-8")
    with listening([program, "-db", "-f", conf], port, log=folder / "log"):
        yield Haproxy(port, folder)
