"""``/docs``: the OpenAPI document as a page, without a script and without anything from another host.

The usual viewer is loaded from a public CDN: it would not open where an outage takes the network along, and a
script changed there would run on the console's own address.
"""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_STYLE = (
    "body{font:15px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2933}"
    "code,pre{font:13px/1.5 ui-monospace,monospace;background:#f4f6f8}pre{padding:.8rem;overflow:auto}"
    "h2{margin-top:2.2rem;border-top:1px solid #d9e2ec;padding-top:1rem;font-size:1.1rem}"
    "table{border-collapse:collapse}td{padding:.15rem .8rem .15rem 0;vertical-align:top}"
)


@router.get("/docs")
def show(request: Request) -> HTMLResponse:
    """Show every address, what it takes and what it answers."""
    document: dict[str, Any] = request.app.openapi()
    title = escape(document["info"]["title"])
    body = "".join(_page(document))
    page = (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>{body}'
    )
    return HTMLResponse(page, headers=_HEADERS)


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f"<h1>{escape(info['title'])}</h1><p>{escape(info.get('summary', ''))}，版本 {escape(info['version'])}。"
    yield '机器可读：<a href="openapi.json">openapi.json</a>。</p>'
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code> {escape(operation.get('summary', ''))}</h2>"
            yield _table("参数", (_parameter(one) for one in operation.get("parameters", ())))
            yield from _taken(operation.get("requestBody", {}).get("content", {}))
            yield _table("应答", (_answer(status, one) for status, one in operation["responses"].items()))
    yield "<h2>数据结构</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f"<details><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>"


def _parameter(one: dict[str, Any]) -> tuple[str, str]:
    must = "必填" if one.get("required") else "可选"
    return f"{one['name']}（{one['in']}，{must}）", one.get("description", "")


def _answer(status: str, one: dict[str, Any]) -> tuple[str, str]:
    kinds = "、".join(
        f"{kind} {_name_of(content.get('schema', {}))}".strip() for kind, content in one.get("content", {}).items()
    )
    return status, "；".join(filter(None, (one.get("description", ""), kinds)))


def _taken(content: dict[str, Any]) -> Iterator[str]:
    for kind, one in content.items():
        yield f"<p>请求体 <code>{escape(kind)}</code> {escape(_name_of(one.get('schema', {})))}</p>"


def _name_of(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _table(title: str, rows: Iterator[tuple[str, str]]) -> str:
    lines = [f"<tr><td><code>{escape(name)}</code><td>{escape(text)}" for name, text in rows]
    return f"<p>{title}</p><table>{''.join(lines)}</table>" if lines else ""


def _json(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"
