"""What people read fits its channel, names what must be named, and cannot be bent by a product's name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.harmless_text import harmless_text
from app.domain.send_budget import Urgency
from app.notify.dispatch.digest import MOST_IN_HIGH_DIGEST, digest_of, members_of
from app.notify.texts import (
    MARKDOWN_LIMIT,
    TEXT_LIMIT,
    alert_text,
    batch_text,
    combined_sms,
    coupon_sms,
    digest_text,
    fitting,
    high_digest_text,
    money,
    notice_sms,
    order_line,
    order_text,
)
from app.store.tables import Message
from tests.builders import TEN, minutes

HOSTILE = st.text(alphabet=st.sampled_from("跑步鞋𠮷龘<>`[](){}@\n\t　a1"), max_size=400)


def _content(**fields: Any) -> dict[str, Any]:
    """Return an order's facts, as long as composing lets them be."""
    fixed: dict[str, Any] = {
        "number": "LBNCRJATTXZ7YBC",
        "client_order_id": "",
        "priority": "normal",
        "total": 59_900,
        "pieces": 1,
    }
    return {
        **fixed,
        "goods": "跑步鞋 42 ×1",
        "phone": "138****8000",
        "client": "旗舰店",
        "at": "2026-11-22 10:00:00",
        "drill": False,
        **fields,
    }


CONTENTS = st.builds(
    lambda goods, client, shop_id, total, drill: _content(
        number="Z" * 20, goods=harmless_text(goods)[:40] + " ×99999 等 500 种", client=harmless_text(client)[:40], client_order_id=harmless_text(shop_id)[:64], total=total, drill=drill
    ),
    HOSTILE, HOSTILE, HOSTILE, st.none() | st.integers(0, 10**12), st.booleans(),
)  # fmt: skip


def _messages(contents: list[dict[str, Any]]) -> list[Message]:
    return [
        Message(
            id=n,
            once=str(n),
            kind="order_wecom",
            channel="wecom",
            target="r",
            content=content,
            created_at=TEN,
            due_at=TEN,
        )
        for n, content in enumerate(contents)
    ]


@given(CONTENTS)
def test_the_message_of_one_order_fits_even_with_hostile_names(content: dict[str, Any]):
    for priority in ("high", "normal"):
        text = order_text({**content, "priority": priority})
        assert len(text.encode()) <= TEXT_LIMIT
        assert content["number"] in text
        assert "<" not in text


def test_a_high_order_says_so_first_and_a_drill_before_that():
    assert order_text(_content(priority="high")).startswith("【高优处理】LBNCRJATTXZ7YBC\n")
    assert order_text(_content(drill=True)).startswith("【演练】【新订单】")
    text = order_text(_content(total=None, client_order_id="S-1"))
    assert "金额：金额待核" in text
    assert text.endswith("外部单号：S-1")


@given(st.lists(CONTENTS, min_size=1, max_size=MOST_IN_HIGH_DIGEST))
def test_a_high_digest_fits_and_names_every_order_it_speaks_for(contents: list[dict[str, Any]]):
    """P9: what it cannot name stays for the next one."""
    contents = [{**content, "number": f"LB{n:018d}", "drill": False} for n, content in enumerate(contents)]
    members = members_of(_messages(contents), Urgency.HIGH)
    assert members
    text = high_digest_text([member.content for member in members])
    assert len(text.encode()) <= TEXT_LIMIT
    assert all(member.content["number"] in text for member in members)
    assert text.splitlines()[0] == f"【高优处理】{len(members)} 笔"


def test_a_high_digest_takes_as_many_as_it_can_name_and_one_at_the_least():
    contents = [_content(number=f"LB{n:018d}") for n in range(60)]
    n = fitting(contents)
    assert 20 < n < 60
    assert len(members_of(_messages(contents), Urgency.HIGH)) == n
    assert len(high_digest_text(contents[:n]).encode()) <= TEXT_LIMIT
    assert fitting(contents[:n]) == n
    assert fitting(contents, limit=80) == 1


@given(st.lists(CONTENTS, min_size=1, max_size=120))
def test_a_digest_fits_and_sums_up_all_of_it(contents: list[dict[str, Any]]):
    digest = digest_of(_messages(contents), Urgency.NORMAL, now=TEN, lease_until=TEN + minutes(1))
    text = digest_text(digest.content)
    assert len(text.encode()) <= MARKDOWN_LIMIT
    assert f"{len(contents)} 笔" in text
    assert money(sum(content["total"] or 0 for content in contents)) in text
    named = text.count("*" * 4)
    assert ("其余" in text) == (named < len(contents))


def test_a_digest_says_how_many_are_unpriced_and_how_many_it_does_not_list():
    contents = [
        _content(number=f"LB{n:018d}", at=f"2026-11-22 10:{n % 60:02d}:00", total=None if n < 3 else 100)
        for n in range(300)
    ]
    text = digest_text(digest_of(_messages(contents), Urgency.NORMAL, now=TEN, lease_until=TEN).content)
    assert text.startswith("【新订单汇总】300 笔，合计 ¥297.00（另有 3 笔金额待核）\n受理时间：10:00:00 – 10:59:00\n")
    listed = text.count("LB0")
    assert text.endswith(f"其余 {300 - listed} 笔见控制台与批次文件。")


def test_drills_and_real_orders_do_not_share_a_digest():
    members = members_of(_messages([_content(drill=True), _content(), _content(drill=True)]), Urgency.NORMAL)
    assert [member.id for member in members] == [0, 2]


def test_a_batch_is_announced_with_its_figures_and_its_link():
    content = {
        "batch": "B1",
        "kind": "regular",
        "orders": 3,
        "rows": 5,
        "total": 100,
        "high": 1,
        "held": 0,
        "sha256": "f" * 64,
        "url": "https://x/B1",
        "drill": False,
    }
    text = batch_text(content)
    assert (
        text == "【新批次】B1\n订单 3 笔，5 行，合计 ¥1.00，高优 1 笔\nSHA-256：ffffffffffffffff…\n下载：https://x/B1"
    )
    assert "另有 2 笔待人工确认" in batch_text({**content, "held": 2})
    assert batch_text({**content, "kind": "repair", "drill": True}).startswith("【演练】【补录批次】")


def test_an_alert_is_marked_as_one():
    assert alert_text({"sentence": "批次逾期"}) == "【告警】批次逾期"


@pytest.mark.parametrize(("text", "marketing"), [(notice_sms, False), (coupon_sms, True), (combined_sms, True)])
def test_marketing_ends_with_the_way_out_of_it(text: Any, *, marketing: bool):
    said = text({"shop": "本店", "number": "LB1", "coupon": "C-1", "worth": "20 元"})
    assert said.startswith("【本店】")
    assert said.endswith("拒收请回复R") is marketing
    assert ("20 元 优惠券 C-1" in said) is marketing
    assert ("LB1" in said) is (text is not coupon_sms)
    assert "优惠券 C-1" in text({"shop": "本店", "number": "LB1", "coupon": "C-1"}) or not marketing


def test_a_line_of_a_digest_shows_a_masked_phone():
    assert order_line(_content()) == "LBNCRJATTXZ7YBC ¥599.00 138****8000 10:00"
