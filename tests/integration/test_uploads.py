"""Uploads hurt nobody: they are limited in number, size and time, and leave keys, health and drain their own threads."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.domain.problems import TooSlow, Unauthenticated
from app.web.door.body import BodyReader
from app.web.threads import on_a_thread
from app.web.uploads import AT_ONCE, MOST
from tests.deployment.facts import TEN
from tests.deployment.orders import order_body
from tests.deployment.web import Web
from tests.fakes.serving import send_raw
from tests.unit.workbooks import MAIN, package, sheet_xml

FAR = '<row><c r="XFD1"><v>1</v></c></row>'


async def a_batch(web: Web) -> tuple[str, str, dict[str, str]]:
    """Return where the results of a batch of one order are uploaded, the order's number, and who may upload them."""
    ops = {"authorization": f"Bearer {await web.key('it', scope='ops')}"}
    number = (await web.order(await web.key(), order_body("A"))).json()["order_number"]
    batch = (await web.post("/v1/batches", headers=ops)).json()["batch"]
    return f"/v1/batches/{batch}/import-results", number, ops


def revoke(web: Web, key: str) -> None:
    with web.boat.store.writing() as uow:
        uow.access.revoke(key.split("_")[1], now=TEN)


async def test_a_dozen_uploads_delay_neither_a_revoked_key_nor_a_health_check_nor_the_drain(web: Web):
    """Security: nine small workbooks kept a revoked key alive for 8 s, and /readyz said that the store was away."""
    uploads, let_go, key = web.app.parts.uploads, threading.Event(), await web.key()
    reading = [asyncio.create_task(uploads.reading(let_go.wait)) for _ in range(MOST)]
    await asyncio.sleep(0)
    try:
        revoke(web, key)
        await web.app.runtime.access.refresh()
        with pytest.raises(Unauthenticated):
            await web.app.runtime.access.caller(key)
        assert (await web.get("/readyz?verbose")).json()["checks"]["store"] == {"status": "pass"}
        assert (await web.get("/metrics")).status_code == 200
        await web.app.runtime.drain()
        assert not any(one.done() for one in reading)
    finally:
        let_go.set()
    assert all(await asyncio.gather(*reading))


async def test_nothing_of_the_web_process_asks_for_one_of_the_shared_threads(web: Web):
    """A default pool that takes no more work stands for one that is full for ever."""
    address, number, ops = await a_batch(web)
    key = await web.key("another")
    assert web.app.runtime.access.find(key) is not None
    gone = ThreadPoolExecutor(1)
    gone.shutdown()
    asyncio.get_running_loop().set_default_executor(gone)
    revoke(web, key)
    await web.app.runtime.access.refresh()
    assert web.app.runtime.access.find(key) is None
    assert (await web.get("/readyz?verbose")).json()["checks"]["store"] == {"status": "pass"}
    assert "lifeboat_orders_uncomposed 1.0" in (await web.get("/metrics")).text
    await web.app.runtime.drain()
    sent = await web.post(address, content=f"应急单号,结果\n{number},成功\n".encode(), headers=ops)
    assert (sent.status_code, sent.json()["applied"]) == (200, 1)


async def test_only_a_few_uploads_are_read_at_once(web: Web):
    uploads, let_go = web.app.parts.uploads, threading.Event()
    begun = threading.Semaphore(0)

    def read() -> None:
        begun.release()
        let_go.wait()

    reading = [asyncio.create_task(uploads.reading(read)) for _ in range(MOST)]
    for _ in range(AT_ONCE):
        await on_a_thread("waits", begun.acquire)
    assert sum(thread.name == "upload" for thread in threading.enumerate()) == AT_ONCE
    let_go.set()
    await asyncio.gather(*reading)


async def test_one_upload_too_many_is_asked_to_wait(web: Web):
    address, _, headers = await a_batch(web)
    async with AsyncExitStack() as others:
        for _ in range(MOST):
            await others.enter_async_context(web.app.parts.uploads.one())
        sent = await web.post(address, content=b"a,b\n", headers=headers)
        assert (sent.status_code, sent.json()["code"], sent.headers["retry-after"]) == (503, "busy", "1")
        assert "上传过多" in sent.json()["detail"]
    assert (await web.post(address, content=b"a,b\n", headers=headers)).status_code == 422


async def test_an_upload_that_drips_is_cut_off(web: Web):
    """Security: a byte every five seconds held its place for ever."""
    address, _, ops = await a_batch(web)
    slow = web.app.parts.uploads.bodies = BodyReader(limit=1000, within=0.0)
    web.app.runtime.bodies = (web.app.parts.uploads.bodies,)
    headers = [(name.encode(), value.encode()) for name, value in ops.items()]
    waiting = asyncio.Event()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": address, "headers": headers, "query_string": b""}
    request = asyncio.create_task(web.app(scope, receive, send))  # type: ignore[arg-type]
    await waiting.wait()
    await asyncio.sleep(0.001)
    assert slow.cut_off_overdue() == 1
    await request
    assert sent[0]["status"] == 408


async def test_the_process_looks_at_the_clock_of_uploads_too(web: Web):
    assert web.app.parts.uploads.bodies in web.app.runtime.bodies
    assert web.app.parts.door.bodies in web.app.runtime.bodies


@pytest.mark.parametrize(("pace", "cut"), [(0, 1), (10, 0)])
async def test_what_arrives_buys_a_large_upload_more_time(pace: int, cut: int):
    reader = BodyReader(limit=10_000, within=0.0, pace=pace)
    pieces = [b"x" * 1000]
    waiting = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(reader.read({}, receive))
    await waiting.wait()
    await asyncio.sleep(0.001)
    assert reader.cut_off_overdue() == cut
    task.cancel()
    with pytest.raises((asyncio.CancelledError, TooSlow)):
        await task


async def test_who_hangs_up_in_the_middle_is_no_mistake_of_ours(web: Web, caplog: pytest.LogCaptureFixture):
    address, _, ops = await a_batch(web)
    headers = [(name.encode(), value.encode()) for name, value in ops.items()]
    answer = await send_raw(web.app, "POST", address, headers=headers, pieces=[b"a", None])
    assert answer is None or answer[0] == 400
    assert "request_broke" not in caplog.text


async def test_a_file_may_come_in_a_form_of_many_pieces(web: Web):
    address, number, ops = await a_batch(web)
    text = f"应急单号,结果,备注\n{number},成功,{'x' * 300_000}\n"
    sent = await web.post(address, files={"file": ("结果.csv", text.encode())}, headers=ops)
    assert (sent.status_code, sent.json()["applied"]) == (200, 1)


@pytest.mark.parametrize(
    "data",
    [
        package({"a": f'<worksheet xmlns="{MAIN}"><sheetData>{FAR * 4000}</sheetData></worksheet>'}),
        package({"a": sheet_xml(["x"])}, styles=f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 60_000}</cellXfs></styleSheet>'),
        package({"a": sheet_xml(["x"])}, styles=f'<styleSheet xmlns="{MAIN}"><fills><fill/></fills></styleSheet>'),
        b"PK\x03\x04" + b"\xff" * 1000,
        b"\xff" * 1000,
        b"",
    ],
)  # fmt: skip
async def test_whatever_is_uploaded_is_refused_with_a_sentence(web: Web, data: bytes):
    address, _, ops = await a_batch(web)
    sent = await web.post(address, content=data, headers=ops)
    assert (sent.status_code, sent.json()["code"]) == (422, "invalid_results")
    assert sent.json()["detail"]
