"""The fast lane says what the long way says."""

import re

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.store.commit.group_commit import DoorBusy, NowhereToWrite
from app.web.door.fast_order import FastOrder
from tests.integration.fast_path_rig import Answer, Served, answer_of, body_bytes

LONG_WAY = b"/v1/orders?the=long&way"
"""A query sends a request the long way, to FastAPI's documented route."""


def without_ids(answer: Answer) -> Answer:
    """Take away what differs between any two requests."""
    status, fields, body = answer
    body = {name: value for name, value in body.items() if name != "instance"}
    return status, {name: value for name, value in fields.items() if name not in {"x-request-id", "date"}}, body


@pytest.mark.parametrize(
    ("key", "lines", "body", "status"),
    [
        ("intake", (), body_bytes(), 200),
        ("intake", ("Idempotency-Key: same",), body_bytes(), 200),
        ("intake", ('Idempotency-Key: "quoted"',), body_bytes(client_order_id=None), 200),
        ("intake", ("Content-Type: application/json; charset=utf-8",), body_bytes(), 200),
        ("intake", ("Content-Type: application/vnd.shop+json",), body_bytes(), 200),
        ("intake", (), b"{", 400),
        ("intake", (), b"", 400),
        ("intake", (), body_bytes(phone="138****1234"), 422),
        ("intake", (), body_bytes(telephone="13800138000"), 422),
        ("intake", (), body_bytes(phone="138", items=[], surprise=1), 422),
        ("intake", (), b"[" * 100_000, 400),
        ("intake", ("Idempotency-Key: a b",), body_bytes(), 400),
        ("intake", ("Content-Type: text/plain",), body_bytes(), 415),
        ("intake", ("Content-Encoding: gzip",), body_bytes(), 415),
        ("intake", (), b" " * 300_000, 413),
        ("ops", (), body_bytes(), 403),
        ("lbk_nobody0000_" + "a" * 43, (), body_bytes(), 401),
        ("nonsense", (), body_bytes(), 401),
    ],
)
async def test_the_lane_answers_what_the_long_way_answers(
    served: Served, key: str, lines: tuple[str, ...], body: bytes, status: int
):
    key = {"intake": served.key, "ops": await served.web.key("ops", scope="ops")}.get(key, key)
    await served.ask(served.request(body, *lines, key=key))  # so that both find the same: the order is there
    fast = await served.ask(served.request(body, *lines, key=key))
    slow = await served.ask(served.request(body, *lines, key=key, path=LONG_WAY))
    assert fast[0] == status
    assert without_ids(fast) == without_ids(slow)
    for answer in (fast, slow):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", answer[1]["x-request-id"])
        assert answer[2].get("instance", "").rpartition(":")[2] in {"", answer[1]["x-request-id"]}


@pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY])
async def test_each_order_is_counted_once_whichever_way_it_came(served: Served, path: bytes):
    figure = served.web.boat.metrics.registry.get_sample_value
    for body in (body_bytes(), body_bytes(), body_bytes(note="换一件"), b"{"):
        await served.ask(served.request(body, path=path))
    assert figure("lifeboat_orders_accepted_total") == 1
    assert figure("lifeboat_orders_refused_total", {"code": "idempotency_conflict"}) == 1
    assert figure("lifeboat_orders_refused_total", {"code": "malformed"}) == 1


async def test_an_order_goes_by_the_lane_and_its_repeat_and_contradiction_too(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        raise AssertionError("it went the long way")

    monkeypatch.setattr(served.web.app.parts.door.intake, "accept", never)
    reader, writer = await served.connect()
    told = []
    for body in (body_bytes(), body_bytes(), body_bytes(note="换一件")):
        writer.write(served.request(body))
        told.append(await answer_of(reader))
    writer.close()
    assert [status for status, _, _ in told] == [201, 200, 422]
    assert told[0][2] == told[1][2]
    assert told[1][1]["idempotent-replayed"] == "true"
    assert told[2][2]["code"] == "idempotency_conflict"


async def test_a_key_that_is_no_longer_valid_is_refused(served: Served):
    status, fields, document = await served.ask(served.request(body_bytes(), key="lbk_abcdef_" + "x" * 43))
    assert (status, document["code"]) == (401, "unauthenticated")
    assert fields["www-authenticate"].startswith("Bearer")


async def test_an_ops_key_takes_no_order(served: Served):
    key = await served.web.key("ops", scope="ops")
    assert (await served.ask(served.request(body_bytes(), key=key)))[0] == 403


@pytest.mark.parametrize(("error", "code"), [(DoorBusy(), "busy"), (NowhereToWrite(), "intake_unavailable")])
async def test_what_cannot_be_taken_is_refused_with_a_time_to_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
):
    def queue(_order: object, waiting: FastOrder) -> None:
        if isinstance(error, DoorBusy):
            raise error
        waiting.set_exception(error)

    monkeypatch.setattr(served.web.app.runtime.commit, "queue", queue)
    status, fields, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"]) == (503, code)
    assert int(fields["retry-after"]) > 0


async def test_a_mistake_of_ours_is_answered_and_logged(served: Served, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(served.web.app.parts.door.intake, "prepare", broken)
    status, _, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"]) == (500, "internal_error")


def test_the_lane_knows_every_part_of_uvicorn_that_it_stands_on():
    """An upgrade of uvicorn that renames one of these must not pass silently."""
    theirs = HttpToolsProtocol
    for name in ("_start_asgi_task", "_unset_keepalive_if_required", "on_response_complete", "on_message_begin"):
        assert callable(getattr(theirs, name)), name
