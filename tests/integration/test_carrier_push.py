"""What 快递100 pushes is taken once, whatever comes late, twice or out of order; nobody else can push."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap.source_files import callback_of, sources_of, word_of_path
from app.domain.marks import Mark
from app.settings import Settings
from app.watch.stages.take_events import ReportedEvent, take_events
from tests.deployment import Deployment
from tests.deployment.facts import TEN, hours, minutes
from tests.deployment.sources import KUAIDI100, SECRETS, WANGDIANTONG
from tests.deployment.web import Web
from tests.fakes.kuaidi100 import Kuaidi100Fake

SALT = "lbsalt01"
PATH = f"/v1/pushes/kuaidi100/kd/{word_of_path(SALT)}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "sources"
    found.mkdir()
    for name, value in {**SECRETS, "KUAIDI100_SALT": SALT}.items():
        monkeypatch.setenv(name, value)
    (found / "kd.toml").write_text(KUAIDI100 + 'salt = "KUAIDI100_SALT"\n', encoding="utf-8")
    (found / "wdt.toml").write_text(WANGDIANTONG, encoding="utf-8")
    return found


@pytest.fixture
async def pushed(
    on_sqlite: Deployment, open_web: Callable[..., AbstractAsyncContextManager[Web]], folder: Path
) -> AsyncIterator[Web]:
    async with open_web(watch_sources_dir=folder) as web:
        for order in ("A", "B"):
            _subscribed(on_sqlite, order, waybill="YT1")
        yield web


@pytest.fixture
def kd() -> Kuaidi100Fake:
    fake = Kuaidi100Fake(now=lambda: TEN)
    fake.subscribed["YT1"] = {"salt": SALT}
    fake.collected["YT1"] = TEN - hours(3)
    return fake


def _subscribed(deployment: Deployment, order: str, *, waybill: str) -> None:
    event = ReportedEvent(
        index=0, source="erp", event_id=order, order=order, channel="天猫", mark=Mark.PACKED, at=TEN - hours(4)
    )
    take_events(deployment.store, [event], now=TEN)
    with deployment.store.writing() as uow:
        uow.sources.note_subscribed({uow.flows.ids_of([order])[order]: waybill}, now=TEN)


def _scans(deployment: Deployment, order: str) -> list[timedelta]:
    with deployment.store.reading() as uow:
        (flow_id,) = uow.flows.ids_of([order]).values()
        events = uow.flows.events_of([flow_id])[flow_id]
    return [TEN - one.at for one in events if one.mark is Mark.COLLECTED]


async def test_a_push_late_and_twice_is_one_scan_of_each_order_of_the_parcel(
    pushed: Web, on_sqlite: Deployment, kd: Kuaidi100Fake
):
    for _ in range(2):
        answer = await pushed.post(PATH, data=kd.push_of("YT1"))
        assert (answer.status_code, answer.json()) == (
            200,
            {"result": True, "returnCode": "200", "message": "成功"},
        )
    assert _scans(on_sqlite, "A") == _scans(on_sqlite, "B") == [hours(3)]


async def test_an_older_push_after_a_newer_one_changes_nothing(pushed: Web, on_sqlite: Deployment, kd: Kuaidi100Fake):
    await pushed.post(PATH, data=kd.push_of("YT1"))
    kd.now = lambda: TEN - hours(3) - minutes(10)
    assert (await pushed.post(PATH, data=kd.push_of("YT1"))).status_code == 200
    assert _scans(on_sqlite, "A") == [hours(3)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda form: {**form, "sign": "0" * 32},
        lambda form: {"param": form["param"]},
        lambda form: {**form, "param": form["param"].replace("YT1", "YT2")},
        lambda form: {**form, "sign": "签"},
        lambda _form: {},
    ],
)
async def test_what_is_not_signed_is_refused(
    pushed: Web, on_sqlite: Deployment, kd: Kuaidi100Fake, spoil: Callable[[dict[str, str]], dict[str, str]]
):
    answer = await pushed.post(PATH, data=spoil(kd.push_of("YT1")))
    assert (answer.status_code, answer.json()["result"]) == (400, False)
    assert _scans(on_sqlite, "A") == []


async def test_a_signature_in_small_letters_is_one_too(pushed: Web, on_sqlite: Deployment, kd: Kuaidi100Fake):
    form = kd.push_of("YT1")
    assert (await pushed.post(PATH, data={**form, "sign": form["sign"].lower()})).status_code == 200
    assert _scans(on_sqlite, "A") == [hours(3)]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/pushes/kuaidi100/kd/guessed",
        f"/v1/pushes/kuaidi100/wdt/{word_of_path(SALT)}",
        f"/v1/pushes/kuaidi100/other/{word_of_path(SALT)}",
        f"/v1/pushes/kuaidi100/kd/{'字' * 24}",
    ],
)
async def test_nobody_is_heard_at_another_address(pushed: Web, kd: Kuaidi100Fake, path: str):
    assert (await pushed.post(path, data=kd.push_of("YT1"))).status_code == 404


async def test_a_parcel_that_nobody_subscribed_to_is_nobodys(pushed: Web, on_sqlite: Deployment, kd: Kuaidi100Fake):
    kd.collected["YT9"], kd.subscribed["YT9"] = TEN - hours(1), {"salt": SALT}
    assert (await pushed.post(PATH, data=kd.push_of("YT9"))).status_code == 200
    assert _scans(on_sqlite, "A") == []


@pytest.mark.parametrize("body", [b"\xff", b"param=%7B&sign=x", b"&" * 500])
async def test_what_cannot_be_read_is_no_error_of_ours(pushed: Web, body: bytes):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await pushed.post(PATH, content=body, headers=headers)).status_code == 400


async def test_without_a_folder_there_is_no_such_address(web: Web, kd: Kuaidi100Fake):
    assert (await web.post(PATH, data=kd.push_of("YT1"))).status_code == 404


def test_a_carrier_is_asked_to_push_only_where_it_can_reach_us(folder: Path, on_sqlite: Deployment):
    def callback(**chosen: object) -> str:
        settings: Settings = on_sqlite.opened(watch_sources_dir=folder, **chosen).settings
        source = sources_of(settings).named("kd")
        assert source is not None
        return callback_of(source, settings)

    assert callback(public_url="") == ""
    assert callback(public_url="https://boat.example.com/") == f"https://boat.example.com{PATH}"
