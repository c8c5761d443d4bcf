# ruff: noqa: RUF001 - full-width characters are what people and spreadsheets send
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.phone import MaskedPhone, NotAPhone, last4, masked, phone_of

PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13800138000", "13800138000"),
        ("13800138000-6762", "13800138000-6762"),
        (" 13800138000 ", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+8613800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("+86-13800138000", "13800138000"),
        ("(86)13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("13800138000转6762", "13800138000-6762"),
        ("13800138000,6762", "13800138000-6762"),
        ("13800138000#6762", "13800138000-6762"),
        ("＋86 13800138000－6762", "13800138000-6762"),
        ("86138001380006", None),
        ("12800138000", None),
        ("1380013800", None),
        ("138001380001", None),
        ("13800138000-", "13800138000"),
        ("13800138000-1234567", None),
        ("010-62345678", None),
        ("", None),
        ("手机", None),
        ("13800138000x", None),
    ],
)
def test_a_number_is_read_as_people_write_it_or_refused(written: str, phone: str | None):
    if phone is None:
        with pytest.raises(NotAPhone):
            phone_of(written)
    else:
        assert phone_of(written) == phone


@pytest.mark.parametrize("written", ["138****1234", "+86 138****1234", "138＊＊＊＊1234", "***"])
def test_a_masked_number_is_refused_as_masked(written: str):
    with pytest.raises(MaskedPhone):
        phone_of(written)


@given(PHONES, st.sampled_from(["", "+86", "86", "0086", "+86 ", " "]))
def test_any_prefix_leads_to_the_same_number(phone: str, prefix: str):
    assert phone_of(prefix + phone) == phone


@given(PHONES, st.from_regex(r"-[0-9]{1,6}", fullmatch=True))
def test_what_was_read_is_read_again_unchanged(phone: str, extension: str):
    assert phone_of(phone + extension) == phone + extension


@given(PHONES, st.from_regex(r"(-[0-9]{1,6})?", fullmatch=True))
def test_a_masked_number_shows_three_and_four_digits_and_no_extension(phone: str, extension: str):
    shown = masked(phone + extension)
    assert shown == f"{phone[:3]}****{phone[7:]}"
    assert last4(phone + extension) == phone[-4:]
