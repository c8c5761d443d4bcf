import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.schemas import canonical_json, check_order
from app.store.sealing import CannotUnseal, Keyring, Marker, Seal
from tests.deployment.facts import KEYS, SECRETS
from tests.deployment.orders import new_order, order_body

SEAL = Seal(b"k" * 32)


@given(st.binary(max_size=500), st.text(max_size=20))
def test_what_was_sealed_comes_back(plain: bytes, number: str):
    assert SEAL.unseal(SEAL.seal(plain, number), number) == plain


@given(st.binary(min_size=1, max_size=60))
def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice(plain: bytes):
    one, two = SEAL.seal(plain * 4, "N"), SEAL.seal(plain * 4, "N")
    assert plain * 4 not in one
    assert one != two


def test_a_value_moved_to_another_order_does_not_open():
    with pytest.raises(CannotUnseal, match="another order"):
        SEAL.unseal(SEAL.seal(b"secret", "LB1"), "LB2")


def test_another_key_is_named_as_such():
    with pytest.raises(CannotUnseal, match="another key"):
        Seal(b"x" * 32).unseal(SEAL.seal(b"secret", "LB1"), "LB1")


def test_damage_anywhere_is_noticed():
    sealed = SEAL.seal(b"secret", "LB1")
    for place in range(len(sealed)):
        with pytest.raises(CannotUnseal):
            SEAL.unseal(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], "LB1")
    for length in (0, 4, 5, 17, len(sealed) - 1):
        with pytest.raises(CannotUnseal):
            SEAL.unseal(sealed[:length], "LB1")


def test_an_order_is_opened_as_it_was_accepted():
    new = new_order("SHOP-1")
    order = KEYS.open_order(new.sealed, new.number)
    assert (order.phone, order.total, order.items[0].unit_price) == ("13800138000", 59_900, 59_900)
    assert b"13800138000" not in new.sealed
    with pytest.raises(CannotUnseal, match="not an order"):
        KEYS.open_order(KEYS.seal.seal(b"{}", "LB1"), "LB1")


def test_each_purpose_has_a_key_of_its_own_and_no_key_shows_in_a_repr():
    markers = (KEYS.phone, KEYS.look_alike, KEYS.fingerprint, Marker(KEYS.number), Marker(KEYS.session))
    assert len({marker.mark(b"x") for marker in markers}) == 5
    keys = (KEYS.number, KEYS.session)
    assert all(key.hex() not in repr(KEYS) and repr(key) not in repr(KEYS) for key in keys)


def test_other_secrets_make_other_marks_and_other_names():
    other = Keyring.from_secrets("x" * 32, SECRETS["seal_key"])
    assert other.phone_index("13800138000") != KEYS.phone_index("13800138000")
    assert KEYS.phone_index("13800138000") != KEYS.phone_index("13800138000-1")
    assert dict(other.names)["secret_key"] != dict(KEYS.names)["secret_key"]
    assert dict(other.names)["seal_key"] == dict(KEYS.names)["seal_key"]


def test_the_fingerprint_does_not_depend_on_how_the_order_was_written():
    """P2: a retry that orders its fields otherwise, or writes 599 for 599.00, is the same order."""
    plain = canonical_json(check_order(order_body()))
    backwards = canonical_json(
        check_order(dict(reversed(order_body().items())) | {"phone": "+86 138-0013-8000", "total": 599, "note": None})
    )
    assert KEYS.fingerprint_of(plain) == KEYS.fingerprint_of(backwards)
    assert KEYS.fingerprint_of(plain) != KEYS.fingerprint_of(canonical_json(check_order(order_body(total="599.01"))))
