"""Each page that has a picture stands in the guide to the console with both of its looks, and no picture lies about unused."""

import re

from tests.browser.test_pictures import LOOKS, PAGES
from tests.house.repository import ROOT

GUIDE = ROOT / "docs" / "console.zh-CN.md"
PICTURES = ROOT / "docs" / "pictures"
LARGEST = 160 * 1024
"""Bytes; the page has to open on a telephone."""


def test_every_page_is_shown_at_a_desk_and_on_a_phone():
    shown = re.findall(r"\]\(pictures/([\w-]+\.jpg)\)", GUIDE.read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(f"{name}-{size}.jpg" for name in PAGES for size in LOOKS)
    assert {path.name for path in PICTURES.iterdir()} == set(shown)


def test_the_pictures_are_small():
    assert [path.name for path in PICTURES.iterdir() if path.stat().st_size > LARGEST] == []
