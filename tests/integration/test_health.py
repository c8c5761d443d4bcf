"""Is it alive, is it ready, how does it feel; and the figures for Prometheus."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from app.domain.states import MessageState
from app.store.database.engine import Engines
from app.watch.rule import Trouble
from app.web.ops.health import Health
from tests.deployment.facts import minutes
from tests.deployment.orders import order_body
from tests.deployment.web import Web


async def test_a_well_process_is_alive_and_ready(web: Web):
    assert (await web.get("/livez")).text == "ok"
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "pass", "degraded": []})


async def test_people_are_told_more(web: Web):
    document = (await web.get("/readyz?verbose")).json()
    assert set(document["checks"]) >= {"store", "spool", "disk"}
    assert {check["status"] for check in document["checks"].values()} == {"pass"}
    assert document["checks"]["spool"] == {"status": "pass", "waiting": 0, "set_aside": 0}


async def test_a_draining_process_turns_new_ones_away(web: Web):
    """P13: load balancers are told first."""
    await web.get("/readyz")
    web.app.parts.health.draining = True
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "fail", "degraded": ["draining"]})
    assert (await web.get("/livez")).status_code == 200


async def test_without_its_database_it_is_ready_but_says_what_is_wrong(web: Web):
    """P6: the spool takes orders, so nobody may be turned away."""
    known = web.app.runtime.state
    # A state of its own: the process writes down each half second what is in its spool, which is nothing.
    away = Engines(writer=known.engines.writer, reader=_Away())  # type: ignore[arg-type]
    state = replace(known, engines=away, spool_depth=3, spool_quarantined=1)
    document = await Health(web.boat, state).document()
    assert document["status"] == "warn"
    assert document["degraded"] == ["store_away", "spool_waiting", "spool_set_aside"]
    assert "OSError" in document["checks"]["store"]["detail"]


async def test_a_database_that_hangs_does_not_hang_the_health_check(web: Web):
    import threading  # noqa: PLC0415 - only here

    let_go = threading.Event()
    web.app.parts.health.ask_within = 0.02
    process = web.app.runtime.state
    process.engines = Engines(writer=process.engines.writer, reader=_Hung(let_go))  # type: ignore[arg-type]
    answer = await web.get("/readyz?verbose")
    let_go.set()
    assert "timeout" in answer.json()["checks"]["store"]["detail"]


async def test_a_full_disk_and_other_warnings_are_named(web: Web, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1, total=1 << 40))
    web.app.runtime.state.troubles = (Trouble("no_synchronous_standby", "没有同步备库"),)
    document = (await web.get("/readyz?verbose")).json()
    assert document["degraded"] == ["disk_low", "disk_reserve", "no_synchronous_standby"]
    assert document["checks"]["no_synchronous_standby"]["detail"] == "没有同步备库"


async def test_where_the_last_order_was_refused_and_no_room_has_come_since_it_is_not_ready(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    """P12: a full disk still takes the store's own small mark, by which the store looks well."""
    health, commit, key = web.app.parts.health, web.app.runtime.commit, await web.key()
    free = 40_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free, total=1 << 40))
    assert "intake_unavailable" not in (await health._ask())["degraded"]  # noqa: SLF001 - nothing was refused yet
    store, spool = commit._store_thread._target, commit._spool_thread._target  # noqa: SLF001
    commit._store_thread._target = commit._spool_thread._target = _Full()  # type: ignore[assignment]  # noqa: SLF001
    assert (await web.order(key, order_body("SHOP-1"))).status_code == 503
    commit._store_is_back()  # noqa: SLF001 - by its mark
    assert (await health._ask())["status"] == "fail"  # noqa: SLF001
    free = 1 << 40
    assert (await health._ask())["status"] != "fail"  # noqa: SLF001 - an order has a chance again
    free = 40_000
    commit._store_thread._target, commit._spool_thread._target = store, spool  # noqa: SLF001
    assert (await web.order(key, order_body("SHOP-1"))).status_code == 201
    assert (await health._ask())["status"] != "fail"  # noqa: SLF001 - one has been taken


