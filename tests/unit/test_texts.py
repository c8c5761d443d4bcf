"""What people read fits its channel, names what must be named, and cannot be bent by a product's name."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.kinds import GROUPS, WECOM, ChannelKind
from app.domain.harmless_text import harmless_text
from app.domain.send_budget import Urgency
from app.notify.contents import (
    AlertContent,
    BatchContent,
    Content,
    CustomerContent,
    DigestContent,
    DutyContent,
    HighDigestContent,
    OrderContent,
    UnreadableContent,
    as_row,
    read_content,
)
from app.notify.dispatch.digest import MOST_IN_HIGH_DIGEST, DigestMember, digest_content, members_of
from app.notify.texts import (
    alert_text,
    bare_text,
    batch_text,
    customer_text,
    digest_text,
    fitting,
    group_text,
    high_digest_text,
    money,
    order_line,
    order_text,
)
from app.store.tables import Message

HOSTILE = st.text(alphabet=st.sampled_from("跑步鞋𠮷龘<>`[](){}@\n\t　a1"), max_size=400)


TEXT_LIMIT, MARKDOWN_LIMIT = WECOM.text_bytes, WECOM.rich_bytes


def _order(**fields: Any) -> OrderContent:
    """Return an order's facts, as long as composing lets them be."""
    fixed: dict[str, Any] = {
        "number": "LBNCRJATTXZ7YBC",
        "priority": "normal",
        "total": 59_900,
        "pieces": 1,
        "goods": "跑步鞋 42 ×1",
        "phone": "138****8000",
        "client": "旗舰店",
        "at": "2026-11-22 10:00:00",
    }
    return OrderContent(**{**fixed, **fields})


CONTENTS = st.builds(
    lambda goods, client, shop_id, total, drill: _order(
        number="Z" * 20, goods=harmless_text(goods)[:40] + " ×99999 等 500 种", client=harmless_text(client)[:40], client_order_id=harmless_text(shop_id)[:64], total=total, drill=drill
    ),
    HOSTILE, HOSTILE, HOSTILE, st.none() | st.integers(0, 10**12), st.booleans(),
)  # fmt: skip


def _members(orders: list[OrderContent]) -> list[DigestMember]:
    return [
        DigestMember(Message(id=n, once=str(n), subject="order", channel="wecom"), order)
        for n, order in enumerate(orders)
    ]


@given(CONTENTS)
def test_the_message_of_one_order_fits_even_with_hostile_names(content: OrderContent):
    for priority in ("high", "normal"):
        text = order_text(replace(content, priority=priority))
        assert len(text.encode()) <= TEXT_LIMIT
        assert content.number in text
        assert "<" not in text


def test_a_high_order_says_so_first_and_a_drill_before_that():
    assert order_text(_order(priority="high")).startswith("【高优处理】LBNCRJATTXZ7YBC\n")
    assert order_text(_order(drill=True)).startswith("【演练】【新订单】")
    text = order_text(_order(total=None, client_order_id="S-1"))
    assert "金额：金额待核" in text
    assert text.endswith("外部单号：S-1")


@given(st.lists(CONTENTS, min_size=1, max_size=60))
def test_a_high_digest_fits_and_names_every_order_it_speaks_for(orders: list[OrderContent]):
    """P9: what it cannot name stays for the next one."""
    orders = [replace(order, number=f"LB{n:018d}", drill=False) for n, order in enumerate(orders)]
    named = [member.order for member in members_of(_members(orders), Urgency.HIGH, limit=TEXT_LIMIT)]
    assert named
    text = high_digest_text(HighDigestContent(high=tuple(named)))
    assert len(text.encode()) <= TEXT_LIMIT
    assert all(order.number in text for order in named)
    assert text.splitlines()[0] == f"【高优处理】{len(named)} 笔"


