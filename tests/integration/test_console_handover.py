"""Getting files onto a computer: the card of the newest, all untaken ones as one archive, a code for the office PC."""

import hashlib
import io
import json
import re
import zipfile

import httpx
import pytest

from app.access.lookups import GUESSES_AN_HOUR
from app.batch.download import DOWNLOADED
from tests.deployment import Deployment
from tests.deployment.console import Browser
from tests.deployment.orders import new_orders

BYTES = b"a,b\r\n1,2\r\n"


def _published(deployment: Deployment, count: int = 1) -> list[str]:
    orders = new_orders(count)
    deployment.door.take(*orders)
    return [deployment.maker.publish([order.number], at=deployment.clock.now()) for order in orders]


def _takers(deployment: Deployment, name: str) -> list[str]:
    with deployment.store.reading() as uow:
        return [deed.actor for deed in uow.audit.of(name, DOWNLOADED)]


async def _code(browser: Browser, name: str) -> str:
    found = re.search(r'data-code="([A-Z ]+)"', (await browser.post(f"/batches/{name}/handover")).text)
    assert found
    return found[1]


class OfficePc:
    """A browser in which nobody has signed in, at an address of its own."""

    def __init__(self, deployment: Deployment, address: str = "203.0.113.50") -> None:
        transport = httpx.ASGITransport(deployment.web, client=(address, 50000))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://lifeboat.test")

    async def get(self, path: str = "/handover/") -> httpx.Response:
        return await self._http.get(path)

    async def take(self, code: str, kind: str = "csv", origin: str = "http://lifeboat.test") -> httpx.Response:
        data = {"code": code, "format": kind}
        return await self._http.post("/handover/", data=data, headers={"origin": origin})


async def test_the_newest_file_that_nobody_has_is_on_top(at_noon: Deployment, mei: Browser):
    assert "data-newest" not in await mei.reads("/batches")
    first, second = _published(at_noon, 2)
    page = await mei.reads("/batches")
    assert f'data-newest="{second}"' in page
    assert "共 2 份没有人下载" in page
    await mei.get(f"/batches/{second}/file?format=csv")
    page = await mei.reads("/batches")
    assert f'data-newest="{first}"' in page
    assert "全部未下载" not in page
    await mei.get(f"/batches/{first}/file?format=csv")
    assert "data-newest" not in await mei.reads("/batches")


async def test_all_untaken_files_come_as_one_archive_and_each_is_recorded(at_noon: Deployment, mei: Browser):
    names = _published(at_noon, 3)
    await mei.get(f"/batches/{names[0]}/file?format=csv")
    page = await mei.reads("/batches")
    offered = re.search(r'name="names" value="([^"]+)"', page)
    assert offered
    answer = await mei.post("/batches/untaken", {"names": offered[1], "format": "csv"})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        assert bundle.testzip() is None
        manifest = json.loads(bundle.read("manifest.json"))
        assert {one["batch"] for one in manifest["files"]} == set(names[1:])
        for one in manifest["files"]:
            assert bundle.read(one["name"]) == BYTES
            assert one["sha256"] == hashlib.sha256(BYTES).hexdigest()
    assert [_takers(at_noon, name) for name in names] == [["mei"]] * 3


async def test_files_that_were_taken_meanwhile_are_not_in_the_archive(at_noon: Deployment, mei: Browser):
    names = _published(at_noon, 2)
    for name in names:
        await mei.get(f"/batches/{name}/file?format=csv")
    answer = await mei.post("/batches/untaken", {"names": " ".join(names), "format": "csv"})
    assert answer.status_code == 303
    assert "刚刚都被下载过" in await mei.reads("/batches")
    assert [_takers(at_noon, name) for name in names] == [["mei"]] * 2


