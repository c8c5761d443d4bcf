"""A profile that cannot work is refused when it is loaded, by file, entry and reason."""

import os
from pathlib import Path

import pytest

from app.intake.profile.profile import ByQuery, WrongProfile, load_profiles, read_profile

GOOD = """
name = "shop"
path = "/api/order"
body = "json"
unit = "yuan"

[client]
query = "appkey"

[order]
phone = "mobile"

[items]
each = "lines"
sku = "sku"
quantity = "num"

[answer]
body = { code = 0, id = "{order_number}" }

[refusal]
body = { code = 1, msg = "{detail}" }
"""


def write(folder: Path, text: str, name: str = "shop.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_small_profile_is_enough(tmp_path: Path):
    profile = read_profile(write(tmp_path, GOOD))
    assert (profile.name, profile.path, profile.client) == ("shop", "/api/order", ByQuery("appkey"))
    assert (
        profile.read(b'{"mobile": 13800138000, "lines": [{"sku": 1, "num": 2}]}', "application/json").idempotency_key
        is None
    )


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('body = "json"', 'body = "xml"', "body", "'json'"),
        ('unit = "yuan"\n', "", "unit", "缺少必填"),
        ('unit = "yuan"', 'unit = "yuan"\ntimeout = 3', "timeout", "不认识的配置项"),
        ('unit = "yuan"', 'unit = "yuan"\ntimezone = "Mars/Olympus"', "timezone", "时区"),
        ('unit = "yuan"', 'unit = "yuan"\nrequired = ["colour"]', "required", "不认识的字段 colour"),
        ('unit = "yuan"', 'unit = "yuan"\nrequired = ["total"]', "order.total", "没有取值表达式"),
        ('name = "shop"', 'name = "我的店"', "name", "格式错误"),
        ('name = "shop"', "name = shop", "", "不是有效的 TOML"),
        ('path = "/api/order"', 'path = "api/order"', "path", "须以 / 开头"),
        ('path = "/api/order"', 'path = "/v1/orders"', "path", "冲突"),
        ('path = "/api/order"', 'path = "/console"', "path", "冲突"),
        ('path = "/api/order"', 'path = "/api/{id}"', "path", "须以 / 开头"),
        ('query = "appkey"', 'query = "appkey"\nheader = "X-Key"', "client", "恰好写一个"),
        ('query = "appkey"', 'header = "X Key"', "client.header", "格式错误"),
        ('phone = "mobile"', 'phone = "a..b"', "order.phone", "第 3 个字符附近"),
        ('phone = "mobile"', 'phone = "upper(a)"', "order.phone", "没有函数 upper()"),
        ('phone = "mobile"', 'phone = "join(a)"', "order.phone", "需要 2 个参数"),
        ('phone = "mobile"', "phone = 3", "order.phone", "须为 JMESPath"),
        ('phone = "mobile"', f'phone = "{"[" * 5000}"', "order.phone", "JMESPath"),
        ('phone = "mobile"', 'buyer = "nick"', "order.phone", "没有取值表达式"),
        ('phone = "mobile"', 'phone = "mobile"\nfright = "f"', "order.fright", "是不是 freight"),
        ('phone = "mobile"', 'phone = "mobile"\nrecipient.zip = "z"', "order.recipient.zip", "不认识的字段"),
        ('quantity = "num"\n', "", "items.quantity", "没有取值表达式"),
        ('quantity = "num"', 'quantity = "num"\ncolour = "c"', "items.colour", "不认识的字段"),
        ("[answer]", '[constants]\nphone = "13800138000"\n[answer]', "constants.phone", "不能写成固定值"),
        ("[answer]", '[constants]\nfreight = "-1"\n[answer]', "constants.freight", "金额"),
        ("[answer]", "[constants]\nitems.quantity = 1\n[answer]", "constants.items.quantity", "重复"),
        ("[answer]", '[values.buyer]\na = "b"\n[answer]', "values.buyer", "用不上"),
        ("[answer]", '[values.total]\na = "b"\n[answer]', "values.total", "不能用对照表"),
        ("[answer]", '[values.payment.status]\n"1" = "done"\n[answer]', "values.payment.status.1", "只能是"),
        ("[answer]", '[values.payment]\nstatus = "paid"\n[answer]', "values.payment.status", "须为非空的对照表"),
        ("[answer]", '[values.buyer]\n"1" = 1\n[answer]', "values.buyer.1", "须为文本"),
        ("{order_number}", "{number}", "answer.body", "不认识的占位符 {number}"),
        ("[answer]", '[answer]\ncontent_type = "json"', "answer.content_type", "内容类型格式错误"),
        ("[answer]", '[answer]\ncontent_type = "text/plain; charset=ascii"', "answer.content_type", "写不了中文"),
        ("[answer]", "[answer]\nstatus = 404", "answer.status", "不能大于 299"),
        ("code = 0,", "code = 2026-11-22,", "answer.body", "时间请加引号"),
        ("code = 0,", "code = nan,", "answer.body", "不能写进 JSON"),
        (
            'body = { code = 0, id = "{order_number}" }',
            "body = '{\"code\": {order_number}x}'",
            "answer.body",
            "不是有效的 JSON",
        ),
        (
            'body = { code = 1, msg = "{detail}" }',
            'body = { code = 0, id = "{order_number}" }',
            "refusal.body",
            "完全相同",
        ),
        ("[refusal]", "[refusal.codes]\nsold_out = 7\n[refusal]", "refusal.codes", "不认识的错误代码 sold_out"),
    ],
)
def test_a_broken_profile_is_refused_by_entry_and_reason(tmp_path: Path, old: str, new: str, key: str, reason: str):
    assert old in GOOD
    with pytest.raises(WrongProfile) as caught:
        read_profile(write(tmp_path, GOOD.replace(old, new)))
    assert (caught.value.file, caught.value.key) == ("shop.toml", key)
    assert reason in caught.value.reason
    assert str(caught.value).startswith("shop.toml：")