def test_a_high_digest_takes_as_many_as_it_can_name_and_one_at_the_least():
    orders = [_order(number=f"LB{n:018d}") for n in range(60)]
    n = fitting(orders, limit=TEXT_LIMIT)
    assert 20 < n < 60
    assert len(members_of(_members(orders), Urgency.HIGH, limit=TEXT_LIMIT)) == n
    assert len(high_digest_text(HighDigestContent(high=tuple(orders[:n]))).encode()) <= TEXT_LIMIT
    assert fitting(orders[:n], limit=TEXT_LIMIT) == n
    assert fitting(orders, limit=80) == 1


@pytest.mark.parametrize("kind", GROUPS, ids=lambda kind: kind.name)
def test_what_is_claimed_for_a_high_digest_fills_the_longest_message_of_each_channel(kind: ChannelKind):
    orders = [_order(number="L", total=1, phone="1****1")] * MOST_IN_HIGH_DIGEST
    assert fitting(orders, limit=kind.text_bytes) <= MOST_IN_HIGH_DIGEST


@given(st.lists(CONTENTS, min_size=1, max_size=120))
def test_a_digest_fits_and_sums_up_all_of_it(orders: list[OrderContent]):
    text = _digest(orders)
    assert len(text.encode()) <= MARKDOWN_LIMIT
    assert f"{len(orders)} 笔" in text
    assert money(sum(order.total or 0 for order in orders)) in text
    named = text.count("*" * 4)
    assert ("其余" in text) == (named < len(orders))


def test_a_digest_says_how_many_are_unpriced_and_how_many_it_does_not_list():
    orders = [
        _order(number=f"LB{n:018d}", at=f"2026-11-22 10:{n % 60:02d}:00", total=None if n < 3 else 100)
        for n in range(300)
    ]
    text = _digest(orders)
    assert text.startswith("【新订单汇总】300 笔，合计 ¥297.00（另有 3 笔金额待核）\n受理时间：10:00:00 – 10:59:00\n")
    listed = text.count("LB0")
    assert text.endswith(f"其余 {300 - listed} 笔见控制台与批次文件。")


def _digest(orders: list[OrderContent]) -> str:
    digest = digest_content(orders, Urgency.NORMAL)
    assert isinstance(digest, DigestContent)
    return digest_text(digest, limit=MARKDOWN_LIMIT)


def test_drills_and_real_orders_do_not_share_a_digest():
    orders = [_order(drill=True), _order(), _order(drill=True)]
    members = members_of(_members(orders), Urgency.NORMAL, limit=MARKDOWN_LIMIT)
    assert [member.message.id for member in members] == [0, 2]


BATCH = BatchContent(
    batch="B1", kind="regular", orders=3, rows=5, total=100, high=1, held=0, sha256="f" * 64, url="https://x/B1"
)


def test_a_batch_is_announced_with_its_figures_and_its_link():
    text = batch_text(BATCH)
    assert (
        text == "【新批次】B1\n订单 3 笔，5 行，合计 ¥1.00，高优 1 笔\nSHA-256：ffffffffffffffff…\n下载：https://x/B1"
    )
    assert "另有 2 笔待人工确认" in batch_text(replace(BATCH, held=2))
    due = batch_text(replace(BATCH, held=2, unpaid=1, unknown_payment=3))
    assert "其中未付款 1 笔，付款状态未知 3 笔，发货前请核对。" in due
    assert "货到付款" not in due
    assert batch_text(replace(BATCH, kind="repair", drill=True)).startswith("【演练】【补录批次】")


def test_an_alert_is_marked_as_one_and_so_is_its_end():
    assert alert_text(AlertContent(sentence="批次逾期")) == "【告警】批次逾期"
    assert alert_text(AlertContent(sentence="批次逾期", ended=True)) == "【已恢复】批次逾期"


