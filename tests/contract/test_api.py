"""Another program's API is asked within limits: whatever it does, the answer is a value and holds no key."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from app.outbound import api
from app.outbound.api import ask
from app.outbound.api_call import ApiAnswer, ApiCall, NoAnswer
from app.outbound.client import Timeouts, outbound_client
from tests.fakes.faults import break_down
from tests.fakes.serving import closed_port, serve

QUICK = timedelta(seconds=5)


SAYS: dict[str, Callable[[], Response]] = {
    "nan": lambda: PlainTextResponse('{"a": NaN}', media_type="application/json"),
    "deep": lambda: PlainTextResponse("[" * 100_000, media_type="application/json"),
    "large": lambda: PlainTextResponse('"' + "x" * 2000 + '"'),
    "away": lambda: RedirectResponse("http://127.0.0.1:1/stolen"),
    "refused": lambda: JSONResponse({"why": "no"}, 403),
    "dated": lambda: JSONResponse({"n": 2**60 + 1}, headers={"Date": "Wed, 01 Jan 2025 00:00:00 GMT"}),
    "undated": lambda: JSONResponse({}, headers={"Date": "yesterday"}),
}


async def answers(request: Request) -> Response:
    do = request.query_params.get("do", "")
    if do in SAYS:
        return SAYS[do]()
    if do:
        return await break_down(request, do) or Response()
    return JSONResponse({"body": (await request.body()).decode(), "kind": request.headers.get("content-type")})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Starlette(routes=[Route("/", answers, methods=["GET", "POST"])])) as found:
        yield found


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    client = outbound_client(Timeouts(read=timedelta(seconds=0.3)))
    yield client
    await client.aclose()


async def _asked(http: httpx.AsyncClient, url: str, do: str, **more: Any) -> ApiAnswer | NoAnswer:
    return await ask(http, ApiCall(url, query={"do": do, "key": "top-secret"}, **more), time_limit=QUICK)


@pytest.mark.parametrize(
    ("do", "code"),
    [
        ("hang", "timeout"),
        ("slow_body", "timeout"),
        ("reset", "unreachable"),
        ("html200", "not_json"),
        ("html502", "http_502"),
        ("not_json", "not_json"),
        ("nan", "not_json"),
        ("deep", "not_json"),
        ("away", "http_307"),
    ],
)
async def test_why_nothing_was_heard_is_a_code(http: httpx.AsyncClient, url: str, do: str, code: str):
    found = await _asked(http, url, do)
    assert isinstance(found, NoAnswer)
    assert found.code == code
    assert "secret" not in repr(found)


async def test_nobody_there_is_a_code_too(http: httpx.AsyncClient):
    with closed_port() as port:
        assert await _asked(http, f"http://127.0.0.1:{port}", "x") == NoAnswer("unreachable")
    assert await _asked(http, "http://[", "x") == NoAnswer("unreachable")


async def test_the_whole_call_has_one_limit(http: httpx.AsyncClient, url: str):
    call = ApiCall(url, query={"do": "hang"})
    assert await ask(http, call, time_limit=timedelta(seconds=0.05)) == NoAnswer("timeout")


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    http: httpx.AsyncClient, url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api, "LARGEST", 1000)
    assert await _asked(http, url, "large") == NoAnswer("too_large")


async def test_what_is_said_comes_with_status_and_clock_and_all_its_digits(http: httpx.AsyncClient, url: str):
    assert await _asked(http, url, "dated") == ApiAnswer({"n": 2**60 + 1}, 200, datetime(2025, 1, 1, tzinfo=UTC))
    assert await _asked(http, url, "undated") == ApiAnswer({}, 200, None)
    assert await _asked(http, url, "refused") == ApiAnswer({"why": "no"}, 403, None)


async def test_a_body_goes_out_as_it_stands(http: httpx.AsyncClient, url: str):
    call = ApiCall(url, body='{"b":1,"a":"张三"}'.encode(), headers={"Content-Type": "application/json"})
    found = await ask(http, call, time_limit=QUICK)
    assert isinstance(found, ApiAnswer)
    assert found.said == {"body": '{"b":1,"a":"张三"}', "kind": "application/json"}


async def test_what_no_header_can_hold_is_not_sent(http: httpx.AsyncClient, url: str):
    assert await _asked(http, url, "", headers={"X-Order": "单号"}) == NoAnswer("our_call")
