import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.order_number import check_character, derive, is_number

SECRET = b"k" * 32
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
KEYS = st.text(min_size=1, max_size=128)
PREFIXES = st.from_regex(r"[A-Z][0-9A-Z]{0,6}", fullmatch=True)
NUMBERS = st.builds(lambda key, prefix: derive(SECRET, "c1", key, prefix=prefix), KEYS, PREFIXES)


@given(KEYS, PREFIXES)
def test_a_number_has_the_published_shape(key: str, prefix: str):
    number = derive(SECRET, "c1", key, prefix=prefix)
    assert re.fullmatch(prefix + r"[0-9A-HJKMNP-TV-Z]{12}[0-9A-Z]", number)
    assert len(number) <= 20
    assert is_number(number)


def test_a_number_stays_what_it_was_in_the_first_release():
    """P4: replicas and releases that cannot see each other give the same number for the same key."""
    assert derive(SECRET, "c1", "SHOP-1") == "LBNCRJATTXZ7YBC"


def _slow_body(secret: bytes, client: str, key: str) -> list[str]:
    import hashlib  # noqa: PLC0415 - the second opinion
    import hmac  # noqa: PLC0415

    digest = hmac.new(secret, client.encode() + b"\0" + key.encode(), hashlib.sha256).digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:60]
    return ["0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[i : i + 5], 2)] for i in range(0, 60, 5)]


@given(KEYS)
def test_the_body_is_the_first_sixty_bits_of_the_keyed_hash(key: str):
    assert derive(SECRET, "c1", key)[2:-1] == "".join(_slow_body(SECRET, "c1", key))


@given(KEYS, KEYS)
def test_client_key_and_secret_each_make_another_number(key: str, other: str):
    number = derive(SECRET, "c1", key)
    assert derive(SECRET, "c2", key) != number
    assert derive(b"x" * 32, "c1", key) != number
    assert (derive(SECRET, "c1", other) == number) == (key == other)


@given(NUMBERS, st.data())
def test_every_wrong_single_character_is_noticed(number: str, data: st.DataObject):
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != number[place]]))
    assert not is_number(number[:place] + other + number[place + 1 :])


def test_of_all_swaps_of_two_neighbours_one_in_six_hundred_goes_unnoticed():
    """ISO 7064's hybrid systems notice nearly all of them: after each character there is one pair that they do not."""
    pairs = [(a, b) for a in ALPHABET for b in ALPHABET if a < b]
    unnoticed = [
        (before, a, b)
        for before in ALPHABET  # leads to each state that the sum can be in
        for a, b in pairs
        if check_character(before + a + b) == check_character(before + b + a)
    ]
    assert len(unnoticed) == 36
    assert len({before for before, _, _ in unnoticed}) == len(ALPHABET)
    assert len(pairs) * len(ALPHABET) == 36 * 630


def test_no_error_slips_through_in_a_whole_number():
    """Not drawn: every substitution and every neighbouring swap of one number."""
    number = derive(SECRET, "c1", "SHOP-1")
    wrong = {number[:i] + c + number[i + 1 :] for i in range(len(number)) for c in ALPHABET} - {number}
    wrong |= {number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(len(number) - 1)} - {number}
    assert len(wrong) > 500
    assert [text for text in wrong if is_number(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LB",
        "lbncrjattxz7ybc",
        "1B6CHHAY21FSEKM",
        " LBNCRJATTXZ7YBC",
        "LB6CHHAY21FSEKM\n",
        "LB6CHHAY21FSEK-",
        "A" * 21,
    ],
)
def test_what_has_not_the_shape_is_no_number(text: str):
    assert not is_number(text)


def test_the_check_character_is_that_of_the_standard():
    assert check_character("A12425GABC1234002") == "M"  # the example of ISO 7064 MOD 37,36 in the GRid standard
