"""Which message bodies WeCom takes (facts/wecom-robot.md §2, §4, §10)."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

MARKDOWN_BYTES = 4096
IMAGE_BYTES = 2 * 1024 * 1024
MOST_ARTICLES = 8

Part = dict[str, object]


@dataclass(frozen=True)
class Refusal:
    errcode: int
    errmsg: str


def check(body: dict[str, object], *, text_bytes: int, media: set[str]) -> Refusal | None:
    """Return why ``body`` is refused; ``media`` are the ids its robot may use."""
    kind = body.get("msgtype")
    part = body.get(str(kind))
    checks = {
        "text": lambda part: _content("text", part, text_bytes) or _mentions(part),
        "markdown": lambda part: _content("markdown", part, MARKDOWN_BYTES),
        "markdown_v2": lambda part: _content("markdown_v2", part, MARKDOWN_BYTES),
        "image": _image,
        "news": _news,
        "file": lambda part: _media(part, media),
        "voice": lambda part: _media(part, media),
        "template_card": _card,
    }
    if kind not in checks:
        return Refusal(40008, "invalid message type")
    if not isinstance(part, dict):
        return Refusal(44004, "empty content")
    return checks[kind](part)


def _content(kind: str, part: Part, limit: int) -> Refusal | None:
    content = part.get("content")
    if not isinstance(content, str) or not content:
        return Refusal(44004, "empty content")
    if len(content.encode()) > limit:
        return Refusal(40058, f"{kind}.content exceed max length {limit}. invalid Request Parameter")
    return None


def _mentions(part: Part) -> Refusal | None:
    for name in ("mentioned_list", "mentioned_mobile_list"):
        people = part.get(name, [])
        if not isinstance(people, list) or not all(isinstance(one, str) for one in people):
            return Refusal(40008, "Warning: wrong json format. invalid message type")
    return None


def _image(part: Part) -> Refusal | None:
    try:
        raw = base64.b64decode(str(part.get("base64", "")), validate=True)
    except binascii.Error:
        return Refusal(40035, "invalid parameter")
    if not raw:
        return Refusal(44004, "empty content")
    if len(raw) > IMAGE_BYTES:
        return Refusal(40009, "invalid image size")
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != part.get("md5"):
        return Refusal(40035, "invalid parameter")
    return None


def _news(part: Part) -> Refusal | None:
    articles = part.get("articles")
    if not isinstance(articles, list) or not articles:
        return Refusal(40058, "news.articles missing. invalid Request Parameter")
    if len(articles) > MOST_ARTICLES:
        return Refusal(45008, "article size out of limit")
    if not all(isinstance(one, dict) and one.get("title") and one.get("url") for one in articles):
        return Refusal(40058, "invalid Request Parameter")
    return None


def _media(part: Part, media: set[str]) -> Refusal | None:
    return None if part.get("media_id") in media else Refusal(40007, "invalid media_id")


def _card(part: Part) -> Refusal | None:
    complete = all(name in part for name in ("card_type", "main_title", "card_action"))
    return None if complete else Refusal(40058, "invalid Request Parameter")
