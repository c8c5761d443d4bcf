"""Odd addresses are answered in one shape and lead nowhere; a mistake of ours is answered wherever it is made."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployment.orders import order_body
from tests.deployment.web import Web

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"


@pytest.mark.parametrize("path", ["/v1/batches/", "/v1/orders/", "/console/orders/x/"])
async def test_no_address_is_mended_by_a_redirect_to_whatever_host_was_named(web: Web, path: str):
    answer = await web.get(path, headers={"host": "elsewhere.example"})
    assert "elsewhere" not in answer.headers.get("location", "")
    assert answer.status_code in {303, 404, 405}


@pytest.mark.parametrize("address", ["/v1/batches/%00", "/v1/ledger?incident=%00", "/v1/orders/a%00b", "/console/%00"])
async def test_nothing_has_a_nul_in_its_name(web: Web, address: str):
    ops = {"authorization": f"Bearer {await web.key('ops', scope='ops')}"}
    answer = await web.get(address, headers=ops)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/orders?note=%00", "/gateway/submitOrder.do?note=%00"])
async def test_no_order_is_turned_away_for_a_nul_that_nobody_asked_for(
    open_web: Callable[..., Any], tmp_path: Path, path: str
):
    folder = tmp_path / "profiles"
    folder.mkdir()
    shutil.copy(EXAMPLES / "flat-form-yuan.toml", folder)
    async with open_web(profiles_dir=folder) as web:
        key = await web.key()
        form = {"content-type": "application/x-www-form-urlencoded", "x-app-key": key}
        sample = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
        json_ = {"authorization": f"Bearer {key}"}
        answer = await (
            web.post(path, json=order_body(), headers=json_)
            if path.startswith("/v1")
            else web.post(path, content=sample, headers=form)
        )
        assert answer.is_success, answer.text
        assert answer.headers["x-request-id"]


async def test_nobody_reads_what_a_stranger_sends_before_asking_who_it_is(web: Web):
    """What is wrong with a body is told to those alone who may send one, whatever the route."""
    document, answers = (await web.get("/openapi.json")).json(), {}
    for path, operations in document["paths"].items():
        for verb in operations.keys() & {"post", "put", "patch", "delete"}:
            address = re.sub(r"\{\w+\}", "1", path)
            sent = await web.post(address, content=b"{", headers={"content-type": "application/json"})
            answers[f"{verb} {path}"] = sent.status_code
    assert len(answers) > 8
    assert set(answers.values()) == {401}, answers


@pytest.mark.parametrize(
    "path", ["/v1/orders/LB1/correct", "/v1/orders/LB1/complete", "/v1/contradictions/1/settle", "/v1/alerts/1/silence"]
)
async def test_a_body_of_operations_is_read_by_the_doors_reader_and_told_field_by_field(web: Web, path: str):
    ops = {"authorization": f"Bearer {await web.key('ops', scope='ops')}"}
    broken = await web.post(path, content=b"{", headers=ops)
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed")
    huge = await web.post(path, content=b" " * (web.app.parts.door.bodies.limit + 1), headers=ops)
    assert huge.status_code == 413
    blank = {"reason": "\x1c\u3000", "why": "\x1c\u3000", "to": "imported", "decision": "keep", "changes": {"a": 1}}
    refused = await web.post(path, json=blank, headers=ops)
    assert refused.status_code == 422
    said = {error["pointer"]: error["code"] for error in refused.json()["errors"]}
    assert "string_too_short" in {said.get("/reason"), said.get("/why")}


async def test_the_document_says_so_wherever_a_text_may_be_asked_for(web: Web):
    document = (await web.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            asked = [p["name"] for p in operation.get("parameters", []) if p["in"] in {"path", "query"}]
            assert not asked or "404" in operation["responses"], (verb, path, asked)


async def test_every_refusal_names_the_id_under_which_it_is_in_the_log(web: Web):
    answer = await web.get("/v1/ledger")
    assert answer.json()["instance"] == f"urn:lifeboat:request:{answer.headers['x-request-id']}"
    again = await web.get("/v1/ledger")
    assert again.headers["x-request-id"] != answer.headers["x-request-id"]


async def test_a_mistake_of_ours_is_in_the_log_under_the_id_that_was_answered(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from app.telemetry.logging import configure  # noqa: PLC0415 - only here
    from app.web.api import batches  # noqa: PLC0415 - only here

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(batches, "_shown", broken)
    configure(process="web")
    ops = {"authorization": f"Bearer {await web.key('ops', scope='ops')}"}
    await web.order(await web.key(), order_body())
    await web.post("/v1/batches", headers=ops)
    behind = httpx.AsyncClient(
        transport=httpx.ASGITransport(web.app, raise_app_exceptions=False), base_url="http://lifeboat.test"
    )
    answer = await behind.get("/v1/batches", headers=ops)
    assert answer.status_code == 500
    assert "nobody foresaw" not in answer.text
    assert answer.json()["instance"].rpartition(":")[2] in capsys.readouterr().err


async def test_a_mistake_in_what_stands_before_fastapi_is_answered_in_the_same_shape(
    web: Web, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_arguments: Any) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(web.app.api, "middleware_stack", broken)
    for answer in (await web.order(await web.key(), order_body()), await web.get("/v1/ledger")):
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["code"] == "internal_error"
        assert answer.json()["instance"] == f"urn:lifeboat:request:{answer.headers['x-request-id']}"
        assert "foresaw" not in answer.text


async def test_a_wrong_method_at_a_drop_in_path_is_told_the_right_one(open_web: Callable[..., Any], tmp_path: Path):
    folder = tmp_path / "profiles"
    folder.mkdir()
    shutil.copy(EXAMPLES / "nested-json-fen.toml", folder)
    async with open_web(profiles_dir=folder) as web:
        assert (await web.get("/api/order/create")).headers["allow"] == "POST"


async def test_the_documentation_needs_no_other_host_and_runs_nothing(web: Web):
    page = await web.get("/docs")
    document = (await web.get("/openapi.json")).json()
    assert page.status_code == 200
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}</code> {operation['summary']}" in page.text
    assert "<script" not in page.text
    assert re.findall(r"(?:src|href)=.?https?:", page.text) == []
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
