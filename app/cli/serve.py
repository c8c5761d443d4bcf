"""``lifeboat serve``: both processes, looked after."""

import typer

from app.bootstrap import Lifeboat
from app.cli.first_start import greet
from app.cli.language import said
from app.cli.supervisor import Child, listen, supervise
from app.cli.terminal import fail, lifeboat, out
from app.store.database.engine import StoreAway


def serve() -> None:
    """启动网页与后台两个进程并看护它们（SQLite 默认部署）。"""
    with lifeboat("serve", prepare=False) as boat:
        settings = boat.settings
        try:
            listener = listen(settings.host, settings.port)
        except OSError as error:
            fail(
                said(
                    "无法监听 {host}:{port}（{why}）：端口可能被占用，请改 LIFEBOAT_PORT。",
                    host=settings.host,
                    port=settings.port,
                    why=error.strerror,
                ),
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
    out.print(said("已停止。"))
    raise typer.Exit(code)


def _welcome(boat: Lifeboat) -> str:
    """Make what a first start needs; where the database is away, start all the same: orders go to the spool."""
    try:
        boat.prepare_store()
        return greet(boat)
    except StoreAway as error:
        return said(
            "数据库不可用（{reason}）：照常启动，订单先写入本地暂存，数据库恢复后自动写入。",
            reason=type(error.orig or error).__name__,
        )