@pytest.mark.parametrize(("template", "marketing"), [("notice", False), ("coupon", True), ("combined", True)])
def test_marketing_ends_with_the_way_out_of_it(template: Any, *, marketing: bool):
    content = CustomerContent(number="LB1", shop="本店", template=template, coupon="C-1", worth="20 元")
    said = customer_text(content)
    assert said.startswith("【本店】")
    assert said.endswith("拒收请回复R") is marketing
    assert ("20 元 优惠券 C-1" in said) is marketing
    assert ("LB1" in said) is (template != "coupon")
    assert "优惠券 C-1" in customer_text(replace(content, worth="")) or not marketing


def test_a_line_of_a_digest_shows_a_masked_phone():
    assert order_line(_order()) == "LBNCRJATTXZ7YBC ¥599.00 138****8000 10:00"


# ---- contents in rows


EVERY_CONTENT: list[tuple[str, Content]] = [
    ("order", _order(client_order_id="S-1")),
    ("digest", HighDigestContent(high=(_order(), _order(total=None)))),
    ("digest", digest_content([_order(), _order()], Urgency.NORMAL)),
    ("batch", BATCH),
    ("alert", AlertContent(sentence="批次逾期", ended=True)),
    ("notice", CustomerContent(number="LB1", shop="本店", template="notice")),
    ("coupon", CustomerContent(number="LB1", shop="本店", template="coupon", coupon="C-1", worth="20 元")),
]


@pytest.mark.parametrize("limit", [2048, 200, 10, 3])
def test_an_alert_and_a_hand_over_fit_their_group_whatever_they_say(limit: int):
    alerts = tuple("出事了，" * 30 for _ in range(10))
    duty = DutyContent(comes=True, ahead=False, place=1, at="2026-11-22 10:00", other="", open_alerts=10, alerts=alerts)
    for content in (AlertContent(sentence="出事了，" * 400), duty):
        text = group_text(content, limit=limit)
        assert len(text.encode()) <= limit
        assert text.endswith("…")
    assert group_text(AlertContent(sentence="短"), limit=2048) == "【告警】短"


@pytest.mark.parametrize(("subject", "content"), EVERY_CONTENT)
def test_every_content_survives_its_row(subject: str, content: Content):
    assert read_content(subject, json.loads(json.dumps(as_row(content)))) == content


def test_what_the_first_release_wrote_is_read():
    """P13: a message composed before an upgrade is sent after it."""
    old = {"number": "LB1", "shop": "本店", "drill": False, "template": "coupon", "coupon": "C-1", "worth": ""}
    assert read_content("coupon", old) == CustomerContent(number="LB1", shop="本店", template="coupon", coupon="C-1")
    assert read_content("alert", {"sentence": "x", "drill": False}) == AlertContent(sentence="x")


@pytest.mark.parametrize(
    ("subject", "row", "why"),
    [
        ("letter", {}, "不认识的消息类型 'letter'"),
        ("alert", {"v": 2, "sentence": "x"}, "消息内容是版本 2，本程序只读版本 1"),
        ("alert", {}, "消息内容缺少或写错了字段：sentence"),
        ("order", {"v": 1, "number": 5}, "消息内容缺少或写错了字段：at、client、goods"),
    ],
)
def test_a_content_that_cannot_be_read_says_why_and_repeats_nothing(subject: str, row: dict[str, Any], why: str):
    with pytest.raises(UnreadableContent) as caught:
        read_content(subject, row)
    assert str(caught.value).startswith(why)


@pytest.mark.parametrize("kind", GROUPS, ids=lambda kind: kind.name)
def test_a_message_that_mentions_people_is_never_the_longer_one(kind: ChannelKind):
    """A digest is cut to what may mention people, and leaves without mentions where nobody is named in the settings."""
    assert 0 < kind.text_bytes <= kind.rich_bytes


def test_without_what_strangers_wrote_an_order_still_has_its_number():
    text = bare_text(_order(goods="代开发票", client_order_id="代开-1"))
    assert "LBNCRJATTXZ7YBC" in text
    assert "代开" not in text
    assert bare_text(BATCH) == ""
