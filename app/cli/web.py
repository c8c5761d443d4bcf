"""``lifeboat web``: the web process."""

import socket
from typing import Annotated

import typer

from app.cli.memory import share_arenas
from app.cli.supervisor import Supervised, listen, watch_parent
from app.cli.terminal import lifeboat, load_settings
from app.web.server import serve_web


def web(
    fd: Annotated[int | None, typer.Option(help="继承的监听套接字。", hidden=True)] = None,
    slot: Annotated[int, typer.Option(help="本机第几个网页进程（决定本地暂存文件）。")] = 0,
    *,
    supervised: Supervised = False,
) -> None:
    """只启动网页进程：接单、下载、控制台。"""
    share_arenas()
    watch_parent(supervised=supervised)
    settings = load_settings()
    with lifeboat("web", prepare=False) as boat:
        listener = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
        serve_web(boat, listener, slot=slot)
