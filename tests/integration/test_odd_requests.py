"""The door and the route FastAPI documents answer alike; odd addresses are answered in one shape and lead nowhere."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import order_body
from tests.conftest import Web

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "profiles"
GOOD = json.dumps(order_body("SHOP-1")).encode()


@pytest.mark.parametrize(
    ("fields", "body", "status"),
    [
        ({}, GOOD, 200),
        ({"idempotency-key": '"quoted"'}, GOOD, 200),
        ({}, json.dumps(order_body("SHOP-1", note="another")).encode(), 422),
        ({}, b"{", 400),
        ({}, b"", 400),
        ({}, json.dumps(order_body(phone="138", items=[], surprise=1)).encode(), 422),
        ({"idempotency-key": "a b"}, GOOD, 400),
        ({"content-type": "text/plain"}, GOOD, 415),
        ({"content-type": "application/vnd.shop+json; charset=utf-8"}, GOOD, 200),
        ({"content-encoding": "gzip"}, GOOD, 415),
        ({"authorization": "Basic YTpi"}, GOOD, 401),
        ({"authorization": "Bearer lbk_nobody0000_" + "a" * 43}, GOOD, 401),
        ({"authorization": "ops"}, GOOD, 403),
        ({}, b'{"note": "' + b"a" * 300_000 + b'"}', 413),
    ],
)
async def test_the_door_and_the_documented_route_answer_alike(
    web: Web, fields: dict[str, str], body: bytes, status: int
):
    keys = {"intake": await web.key(), "ops": await web.key("ops", scope="ops")}
    fields = {"authorization": "intake", "content-type": "application/json", **fields}
    fields["authorization"] = (
        f"Bearer {keys[fields['authorization']]}" if fields["authorization"] in keys else fields["authorization"]
    )
    await web.order(keys["intake"], order_body("SHOP-1"))
    await web.order(keys["intake"], order_body("SHOP-1"), idempotency_key="quoted")
    behind = httpx.AsyncClient(transport=httpx.ASGITransport(web.app.api), base_url="http://lifeboat.test")
    said = [await one.post("/v1/orders", content=body, headers=fields) for one in (web, behind)]
    assert [answer.status_code for answer in said] == [status, status]
    assert _without_id(said[0]) == _without_id(said[1])


def _without_id(answer: httpx.Response) -> tuple[object, dict[str, str]]:
    document = answer.json()
    document.pop("instance", None)
    return document, {
        name: value for name, value in answer.headers.items() if name not in {"x-request-id", "content-length"}
    }


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
