"""Processes of our own: where they run, what they see of the environment, which port is theirs, how they are ended."""

import fcntl
import os
import random
import socket
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.harness.waiting import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here speaks TLS, and reading everybody's certificates takes longer than most questions."""

_LOWEST, _HIGHEST = 10_000, 60_000
_claims: list[int] = []


def free_port() -> int:
    """Return a port that is ours until this process ends.

    A port that the kernel gives away may belong to somebody else by the time a server binds it, be it as the near end
    of a connection. So it is taken from those that the kernel gives to nobody, and other test runs see it locked.
    """
    for port in random.sample(_given_to_nobody(), k=len(_given_to_nobody())):
        if _claim(port) and _binds(port):
            return port
    raise OSError("every port is taken")


@cache
def _given_to_nobody() -> range:
    """Return the ports outside the range from which connections get theirs."""
    setting = Path("/proc/sys/net/ipv4/ip_local_port_range")
    text = setting.read_text(encoding="ascii") if setting.exists() else "32768 60999"
    low, high = (int(word) for word in text.split())
    below, above = range(_LOWEST, min(low, _HIGHEST)), range(max(high + 1, _LOWEST), 65_536)
    return max(below, above, key=len) or range(_LOWEST, _HIGHEST)


def _claim(port: int) -> bool:
    """Lock a port against other test runs on this machine, until this process ends."""
    folder = Path(tempfile.gettempdir()) / "lifeboat-test-ports"
    folder.mkdir(exist_ok=True)
    try:
        descriptor = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:  # claimed once by another user
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _claims.append(descriptor)
    return True


def _binds(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def plain_environment() -> dict[str, str]:
    """Return an environment without settings of a developer's own deployment."""
    unwanted = ("LIFEBOAT_", "COV_", "PYTHONDONTWRITEBYTECODE")  # without compiled files a start takes thrice as long
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


def end(process: "subprocess.Popen[Any]") -> int:
    """Ask a process of ours to stop, and make it if it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
