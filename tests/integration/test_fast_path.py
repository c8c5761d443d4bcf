"""The fast lane says what the long way says."""

import re

import pytest

from app.store.commit.group_commit import DoorBusy, NowhereToWrite
from app.web.door import fast_path as lane_module
from app.web.door.fast_path import FastOrder
from tests.integration.fast_path_rig import Answer, Served, answer_of, body_bytes

LONG_WAY = b"/v1/orders?the=long&way"
"""A query sends a request the long way; FastAPI's documented route answers it through the same door."""


def without_ids(answer: Answer) -> Answer:
    """Take away what differs between any two requests."""
    status, fields, body = answer
    body = {name: value for name, value in body.items() if name != "instance"}
    return status, {name: value for name, value in fields.items() if name not in {"x-request-id", "date"}}, body


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ((), body_bytes()),
        (("Idempotency-Key: same",), body_bytes()),
        (('Idempotency-Key: "quoted"',), body_bytes(client_order_id=None)),
        (("Content-Type: application/json; charset=utf-8",), body_bytes()),
        ((), b"{"),
        ((), b""),
        ((), body_bytes(phone="138****1234")),
        ((), body_bytes(telephone="13800138000")),
        ((), b"[" * 100_000),
        (("Idempotency-Key: a b",), body_bytes()),
        (("Content-Type: text/plain",), body_bytes()),
        (("Content-Encoding: gzip",), body_bytes()),
        ((), b" " * 300_000),
    ],
)
async def test_the_lane_answers_what_the_long_way_answers(served: Served, lines: tuple[str, ...], body: bytes):
    await served.ask(served.request(body, *lines))  # so that both find the same: the order is there
    fast = await served.ask(served.request(body, *lines))
    slow = await served.ask(served.request(body, *lines, path=LONG_WAY))
    assert without_ids(fast) == without_ids(slow)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", fast[1]["x-request-id"])


async def test_an_order_goes_by_the_lane_and_its_repeat_and_contradiction_too(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        raise AssertionError("it went the long way")

    monkeypatch.setattr(served.web.app.door, "take_order", never)
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

    monkeypatch.setattr(served.web.app.door, "prepare", broken)
    status, _, document = await served.ask(served.request(body_bytes()))
    assert (status, document["code"]) == (500, "internal_error")


def test_the_lane_knows_every_part_of_uvicorn_that_it_stands_on():
    """An upgrade of uvicorn that renames one of these must not pass silently."""
    theirs = lane_module.HttpToolsProtocol
    for name in ("_start_asgi_task", "_unset_keepalive_if_required", "on_response_complete", "on_message_begin"):
        assert callable(getattr(theirs, name)), name
