"""The file of an ERP: what it may say, and the sentence for every way to get it wrong."""

from pathlib import Path

import pytest

from app.main_system.document import KINDS, MainDocument, WrongMainFile, read_main_file
from tests.deployment.main_files import GUANYI, JUSHUITAN, WANGDIANTONG

TEXTS = {"jushuitan": JUSHUITAN, "wangdiantong": WANGDIANTONG, "guanyi": GUANYI}


def read(folder: Path, text: str, **said: object) -> MainDocument:
    file = folder / "erp.toml"
    file.write_text(text, encoding="utf-8")
    return read_main_file(file, **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_described(tmp_path: Path, kind: str):
    found = read(tmp_path, TEXTS[kind])
    assert found.kind is KINDS[kind]
    assert found.address == KINDS[kind].address
    assert found.per_minute == KINDS[kind].per_minute
    assert set(found.options) >= set(KINDS[kind].choices)
    assert found.account[0] == kind


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (JUSHUITAN, "jushuitan", "shopify", "kind"),
        (JUSHUITAN, 'app_key = "lb-app-01"', "", "access.app_key：缺少必填的配置项"),
        (JUSHUITAN, 'app_key = "lb-app-01"', 'appkey = "x"\napp_key = "y"', "access.appkey：不认识的配置项"),
        (JUSHUITAN, "JST_SECRET", "lb-secret-01", "第 6 行 secrets.app_secret：写环境变量的名称"),
        (JUSHUITAN, "JST_SECRET", "LIFEBOAT_SEAL_KEY", "secrets.app_secret：写环境变量的名称"),
        (JUSHUITAN, '"101"', '"旗舰店"', "shops.*"),
        (JUSHUITAN, '[shops]\n"*" = "101"\n"天猫" = "102"\n', "", "shops：缺少必填的配置项"),
        (JUSHUITAN, '"*" = "101"\n"天猫" = "102"\n', "", "shops"),
        (JUSHUITAN, "[shops]", '[options]\nbiz = "list"\n[shops]', "options.biz：只能是 array、object 之一"),
        (JUSHUITAN, 'kind = "', 'per_minute = 60\nkind = "', "per_minute：不能大于 50"),
        (JUSHUITAN, 'kind = "', 'address = "https://evil.example"\nkind = "', "不在 LIFEBOAT_OUTBOUND_HOSTS 中"),
        (WANGDIANTONG, 'pay_method = "1"', "", "options.pay_method：缺少必填的配置项"),
        (GUANYI, 'vip_code = "LIFEBOAT"', "", "options.vip_code：缺少必填的配置项"),
        (GUANYI, "[options]", '[options]\nvip = "x"', "options.vip：不认识的配置项"),
        (JUSHUITAN, "[access]", "[access", "TOML 语法错误"),
    ],
)
def test_a_wrong_file_is_told_with_line_key_and_sentence(tmp_path: Path, text: str, old: str, new: str, told: str):
    assert old in text
    with pytest.raises(WrongMainFile) as wrong:
        read(tmp_path, text.replace(old, new, 1))
    assert str(wrong.value).startswith("erp.toml 第 ")
    assert told in str(wrong.value)


def test_a_file_that_is_none_is_told(tmp_path: Path):
    with pytest.raises(WrongMainFile):
        read_main_file(tmp_path / "none.toml")


def test_a_test_account_may_be_on_this_machine_or_on_an_allowed_host(tmp_path: Path):
    here = 'address = "http://127.0.0.1:8001"\n'
    assert read(tmp_path, here + JUSHUITAN).address == "http://127.0.0.1:8001"
    there = 'address = "https://proxy.example/jst"\n'
    assert read(tmp_path, there + JUSHUITAN, hosts=["Proxy.example"]).address == "https://proxy.example/jst"