async def test_two_paused_channels_are_one_reason_and_both_are_named(web: Web):
    web.app.runtime.state.troubles = tuple(
        Trouble("channel_paused", f"通知渠道 {label} 发不出去。", subject=name)
        for name, label in (("sms:", "短信"), ("wecom:r", "企业微信"))
    )
    document = (await web.get("/readyz?verbose")).json()
    assert document["degraded"] == ["channel_paused"]
    assert document["checks"]["channel_paused"]["detail"] == "通知渠道 短信 发不出去。通知渠道 企业微信 发不出去。"


async def test_probes_do_not_become_load(web: Web):
    first = (await web.get("/readyz")).json()
    web.app.runtime.state.spool_depth = 7
    assert (await web.get("/readyz")).json() == first  # within the second, from memory


async def test_the_figures_tell_of_the_door_and_of_the_store(web: Web):
    key = await web.key()
    await web.order(key, order_body("A"))
    await web.order(key, order_body("A"))
    await web.order(key, {})
    web.boat.clock.at += minutes(2)  # type: ignore[attr-defined]
    text = (await web.get("/metrics")).text
    for line in (
        "lifeboat_orders_accepted_total 1.0",
        "lifeboat_orders_replayed_total 1.0",
        'lifeboat_orders_refused_total{code="invalid_order"} 1.0',
        "lifeboat_orders_uncomposed 1.0",
        "lifeboat_oldest_unbatched_seconds 120.0",
        "lifeboat_spool_orders 0.0",
        "lifeboat_store_up 1.0",
    ):
        assert line in text.splitlines()
    assert "lifeboat_commit_orders_bucket" in text


async def test_a_state_nobody_is_in_any_more_leaves_the_figures(web: Web):
    figures = web.app.parts.store_metrics
    with web.boat.store.writing() as uow:
        row = {
            "subject": "alert",
            "channel": "wecom",
            "target": "r",
            "drill": False,
            "lane": 0,
            "content": {},
            "state": "pending",
            "created_at": web.boat.clock.now(),
            "due_at": web.boat.clock.now(),
        }
        uow.messages.add_new([{"once": "a", **row, "attempts": 0, "asked": 0}])
    assert 'lifeboat_messages{channel="wecom",state="pending"} 1.0' in (await web.get("/metrics")).text
    with web.boat.store.writing() as uow:
        uow.messages.finish(1, MessageState.DEAD, from_states=(MessageState.PENDING,), now=web.boat.clock.now())
    figures._asked_at = -1e9  # noqa: SLF001 - some seconds later
    text = (await web.get("/metrics")).text
    assert 'state="pending"' not in text
    assert 'lifeboat_messages{channel="wecom",state="dead"} 1.0' in text


async def test_the_doors_figures_are_there_while_the_store_is_away(web: Web):
    web.boat.engines.reader.dispose()
    web.app.runtime.commit.away_because = "Timeout"
    answer = await web.get("/metrics")
    web.app.runtime.commit.away_because = None
    assert answer.status_code == 200
    assert "lifeboat_orders_accepted_total" in answer.text


class _Full:
    def write(self, _batch: object, _moments: object) -> None:
        raise OSError(28, "No space left on device")


class _Away:
    def connect(self):
        raise OSError("refused")


class _Hung:
    def __init__(self, let_go: object) -> None:
        self._let_go = let_go

    def connect(self):
        self._let_go.wait(10)  # type: ignore[attr-defined]
        raise OSError("at last")


async def test_a_disk_that_hangs_does_not_hang_the_health_check_and_the_door_beside_it(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    """P14: a mount that does not answer is asked on one thread, once."""
    import threading  # noqa: PLC0415 - only here

    let_go, asked = threading.Event(), []

    def hangs(folder: object) -> SimpleNamespace:
        asked.append(folder)
        let_go.wait()
        return SimpleNamespace(free=1 << 40, total=1 << 40)

    web.app.parts.health.ask_within = 0.02
    monkeypatch.setattr("shutil.disk_usage", hangs)
    answers = [await web.app.parts.health._ask() for _ in range(3)]  # noqa: SLF001 - the answer of a second is reused
    let_go.set()
    assert [answer["degraded"] for answer in answers] == [["disk_silent"]] * 3
    assert len(asked) == 1