async def test_an_archive_with_a_file_that_was_altered_is_not_given_at_all(at_noon: Deployment, mei: Browser):
    names = _published(at_noon, 2)
    at_noon.maker.exports.file_of(at_noon.maker.batch(names[0]).manifest, "csv").write_bytes(b"altered")
    answer = await mei.post("/batches/untaken", {"names": " ".join(names), "format": "csv"})
    assert answer.status_code == 303
    assert "一个也没有下载" in await mei.reads("/batches")
    assert [_takers(at_noon, name) for name in names] == [[], []]


async def test_a_code_from_the_phone_gives_the_file_on_the_office_pc(at_noon: Deployment, mei: Browser):
    (name,) = _published(at_noon)
    page = await mei.post(f"/batches/{name}/handover")
    assert "<svg" in page.text
    code, pc = await _code(mei, name), OfficePc(at_noon)
    assert 'name="code"' in (await pc.get()).text
    answer = await pc.take(code)
    assert answer.content == BYTES
    assert f"{name}.csv" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert _takers(at_noon, name) == ["mei"]
    again = await pc.take(code)
    assert again.status_code == 410
    assert "已被使用" in again.text
    assert "203.0.113.50" in await mei.reads(f"/batches/{name}")


async def test_an_address_with_the_code_in_it_only_fills_the_form_in(at_noon: Deployment, mei: Browser):
    (name,) = _published(at_noon)
    code, pc = (await _code(mei, name)).replace(" ", ""), OfficePc(at_noon)
    moved = await pc.get(f"/handover?code={code}")
    assert moved.headers["location"] == f"/handover/?code={code}"
    assert f'value="{code}"' in (await pc.get(moved.headers["location"])).text
    assert "&lt;script&gt;" in (await pc.get("/handover/?code=<script>")).text
    assert _takers(at_noon, name) == []


async def test_a_form_of_another_site_gets_no_file(at_noon: Deployment, mei: Browser):
    (name,) = _published(at_noon)
    assert (await OfficePc(at_noon).take(await _code(mei, name), origin="http://evil.test")).status_code == 403
    assert _takers(at_noon, name) == []


async def test_guessing_is_slowed_down_by_address_and_a_good_code_pays_for_no_guess(at_noon: Deployment, mei: Browser):
    (name,) = _published(at_noon)
    pc = OfficePc(at_noon)
    for _ in range(GUESSES_AN_HOUR - 1):
        assert (await pc.take("AAAAAAAA")).status_code == 410
    assert (await pc.take(await _code(mei, name))).content == BYTES
    assert (await pc.take("AAAAAAAA")).status_code == 410
    slowed = await pc.take("AAAAAAAA")
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) > 0
    assert (await OfficePc(at_noon, "198.51.100.9").take("AAAAAAAA")).status_code == 410


async def test_a_good_code_is_not_looked_at_while_its_address_must_wait(at_noon: Deployment, mei: Browser):
    (name,) = _published(at_noon)
    pc = OfficePc(at_noon)
    for _ in range(GUESSES_AN_HOUR):
        await pc.take("AAAAAAAA")
    assert (await pc.take(await _code(mei, name))).status_code == 429
    assert _takers(at_noon, name) == []


async def test_a_stranger_who_guesses_writes_nothing(at_noon: Deployment, monkeypatch: pytest.MonkeyPatch):
    pc = OfficePc(at_noon)

    def no_writing() -> None:
        raise AssertionError("a stranger's guess was written down")

    monkeypatch.setattr(at_noon.boat.store, "writing", no_writing)
    answers = [(await pc.take("AAAAAAAA")).status_code for _ in range(GUESSES_AN_HOUR + 1)]
    assert answers == [410] * GUESSES_AN_HOUR + [429]


@pytest.mark.parametrize("who", ["guest", "lan"])
async def test_who_may_not_download_makes_no_code(at_noon: Deployment, who: str):
    (name,) = _published(at_noon)
    browser = await at_noon.console.signed_in(who)
    assert (await browser.post(f"/batches/{name}/handover")).status_code == 403
    assert (await browser.post("/batches/untaken", {"names": name, "format": "csv"})).status_code == 403
    assert "交给电脑" not in await browser.reads(f"/batches/{name}")
