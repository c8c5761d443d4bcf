"""The drop-in door: the main system's own path, payload and answer, with the profiles of ``examples/``."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.store.tables import OrderRow
from tests.deployment.rows import Rows
from tests.deployment.web import Web

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir()
    for file in EXAMPLES.glob("*.toml"):
        shutil.copy(file, folder)
    return folder


async def test_a_nested_payload_in_fen_is_answered_as_the_main_system_would(
    open_web: Callable[..., Any], profiles: Path
):
    payload = (EXAMPLES / "nested-json-fen.sample.json").read_bytes()
    async with open_web(profiles_dir=profiles) as web:
        headers = {"content-type": "application/json", "x-app-key": await web.key("tmall")}
        first = await web.post("/api/order/create", content=payload, headers=headers)
        again = await web.post("/api/order/create", content=payload, headers=headers)
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.content == again.content
        assert again.headers["idempotent-replayed"] == "true"
        (row,) = _rows(web)
        assert row.number in first.text
        assert (row.total_fen, row.priority, row.client_order_id, row.profile) == (
            119_800,
            "high",
            "TM20261122-000187",
            "nested-json-fen",
        )
        assert web.boat.keyring.seal.unseal(row.sealed_payload, row.number) == payload
        order = web.boat.keyring.open_order(row.sealed, row.number)
        assert (order.phone, len(order.items)) == ("13800138000-6762", 2)


async def test_a_flat_form_in_yuan_is_taken_by_the_key_in_its_own_header(open_web: Callable[..., Any], profiles: Path):
    payload = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    async with open_web(profiles_dir=profiles) as web:
        key = await web.key()
        answer = await web.post("/gateway/submitOrder.do", content=payload, headers={**headers, "x-app-key": key})
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        (row,) = _rows(web)
        assert answer.json()["order_id"] == row.number
        assert row.total_fen == 66_870
        refused = await web.post("/gateway/submitOrder.do", content=payload, headers=headers)
        assert (refused.status_code, refused.json()["success"], refused.json()["error"]) == (
            401,
            False,
            "unauthenticated",
        )


async def test_a_refusal_too_is_in_the_main_systems_words(open_web: Callable[..., Any], profiles: Path):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    async with open_web(profiles_dir=profiles) as web:
        key, ops = await web.key(), await web.key("ops", scope="ops")
        wrong = await web.post(
            "/gateway/submitOrder.do",
            content=b"mobile=x&goods_sn=A&goods_number=1",
            headers={**headers, "x-app-key": key},
        )
        assert (wrong.status_code, wrong.json()["error"]) == (422, "invalid_order")
        assert (await web.get("/gateway/submitOrder.do")).status_code == 405
        assert (
            await web.post("/gateway/submitOrder.do", content=b"", headers={**headers, "x-app-key": ops})
        ).status_code == 403
        bad_key = await web.post(
            "/gateway/submitOrder.do",
            content=b"mobile=13800138000&goods_sn=A&goods_number=1",
            headers={**headers, "x-app-key": key, "idempotency-key": "a b"},
        )
        assert (bad_key.status_code, bad_key.json()["error"]) == (400, "bad_idempotency_key")
        assert _rows(web) == []


async def test_a_profile_that_trusts_its_network_needs_its_client_to_exist(
    open_web: Callable[..., Any], profiles: Path
):
    payload = (EXAMPLES / "nested-json-fen.sample.json").read_bytes()
    profile = profiles / "nested-json-fen.toml"
    with_a_key = profile.read_text(encoding="utf-8")
    assert with_a_key.count('\nheader = "X-App-Key"') == 1
    profile.write_text(with_a_key.replace('\nheader = "X-App-Key"', '\nname = "tmall"'), encoding="utf-8")
    async with open_web(profiles_dir=profiles) as web:
        answer = await web.post("/api/order/create", content=payload, headers={"content-type": "application/json"})
        assert "tmall" in json.dumps(answer.json(), ensure_ascii=False)
        assert _rows(web) == []


async def test_no_sample_takes_an_order_from_whoever_has_no_key(open_web: Callable[..., Any], profiles: Path):
    """A sample is copied as it is, and nginx puts its path on a public server."""
    async with open_web(profiles_dir=profiles) as web:
        await web.key("tmall")
        for path, sample in {
            "/api/order/create": "nested-json-fen.sample.json",
            "/gateway/submitOrder.do": "flat-form-yuan.sample.txt",
        }.items():
            kind = "application/json" if sample.endswith("json") else "application/x-www-form-urlencoded"
            content = (EXAMPLES / sample).read_bytes()
            answer = await web.post(path, content=content, headers={"content-type": kind})
            assert "渠道密钥" in answer.text
        assert _rows(web) == []


async def test_without_profiles_their_paths_are_not_there(web: Web):
    assert (await web.post("/api/order/create")).status_code == 404


def _rows(web: Web) -> list[Any]:
    return Rows(web.boat.store).all(select(OrderRow))
