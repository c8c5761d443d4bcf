"""Logs never hold what must stay private; figures are kept apart."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.telemetry import logging as ours
from app.telemetry.logging import redact, redacted
from app.telemetry.metrics import Metrics

KEY = "lbk_abc123_" + "S" * 43


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("phone 13800138000 called", "phone 138****8000 called"),
        ("13800138000-6762", "138****8000-6762"),
        ("+8613800138000", "+86138****8000"),
        ("008613800138000", "0086138****8000"),
        ("手机13800138000，", "手机138****8000，"),
        ("13800138000 and 13900139000", "138****8000 and 139****9000"),
        ("order LB13800138000XY", "order LB13800138000XY"),  # part of a longer word is no phone
        ("1380013800012", "1380013800012"),
        ("https://q/send?key=abc-def&x=1", "https://q/send?key=***&x=1"),
        ("https://q/send?a=1&key=abc'", "https://q/send?a=1&key=***'"),
        (f"Bearer {KEY}", "Bearer lbk_abc123_***"),
        ("postgresql://user:pa55@host/db", "postgresql://user:***@host/db"),
        ("smtp://me:s3cret@mail", "smtp://me:***@mail"),
        ("nothing private", "nothing private"),
    ],
)
def test_private_shapes_are_masked_wherever_they_stand(text: str, shown: str):
    assert redacted(text) == shown


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.text(alphabet="，。 :;()[]'\"=", max_size=5),
    st.text(alphabet="，。 :;()[]'\"=", max_size=5),
)
def test_no_phone_gets_through_whatever_stands_around_it(phone: str, before: str, after: str):
    assert phone not in redacted(before + phone + after)


@pytest.mark.parametrize(
    "name",
    ["phone", "body", "webhook", "password", "secret", "authorization", "cookie", "name", "address", "key", "url"],
)
def test_fields_with_private_names_are_blank(name: str):
    assert redact(None, "info", {name: "anything", "other": 1}) == {name: "***", "other": 1}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***",
        ),
        ("https://open.feishu.cn/open-apis/bot/v2/hook/abc#s", "https://open.feishu.cn/open-apis/bot/v2/hook/***"),
        (
            "https://oapi.dingtalk.com/robot/send?access_token=abc#SECs",
            "https://oapi.dingtalk.com/robot/send?access_token=***",
        ),
        (
            "https://x/robot/send?access_token=abc&timestamp=1&sign=a%2B",
            "https://x/robot/send?access_token=***&timestamp=1&sign=***",
        ),
    ],
)
def test_no_robots_address_gets_through(address: str, shown: str):
    assert ours.redacted(f"'{address}' failed") == f"'{shown}' failed"


def test_what_is_no_text_is_searched_as_well():
    event: dict[str, Any] = {
        "error": ValueError("13800138000"),
        "list": ["13800138000"],
        "n": 5,
        "yes": True,
        "none": None,
        "f": 0.5,
    }
    assert redact(None, "info", event) == {
        "error": "ValueError('138****8000')",
        "list": "['138****8000']",
        "n": 5,
        "yes": True,
        "none": None,
        "f": 0.5,
    }


def test_events_are_json_lines_without_private_parts_ours_and_the_libraries():
    stream = io.StringIO()
    ours.configure("info", process="web", stream=stream)
    structlog.get_logger().info("order_refused", phone="13800138000", note="call 13800138000")
    structlog.get_logger().debug("not said")
    logging.getLogger("library").warning("sent to %s", "https://q/send?key=abc")
    logging.getLogger("httpx").info("POST https://q/send?key=abc")
    try:
        raise ValueError("13800138000")  # noqa: TRY301 - for its traceback
    except ValueError:
        structlog.get_logger().exception("broke")
    structlog.reset_defaults()
    first, second, third = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["phone"], first["note"], first["process"], first["level"]) == (
        "order_refused",
        "***",
        "call 138****8000",
        "web",
        "info",
    )
    assert second["event"] == "sent to https://q/send?key=***"
    assert "138****8000" in third["exception"]
    assert "13800138000" not in stream.getvalue()


def test_two_processes_of_one_test_never_share_a_figure():
    one, two = Metrics(), Metrics()
    one.accepted.inc()
    assert b"lifeboat_orders_accepted_total 1.0" in one.page()
    assert b"lifeboat_orders_accepted_total 0.0" in two.page()
