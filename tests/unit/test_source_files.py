"""A source's file: what it may say, and that a wrong one is told with file, line, key and a Chinese sentence."""

from pathlib import Path

import pytest

from app.watch.sources.document import Source, WrongSource, read_source, read_sources
from tests.deployment.facts import minutes, seconds
from tests.deployment.sources import GUANYI, JUSHUITAN, KUAIDI100, WANGDIANTONG

HTTP = """
name = "oms"
kind = "http"
address = "https://oms.example.com/api"
[secrets]
token = "OMS_TOKEN"
[[reading]]
name = "orders"
path = "/orders"
list = "data.items"
total = "data.total"
query = { since = "{since}", until = "{until}", page = "{page}", size = "{size}" }
headers = { Authorization = "Bearer {token}" }
[reading.events]
order = "no"
[[reading.events.marks]]
mark = "paid"
at = "paid_at"
"""
HOSTS = ("oms.example.com",)


def read(folder: Path, text: str) -> Source | WrongSource:
    path = folder / "s.toml"
    path.write_text(text, encoding="utf-8")
    return read_source(path, hosts=HOSTS)


@pytest.mark.parametrize("text", [WANGDIANTONG, JUSHUITAN, GUANYI, KUAIDI100, HTTP])
def test_a_file_of_each_kind_is_read(text: str, tmp_path: Path):
    found = read(tmp_path, text)
    assert isinstance(found, Source), found
    assert found.every == seconds(60)


def test_what_is_left_out_is_the_kinds_own(tmp_path: Path):
    found = read(tmp_path, WANGDIANTONG)
    assert isinstance(found, Source)
    assert (found.address, found.per_minute) == ("https://wdt.wangdian.cn/openapi", 30)
    assert (found.rules.margin, found.rules.overlap, found.rules.span) == (seconds(120), minutes(10), minutes(60))
    assert found.merchant.channels == {"001": "天猫旗舰店"}


@pytest.mark.parametrize(
    ("text", "line", "key", "detail"),
    [
        (WANGDIANTONG.replace('kind = "wangdiantong"', 'kind = "sap"'), 3, "kind", "只能是"),
        (WANGDIANTONG.replace('secret = "WDT_SECRET"', 'secret = "3f9a0c"'), 8, "secrets.secret", "环境变量"),
        (WANGDIANTONG.replace('secret = "WDT_SECRET"', 'secret = "LIFEBOAT_WDT"'), 8, "secrets.secret", "环境变量"),
        (WANGDIANTONG.replace('sid = "lbsid"', 'sad = "lbsid"'), 4, "access.sid", "缺少必填"),
        (WANGDIANTONG.replace('sid = "lbsid"', 'sid = "lbsid"\nx = "y"'), 6, "access.x", "不认识的配置项"),
        ("every = 5\n" + WANGDIANTONG, 1, "every", "不认识的配置项"),
        ("every_seconds = 5\n" + WANGDIANTONG, 1, "every_seconds", "不能小于 10"),
        ("per_minute = 60\n" + WANGDIANTONG, 1, "per_minute", "另一半"),
        ("span_minutes = 61\n" + WANGDIANTONG, 1, "span_minutes", "不能大于 60"),
        ("span_minutes = 10\n" + WANGDIANTONG, 1, "overlap_minutes", "须小于"),
        ('address = "https://evil.example.com/"\n' + WANGDIANTONG, 1, "address", "LIFEBOAT_OUTBOUND_HOSTS"),
        ('address = "https://u:p@wdt.wangdian.cn/"\n' + WANGDIANTONG, 1, "address", "账号"),
        ('address = "file:///etc/passwd"\n' + WANGDIANTONG, 1, "address", "https"),
        ('timezone = "Mars"\n' + WANGDIANTONG, 1, "timezone", "时区"),
        (WANGDIANTONG.replace('"wdt"', '"旺店通"'), 2, "name", "格式不对"),
        (WANGDIANTONG.replace('name = "wdt"', 'name = "lifeboat"'), 2, "name", "本系统自己的来源"),
        (WANGDIANTONG + '\n[[reading]]\nname = "x"\nlist = "y"\ntotal = "t"\nevents = { order = "a", marks = [{ mark = "paid", at = "b" }] }\n', 12, "reading.0", 'kind = "http"'),
        (HTTP.replace('mark = "paid"', 'mark = "payed"'), 17, "reading.0.events.marks.0.mark", "不认识的节点"),
        (HTTP.replace('total = "data.total"', ""), 7, "reading.0.total", "onwards"),
        (HTTP.replace("{token}", "{tokens}"), 7, "reading.0", "不认识的 {tokens}"),
        (HTTP.replace('list = "data.items"', 'list = "data.["'), 10, "reading.0.list", "JMESPath"),
        ("name = \n", 1, "", "TOML 语法错误"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_line_its_key_and_a_sentence(
    tmp_path: Path, text: str, line: int, key: str, detail: str
):
    found = read(tmp_path, text)
    assert isinstance(found, WrongSource)
    assert (found.file, found.key) == ("s.toml", key)
    assert detail in found.detail
    assert found.line == line
    assert "3f9a0c" not in found.sentence


def test_a_wrong_file_stops_no_other_and_a_name_is_used_once(tmp_path: Path):
    (tmp_path / "a.toml").write_text(WANGDIANTONG, encoding="utf-8")
    (tmp_path / "b.toml").write_text(WANGDIANTONG, encoding="utf-8")
    (tmp_path / "c.toml").write_text("\x00", encoding="utf-8")
    (tmp_path / "d.toml").write_text(JUSHUITAN, encoding="utf-8")
    found = read_sources(tmp_path)
    assert [one.name for one in found.known] == ["wdt", "jst"]
    assert [one.file for one in found.wrong] == ["b.toml", "c.toml"]
    assert found.named("jst") is found.known[1]
    assert found.named("x") is None


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    (wrong,) = read_sources(tmp_path / "none").wrong
    assert "LIFEBOAT_WATCH_SOURCES_DIR" in wrong.sentence
