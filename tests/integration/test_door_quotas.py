"""A client that has had its share waits, whichever way its orders come; no other client does, and no repeat is counted."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.deployment.orders import order_body
from tests.deployment.web import Web
from tests.integration.fast_path_rig import Served, body_bytes, serving

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"
LONG_WAY = b"/v1/orders?the=long&way"
WAYS = pytest.mark.parametrize("path", [b"/v1/orders", LONG_WAY], ids=["fast", "long"])
OpenWeb = Callable[..., AbstractAsyncContextManager[Web]]


@pytest.fixture
async def three_each(open_web: OpenWeb) -> AsyncIterator[Served]:
    """A door that stores three orders a minute for each client."""
    async with open_web(client_orders_per_minute=3) as web, serving(web) as served:
        yield served


async def order(served: Served, name: str, path: bytes, *, key: str = "") -> tuple[int, dict[str, str], str]:
    """Send one order; return the status, the fields and the code of the answer."""
    status, fields, document = await served.ask(served.request(body_bytes(client_order_id=name), path=path, key=key))
    return status, fields, document.get("code", "")


@WAYS
async def test_whoever_has_had_its_share_is_told_when_to_come_back(three_each: Served, path: bytes):
    for n in range(3):
        assert (await order(three_each, f"K{n}", path))[0] == 201
        assert (await order(three_each, f"K{n}", path))[0] == 200  # a repeat counts for nothing
    status, fields, code = await order(three_each, "one too many", path)
    assert (status, code) == (429, "quota_exceeded")
    assert 1 <= int(fields["retry-after"]) <= 20
    refused = three_each.web.boat.metrics.registry.get_sample_value
    assert refused("lifeboat_orders_refused_total", {"code": "quota_exceeded"}) == 1


@WAYS
async def test_nobody_else_waits_and_the_connection_stays(three_each: Served, path: bytes):
    other = await three_each.web.key("jd")
    for n in range(5):
        await order(three_each, f"K{n}", path)
    assert (await order(three_each, "K1", path, key=other))[0] == 201
    assert (await order(three_each, "K9", path))[0] == 429


async def test_both_ways_draw_on_one_share(three_each: Served):
    told = [(await order(three_each, f"K{n}", (b"/v1/orders", LONG_WAY)[n % 2]))[0] for n in range(4)]
    assert told == [201, 201, 201, 429]


async def test_a_drop_in_says_it_in_the_main_systems_words(open_web: OpenWeb, tmp_path: Path):
    shutil.copy(EXAMPLES / "flat-form-yuan.toml", tmp_path)
    form = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
    async with open_web(client_orders_per_minute=1, profiles_dir=tmp_path) as web:
        key = await web.key()
        assert (await web.order(key, order_body())).status_code == 201
        fields = {"x-app-key": key, "content-type": "application/x-www-form-urlencoded"}
        answer = await web.post("/gateway/submitOrder.do", content=form, headers=fields)
        assert (answer.status_code, answer.json()["error"]) == (429, "retry")
        assert answer.json()["message"] == f"系统繁忙，请 {answer.headers['retry-after']} 秒后用同一单号重试"


async def test_a_path_without_a_key_uses_up_its_own_share_alone(open_web: OpenWeb, tmp_path: Path):
    profile = (EXAMPLES / "flat-form-yuan.toml").read_text(encoding="utf-8")
    assert profile.count('header = "X-App-Key"') == 1
    (tmp_path / "open.toml").write_text(profile.replace('header = "X-App-Key"', 'name = "tmall"'), encoding="utf-8")
    form = (EXAMPLES / "flat-form-yuan.sample.txt").read_text(encoding="utf-8")
    fields = {"content-type": "application/x-www-form-urlencoded"}
    async with open_web(keyless_orders_per_minute=1, profiles_dir=tmp_path) as web:
        key = await web.key("tmall")
        told = []
        for n in range(3):
            another = form.replace("order_sn=", f"order_sn={n}")
            assert another != form
            told.append(await web.post("/gateway/submitOrder.do", content=another, headers=fields))
        assert [answer.json()["success"] for answer in told] == [True, False, False]
        assert (await web.order(key, order_body())).status_code == 201
