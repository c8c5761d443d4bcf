"""Where in a merchant's file a key stands, as he is told."""

import pytest

from app.toml_file import line_of

FILE = """\
name = "x"
[access]
key = "k"
"payment.status" = "s"
[[reading]]
path = "/a"
text = '''
path = "not this one"
'''
events.order = "no"
[[reading]]
path = "/b"
[[reading.marks]]
at = "a"
[[reading.marks]]
at = "b"
[reading.events]
channel = "c"
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("name", 1),
        ("access", 2),
        ("access.key", 3),
        ("access.payment.status", 4),
        ("access.missing", 2),
        ("reading", 5),
        ("reading.0.path", 6),
        ("reading.0.events.order", 10),
        ("reading.0.nowhere", 5),
        ("reading.1.path", 12),
        ("reading.1.marks.0.at", 14),
        ("reading.1.marks.1.at", 16),
        ("reading.1.marks.1.mark", 15),
        ("reading.1.events.channel", 18),
        ("reading.1.events.order", 17),
        ("elsewhere", 1),
        ("", 1),
    ],
)
def test_a_key_is_found_on_its_line_or_on_that_of_the_table_around_it(key: str, line: int):
    assert line_of(FILE, key) == line