def test_a_file_that_is_not_utf_8_or_not_there_is_refused(tmp_path: Path):
    file = tmp_path / "shop.toml"
    with pytest.raises(WrongProfile, match="无法读取"):
        read_profile(file)
    file.write_bytes("name = '店'".encode("gbk"))
    with pytest.raises(WrongProfile, match="UTF-8"):
        read_profile(file)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD + "x = " + "9" * 5000, "过长的数字"),
        (GOOD + "x = " + "[" * 5000, "嵌套过深"),
        (GOOD + ".".join("a" * 60_000) + " = 1", "过多"),
        (GOOD.replace('"mobile"', f'"a[{"9" * 5000}]"'), "无法编译"),
        (GOOD.replace("id = ", f"x = 0x{'f' * 5000}, id = "), "过长的数字"),
        ("#" * 1024 * 1025, "文件过大"),
    ],
)
def test_whatever_a_file_holds_is_told_in_a_sentence(tmp_path: Path, text: str, reason: str):
    with pytest.raises(WrongProfile, match=r"^shop\.toml：") as caught:
        read_profile(write(tmp_path, text))
    assert reason in caught.value.reason
    assert len(str(caught.value)) < 1000


def test_what_is_no_file_is_told_in_a_sentence_and_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "shop.toml")
    with pytest.raises(WrongProfile, match=r"shop\.toml：无法读取：不是普通文件"):
        load_profiles(tmp_path)
    with pytest.raises(WrongProfile, match="文件夹无法读取"):
        load_profiles(tmp_path / ("a" * 300))


def test_two_profiles_may_not_share_a_name_or_a_path(tmp_path: Path):
    write(tmp_path, GOOD, "a.toml")
    write(tmp_path, GOOD.replace("/api/order", "/api/other"), "b.toml")
    with pytest.raises(WrongProfile, match=r"b\.toml：name：与 a\.toml 重名"):
        load_profiles(tmp_path)
    write(tmp_path, GOOD.replace('"shop"', '"other"').replace("/api/order", "/api/order/"), "b.toml")
    with pytest.raises(WrongProfile, match=r"b\.toml：path：与 a\.toml 使用同一地址"):
        load_profiles(tmp_path)


def test_profiles_come_in_the_order_of_their_files_and_a_missing_folder_is_told(tmp_path: Path):
    write(tmp_path, GOOD.replace('"shop"', '"b"').replace("/api/order", "/b"), "1.toml")
    write(tmp_path, GOOD, "2.toml")
    write(tmp_path, "not a profile", "readme.txt")
    assert [profile.name for profile in load_profiles(tmp_path)] == ["b", "shop"]
    with pytest.raises(WrongProfile, match="文件夹不存在"):
        load_profiles(tmp_path / "none")
