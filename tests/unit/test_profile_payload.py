"""How the bytes of a foreign request become a tree."""

import pytest

from app.domain.problems import Malformed, UnsupportedMedia
from app.intake.profile.payload import PayloadReader, nested


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("a", "1")], {"a": "1"}),
        ([("a", "1"), ("a", "2"), ("a", "3")], {"a": ["1", "2", "3"]}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("i[1][s]", "B"), ("i[0][s]", "A")], {"i": [{"s": "A"}, {"s": "B"}]}),
        ([("i.0.s", "A"), ("i.7.s", "B")], {"i": [{"s": "A"}, {"s": "B"}]}),
        ([("b.phone", "1"), ("b[name]", "n")], {"b": {"phone": "1", "name": "n"}}),
        ([("a", "1"), ("a[b]", "2")], {"a": "1"}),
        ([("a[b]", "2"), ("a", "1")], {"a": {"b": "2"}}),
        ([("a[", "1"), ("]", "2"), ("", "3")], {"a[": "1", "]": "2", "": "3"}),
        ([("a" + "[b]" * 40, "1")], {"a" + "[b]" * 40: "1"}),
        ([("a[99999999999]", "1")], {"a": {"99999999999": "1"}}),
        ([("0", "1")], {"0": "1"}),
    ],
)
def test_form_names_nest(pairs: list[tuple[str, str]], tree: dict[str, object]):
    assert nested(pairs) == tree


MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n订单\r\n'
    '--x\r\nContent-Disposition: form-data; name="f"; filename="f.png"\r\nContent-Type: image/png\r\n\r\nbytes\r\n'
    '--x\r\nContent-Disposition: form-data; name="b[0]"\r\n\r\n\r\n--x--\r\n'
)


def test_a_multipart_form_is_read_and_its_files_left_out():
    read = PayloadReader("form").read
    assert read(MULTIPART.encode(), 'multipart/form-data; boundary="x"') == {"a": "订单", "b": [""]}
    assert read(MULTIPART.encode("gbk"), "multipart/form-data; boundary=x; charset=gbk")["a"] == "订单"


@pytest.mark.parametrize(
    ("kind", "content_type", "body"),
    [
        ("json", "application/json", b""),
        ("json", "application/json", b'{"a": NaN}'),
        ("json", "application/json", b"[" * 100_000),
        ("json", "application/json", b'{"a":' * 100_000),
        ("json", "application/json", b'"\\ud800"'),
        ("json", "application/json", b"\xff"),
        ("json", "application/json; charset=gbk", b"\xff\xff"),
        ("form", "", b"a=%FF"),
        ("form", "", b"a&" * 6000),
        ("form", "multipart/form-data", MULTIPART.encode()),
        ("form", "multipart/form-data; boundary=x", MULTIPART.encode()[:-10]),
        ("form", "multipart/form-data; boundary=x", MULTIPART.encode("gbk")),
        ("form", "multipart/form-data; boundary=y", MULTIPART.encode()),
        (
            "form",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 5001 + b"--x--",
        ),
    ],
)
def test_a_body_that_is_not_what_it_says_is_malformed(kind: str, content_type: str, body: bytes):
    with pytest.raises(Malformed):
        PayloadReader("json" if kind == "json" else "form").read(body, content_type)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"a": "订", "a": "单"}'.encode()),
        ("application/json", b"\xef\xbb\xbf" + '{"a": "单"}'.encode()),
        ("Application/JSON; charset=UTF-8", '{"a": "单"}'.encode()),
        ("application/json;charset=utf8", '{"a": "单"}'.encode()),
        ("application/json; charset=GBK", '{"a": "单"}'.encode("gbk")),
        ("application/vnd.shop+json", '{"a": "单"}'.encode()),
        ("text/plain", '{"a": "单"}'.encode()),
        ("", '{"a": "单"}'.encode()),
    ],
)
def test_json_is_read_under_all_its_names_and_the_last_of_equal_names_counts(content_type: str, body: bytes):
    assert PayloadReader("json", content_types=frozenset({"text/plain"})).read(body, content_type) == {"a": "单"}


@pytest.mark.parametrize(
    "content_type",
    ["application/xml", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=klingon"],
)
def test_another_content_type_is_not_supported(content_type: str):
    with pytest.raises(UnsupportedMedia):
        PayloadReader("json").read(b"{}", content_type)


def test_a_form_says_which_content_types_it_takes():
    with pytest.raises(UnsupportedMedia, match="multipart/form-data"):
        PayloadReader("form").read(b"{}", "application/json")
