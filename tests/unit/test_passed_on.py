"""What a proxy says of an order: whatever is no clear "not sent" may have reached the main system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.passed_on import LONGEST_REASON, PassedOn, SentBefore, graver, passed_on, sentence_of

said_at_all = st.fixed_dictionaries(
    {},
    optional={
        b"x-lifeboat-sent": st.sampled_from([b"0", b"1", b"unknown", b"", b" 1 ", b"0, 1", b"0, 0", b"\xff"]),
        b"x-lifeboat-reason": st.binary(max_size=400),
        b"x-envoy-attempt-count": st.sampled_from([b"1", b"2", b"", b"x"]),
    },
)


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, None),
        ({b"x-lifeboat-sent": b"0"}, SentBefore.NO),
        ({b"x-lifeboat-sent": b"0", b"x-lifeboat-reason": b"502"}, SentBefore.NO),
        ({b"x-lifeboat-sent": b"1"}, SentBefore.YES),
        ({b"x-lifeboat-sent": b"unknown"}, SentBefore.UNKNOWN),
        ({b"x-lifeboat-sent": b"yes"}, SentBefore.UNKNOWN),
        ({b"x-lifeboat-sent": b"0, 1"}, SentBefore.YES),
        ({b"x-lifeboat-sent": b"0,0"}, SentBefore.NO),
        ({b"x-lifeboat-sent": b"0, yes"}, SentBefore.UNKNOWN),
        ({b"x-lifeboat-sent": b""}, None),
        ({b"x-lifeboat-reason": b"504"}, SentBefore.UNKNOWN),
        ({b"x-envoy-attempt-count": b"1"}, None),
        ({b"x-envoy-attempt-count": b"2"}, SentBefore.UNKNOWN),
        ({b"x-envoy-attempt-count": b"2", b"x-lifeboat-sent": b"0"}, SentBefore.UNKNOWN),
        ({b"x-envoy-attempt-count": b"2", b"x-lifeboat-sent": b"1"}, SentBefore.YES),
    ],
)
def test_what_the_fields_say(fields: dict[bytes, bytes], sent: SentBefore | None):
    told = passed_on(fields)
    assert (told.sent if told else None) == sent


def test_a_proxy_that_cannot_say_means_what_the_setting_says():
    assert passed_on({}, unsaid=SentBefore.UNKNOWN) == PassedOn(SentBefore.UNKNOWN)
    assert passed_on({b"x-lifeboat-sent": b"0"}, unsaid=SentBefore.UNKNOWN) == PassedOn(SentBefore.NO)


@given(said_at_all)
def test_only_a_clear_zero_is_not_sent(fields: dict[bytes, bytes]):
    told = passed_on(fields)
    if told is not None and not told.main_may_have:
        assert fields[b"x-lifeboat-sent"] in {b"0", b"0, 0"}
        assert fields.get(b"x-envoy-attempt-count", b"1") == b"1"


@given(said_at_all)
def test_a_reason_is_short_and_printable(fields: dict[bytes, bytes]):
    told = passed_on(fields)
    if told is not None:
        assert len(told.reason) <= LONGEST_REASON
        assert told.reason.isprintable()


@given(*(st.builds(PassedOn, st.sampled_from(SentBefore), st.just("why")) for _ in range(3)))
def test_the_gravest_of_some_is_the_same_in_any_order(a: PassedOn, b: PassedOn, c: PassedOn):
    assert graver(graver(a, b), c).sent == graver(a, graver(b, c)).sent == graver(graver(c, b), a).sent
    assert graver(a, b).main_may_have == (a.main_may_have or b.main_may_have)


def test_people_are_told_whether_it_was_sent_and_why():
    said = PassedOn(SentBefore.YES, "504; addr=10.0.0.10:8080")
    assert sentence_of(said, inside=True) == "代理转来前已发给主系统，主系统可能已有此单（504; addr=10.0.0.10:8080）"
    assert sentence_of(said) == "代理转来前已发给主系统，主系统可能已有此单"
    assert (
        sentence_of(PassedOn(SentBefore.LISTED, "M1"), inside=True)
        == "主系统清单里有很像的一单，主系统可能已有此单（M1）"
    )
    assert sentence_of(PassedOn(SentBefore.UNKNOWN)) == "代理转来前可能已发给主系统，主系统可能已有此单"
