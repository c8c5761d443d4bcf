"""``lifeboat doctor``: the check-up, printed."""

import typer

from app.bootstrap.checkup import CHECKS
from app.cli.language import is_english
from app.cli.terminal import Json, lifeboat, out, say_json


def doctor(*, as_json: Json = False) -> None:
    """体检：数据库、落盘、磁盘、密钥、通知渠道、暂存。有失败项则退出码为 1。"""
    with lifeboat() as boat:
        findings = [finding for check in CHECKS for finding in check(boat)]
    if as_json:
        say_json(
            {
                "healthy": all(f.status != "fail" for f in findings),
                "checks": [{"name": f.name, "status": f.status, "detail": f.detail} for f in findings],
            }
        )
    else:
        marks = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
        for finding in findings:
            # The sentences are the watch's own, which groups read too; in English each stands behind its code.
            code = f"{finding.name}: " if is_english() else ""
            out.print(f"{marks[finding.status]} {code}{finding.detail}")
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)
