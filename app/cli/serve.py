"""``lifeboat serve``, ``web`` and ``worker``: the processes."""

import asyncio
import os
import signal
import socket
import threading
from typing import Annotated

import typer

from app.bootstrap import Lifeboat
from app.cli.console import fail, lifeboat, load_settings, out
from app.cli.first_start import greet
from app.cli.supervisor import Child, end_with_parent, listen, supervise
from app.store.engine import StoreAway
from app.web.server import serve_web
from app.worker.main import work

Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]


def serve() -> None:
    """启动网页与后台两个进程并看护它们（SQLite 默认部署）。"""
    with lifeboat("serve", prepare=False) as boat:
        settings = boat.settings
        try:
            listener = listen(settings.host, settings.port)
        except OSError as error:
            fail(
                f"无法监听 {settings.host}:{settings.port}（{error.strerror}）：端口可能被占用，请改 LIFEBOAT_PORT。",
                code=2,
            )
        out.print(_welcome(boat), markup=False)
    fd = str(listener.fileno())
    webs = [
        Child(
            "web" if slot == 0 else f"web-{slot}",
            ["web", "--fd", fd, "--slot", str(slot), "--supervised"],
            pass_fds=(listener.fileno(),),
        )
        for slot in range(settings.web_processes)
    ]
    code = supervise([*webs, Child("worker", ["worker", "--supervised"])], pid_dir=settings.data_dir / "run")
    listener.close()
    out.print("已停止。")
    raise typer.Exit(code)


def _welcome(boat: Lifeboat) -> str:
    """Make what a first start needs; where the database is away, start all the same: orders go to the spool."""
    try:
        boat.prepare_store()
        return greet(boat)
    except StoreAway as error:
        reason = type(error.orig or error).__name__
        return f"数据库不可用（{reason}）：照常启动，订单先写入本地暂存，数据库恢复后自动写入。"


def web(
    fd: Annotated[int | None, typer.Option(help="继承的监听套接字。", hidden=True)] = None,
    slot: Annotated[int, typer.Option(help="本机第几个网页进程（决定本地暂存文件）。")] = 0,
    *,
    supervised: Supervised = False,
) -> None:
    """只启动网页进程：接单、下载、控制台。"""
    _watch_parent(supervised=supervised)
    settings = load_settings()
    with lifeboat("web", prepare=False) as boat:
        listener = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
        serve_web(boat, listener, slot=slot)


def worker(*, supervised: Supervised = False) -> None:
    """只启动后台进程：通知、批次、巡检。"""
    _watch_parent(supervised=supervised)
    with lifeboat("worker", prepare=False) as boat:
        asyncio.run(_work(boat))


def migrate() -> None:
    """把数据库升级到当前版本的结构（启动时也会自动执行）。"""
    with lifeboat():
        out.print("数据库结构已是最新。")


async def _work(boat: Lifeboat) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(boat, stop)


def _watch_parent(*, supervised: bool) -> None:
    if supervised:
        act = lambda: os.kill(os.getpid(), signal.SIGTERM)  # noqa: E731 - one call, named by its argument
        threading.Thread(target=end_with_parent, args=(act,), daemon=True).start()
