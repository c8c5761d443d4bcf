"""Runs Debian's nginx with the shipped example, in which only addresses, paths and the port are changed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.debian import tool
from tests.harness.processes import LOOPBACK, free_port
from tests.harness.proxy import filled_in, listening

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "nginx"
EXAMPLE, LUA_EXAMPLE = _EXAMPLES / "lifeboat-failover.conf", _EXAMPLES / "lifeboat-failover-lua.conf"
LUA = ("ndk_http_module.so", "ngx_http_lua_module.so")
"""What Debian loads for the example that reads bodies."""

_FRAME = """
{modules}
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


@contextmanager
def nginx(
    folder: Path,
    *,
    main: int,
    lifeboat: int,
    example: Path = EXAMPLE,
    modules: Sequence[Path] = (),
    besides: Mapping[str, str] | None = None,
) -> Iterator[Nginx]:
    """Run it between a main system and a Lifeboat on ports of this machine; ``besides`` is changed in the example too.

    Raises:
        NoNginx: there is none.
    """
    program = tool("nginx-light", "nginx", "/usr/sbin/nginx")
    if program is None:
        raise NoNginx("nginx is not installed")
    folder.mkdir(parents=True)
    port = free_port()
    with TemporaryDirectory(prefix="lb-") as short:  # a socket's path has 107 characters, and a test's folder as many
        marked = {
            "10.0.0.10:8080": f"{LOOPBACK}:{main}",
            "10.0.0.20:8000": f"{LOOPBACK}:{lifeboat}",
            "/var/log/nginx/": f"{folder}/",
            "listen 80;": f"listen {LOOPBACK}:{port};",
            "/var/lib/lifeboat-switch/": f"{folder}/switch/",
        }
        if example == EXAMPLE:
            marked["/run/lifeboat-nobody.sock"] = f"{short}/nobody.sock"
        text = filled_in(example, {**marked, **(besides or {})})
        yield from _running(program, text, port, folder, modules)


def lua_modules() -> Sequence[Path]:
    """Return what nginx loads to read bodies, installing it if need be.

    Raises:
        NoNginx: there is none.
    """
    tool("nginx-light", "nginx", "/usr/sbin/nginx")
    found = [tool("libnginx-mod-http-lua", f"/usr/lib/nginx/modules/{name}") for name in LUA]
    if None in found:
        raise NoNginx("libnginx-mod-http-lua is not installed")
    return [path for path in found if path is not None]


def _running(program: Path, example: str, port: int, folder: Path, modules: Sequence[Path]) -> Iterator[Nginx]:
    whole = _FRAME.format(
        modules=" ".join(f"load_module {path};" for path in modules),
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        temporary=" ".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY),
        example=example,
    )
    conf = folder / "nginx.conf"
    conf.write_text(whole, encoding="utf-8")
    command = [program, "-e", folder / "error.log", "-c", conf]
    with listening(command, port, log=folder / "start.log"):
        yield Nginx(port, folder)
