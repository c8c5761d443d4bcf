"""A disk that has no more than is kept for orders, as a shop and IT meet it: orders are taken, all else says why it waits."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.deployment.orders import order_body
from tests.deployment.web import Web
from tests.integration.conftest import Run

EVERYTHING = str(1 << 60)


async def test_orders_are_taken_while_exports_and_uploads_wait(
    open_web: Callable[..., AbstractAsyncContextManager[Web]],
):
    async with open_web(disk_reserve_bytes=EVERYTHING) as web:
        key, ops = await web.key(), await web.key("ops", scope="ops")
        assert (await web.order(key, order_body())).status_code == 201
        allowed = {"authorization": f"Bearer {ops}"}
        cut = await web.post("/v1/batches", headers=allowed)
        assert (cut.status_code, cut.json()["code"]) == (409, "conflict")
        assert "为订单保留" in cut.json()["detail"]
        refused = await web.post("/v1/batches/B1/import-results", json={"results": []}, headers=allowed)
        assert (refused.status_code, refused.json()["code"]) == (507, "no_room")
        ready = await web.get("/readyz?verbose")
        assert ready.status_code == 200
        assert "disk_reserve" in ready.json()["degraded"]


def test_commands_say_why_they_wait(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    codes = tmp_path / "codes.csv"
    codes.write_text("AA11BB22,20元\n", encoding="utf-8")
    monkeypatch.setenv("LIFEBOAT_DISK_RESERVE_BYTES", EVERYTHING)
    for command in (["coupons", "import", str(codes)], ["coupons", "generate", "3"]):
        assert "为订单保留" in run(*command, code=1).stderr
    monkeypatch.setenv("LIFEBOAT_DISK_RESERVE_BYTES", "0")
    assert "导入 1 张" in run("coupons", "import", str(codes)).stdout
