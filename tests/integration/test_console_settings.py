"""设置: the way to all that is set up, by role; what stands in the environment is shown, and no secret of it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.settings.legible import legible
from tests.deployment import Deployment

PLANTED = "pl4nted-0123456789abcdef-0123456789abcdef"
SECRETS = {
    "wecom_robots": (SecretStr(f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={PLANTED}"),),
    "emergency_robots": (SecretStr(f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={PLANTED}"),),
    "feishu_robots": (SecretStr(f"https://open.feishu.cn/open-apis/bot/v2/hook/{PLANTED}#{PLANTED}"),),
    "dingtalk_robots": (SecretStr(f"https://oapi.dingtalk.com/robot/send?access_token={PLANTED}#SEC{PLANTED}"),),
    "sms_access_key_id": PLANTED,
    "sms_access_key_secret": SecretStr(PLANTED),
    "smtp_url": SecretStr(f"smtps://user:{PLANTED}@mail.example"),
    "ping_url": SecretStr(f"https://hc-ping.com/{PLANTED}"),
    "ping_batch_url": SecretStr(f"https://hc-ping.com/{PLANTED}"),
    "main_health_url": SecretStr(f"https://main.example/health?token={PLANTED}"),
    "main_lookup_url": SecretStr(f"https://main.example/orders/1?token={PLANTED}"),
    "database_url": SecretStr(f"postgresql+psycopg://user:{PLANTED}@db/lifeboat"),
    "secret_key": SecretStr(PLANTED),
    "seal_key": SecretStr(PLANTED),
}
PEOPLE = {
    "dingtalk_mentions": ("13900139000",),
    "wecom_mentions": ("13900139000",),
    "alert_emails": ("li@example.com",),
}


def _by_type() -> set[str]:
    return {name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field.annotation)}


def test_every_secret_is_planted_here():
    assert _by_type() <= SECRETS.keys()


def _all_planted() -> Settings:
    return Settings.model_construct(**{**Settings(_env_file=None).__dict__, **SECRETS, **PEOPLE})  # type: ignore[call-arg]


def test_no_secret_and_no_person_is_legible_and_each_setting_has_its_line():
    lines = [line for _, group in legible(_all_planted()) for line in group]
    assert {line.name for line in lines} == {f"LIFEBOAT_{name.upper()}" for name in Settings.model_fields}
    text = str(lines)
    for private in (PLANTED, "13900139000", "li@example.com"):
        assert private not in text
    by_name = {line.name: line for line in lines}
    assert by_name["LIFEBOAT_SECRET_KEY"].value == "已设置，不显示"
    assert by_name["LIFEBOAT_WECOM_ROBOTS"].value == "已设置 1 个，不显示"
    assert by_name["LIFEBOAT_DINGTALK_MENTIONS"].value == "1 人"
    assert (by_name["LIFEBOAT_PORT"].value, by_name["LIFEBOAT_PORT"].chosen) == ("8000", False)
    assert by_name["LIFEBOAT_ALERT_SUMMARY_AT"].value == "09:00"


def test_an_address_is_shown_without_its_password():
    settings = Settings(_env_file=None, public_url=f"https://me:{PLANTED}@shop.example/x")  # type: ignore[call-arg]
    (line,) = (one for _, group in legible(settings) for one in group if one.name == "LIFEBOAT_PUBLIC_URL")
    assert (line.value, line.chosen) == ("https://…@shop.example/x", True)


async def test_the_page_shows_names_and_values_and_no_secret(tmp_path: Path):
    made = Deployment(
        tmp_path,
        wecom_robots=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={PLANTED}",
        smtp_url=f"smtps://user:{PLANTED}@mail.example",
        sms_access_key_id=PLANTED,
        shop_name="<b>店</b>",
    )
    zhang = await made.console.signed_in("zhang")
    page = await zhang.reads("/settings/values")
    made.close()
    assert "LIFEBOAT_WECOM_ROBOTS" in page
    assert "已设置 1 个，不显示" in page
    assert PLANTED not in page
    assert "<b>店</b>" not in page


@pytest.mark.parametrize(
    ("name", "open_to"),
    [
        ("mei", {"readiness", "spool", "jobs"}),
        ("zhang", {"readiness", "spool", "jobs", "audit", "settings/values"}),
        ("boss", {"readiness", "spool", "jobs", "audit", "settings/values", "keys", "people", "kiosks"}),
    ],
)
async def test_everybody_is_led_to_what_is_open_to_his_role(at_noon: Deployment, name: str, open_to: set[str]):
    browser = await at_noon.console.signed_in(name)
    page = await browser.reads("/settings")
    every = {"readiness", "spool", "jobs", "audit", "settings/values", "keys", "people", "kiosks"}
    assert {place for place in every if f'class="lb-card lb-place" href="/console/{place}"' in page} == open_to
    for place in open_to:
        await browser.reads(f"/{place}")
    assert 'href="/console/settings"' in await browser.reads("/")


async def test_who_may_set_nothing_up_has_no_entry(at_noon: Deployment):
    for name in ("guest", "lan"):
        browser = await at_noon.console.signed_in(name)
        assert 'href="/console/settings"' not in await browser.reads("/")
