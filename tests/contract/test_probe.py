"""Probes and pings call only hosts of the list, never follow a redirect, and end after their time; on real sockets."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.channels.probe import ping, probe_all
from app.domain.dependency import Dependency, Probed, WrongAddress, dependency_of
from tests.fakes.serving import closed_port, serve

HOSTS = ("127.0.0.1",)
SOON = timedelta(seconds=0.3)


class Elsewhere:
    """A server that counts who calls, and answers as its path says."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        self.called.append(path)
        if path == "/hang":
            await asyncio.sleep(3)
        if path == "/moved":
            return RedirectResponse("/ok")
        return Response(status_code={"/broken": 503, "/shut": 401}.get(path, 200))


@pytest.fixture(scope="module")
def there() -> Iterator[tuple[Elsewhere, str]]:
    elsewhere = Elsewhere()
    with serve(Starlette(routes=[Route("/{path:path}", elsewhere.answer)])) as url:
        yield elsewhere, url


async def probed(url: str, *, hosts: tuple[str, ...] = HOSTS) -> Probed:
    (found,) = await probe_all([dependency_of(f"x={url}")], hosts=hosts, within=SOON)
    return found


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/ok", ""), ("/shut", ""), ("/moved", ""), ("/broken", "http_503"), ("/hang", "timeout")],
)
async def test_what_answers_below_500_is_well_and_nothing_waits_longer_than_it_may(
    there: tuple[Elsewhere, str], path: str, reason: str
):
    elsewhere, url = there
    elsewhere.called.clear()
    found = await probed(url + path)
    assert (found.reason, found.ms is None) == (reason, bool(reason))
    assert elsewhere.called == [path]  # a redirect leads nowhere


async def test_over_tcp_a_connection_is_enough(there: tuple[Elsewhere, str]):
    _, url = there
    assert (await probed(url.replace("http:", "tcp:"))).ms is not None
    with closed_port() as port:
        assert (await probed(f"tcp://127.0.0.1:{port}")).reason == "connect"


async def test_a_host_that_is_not_in_the_list_is_not_called(there: tuple[Elsewhere, str]):
    elsewhere, url = there
    elsewhere.called.clear()
    assert (await probed(url, hosts=("example.com",))).reason == "host_not_allowed"
    assert await ping(f"{url}/ok", hosts=()) == "host_not_allowed"
    assert elsewhere.called == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/ok", ""), ("/broken", "http_503"), ("/shut", "http_401"), ("/moved", "http_307"), ("/hang", "timeout")],
)
async def test_a_switch_that_does_not_say_yes_was_not_told(there: tuple[Elsewhere, str], path: str, reason: str):
    _, url = there
    assert await ping(url + path, hosts=HOSTS, within=SOON) == reason


async def test_a_switch_that_is_not_there_is_a_code_and_no_exception():
    with closed_port() as port:
        assert await ping(f"http://127.0.0.1:{port}/secret", hosts=HOSTS) == "connect"
    assert await ping("ftp://127.0.0.1/secret", hosts=HOSTS) == "bad_url"


def test_an_address_is_read_with_its_host_and_port():
    one = dependency_of("ERP=tcp://DB.internal:3306")
    assert one == Dependency("ERP", "tcp", "tcp://DB.internal:3306", "db.internal", 3306)
    assert dependency_of("a=https://x.cn/p").port == 443


@pytest.mark.parametrize(
    "wrong", ["x", "=http://a", "a=ftp://a", "a=http://u:p@a/", "a=tcp://a", "a=http://[", "a b=http://a"]
)
def test_an_address_that_cannot_be_called_is_refused(wrong: str):
    with pytest.raises(WrongAddress):
        dependency_of(wrong)
