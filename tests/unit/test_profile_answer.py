"""How answers are rendered in the main system's shape."""

import pytest

from app.intake.profile.answer import WrongTemplate, template


def filled(body: object, content_type: str = "application/json", **values: str | int) -> str:
    made = template(body, content_type=content_type, status=None, names=frozenset(values))
    return made.render(values, status=200).body.decode()


def test_a_placeholder_alone_keeps_its_type_and_a_text_is_escaped():
    assert filled({"n": "{n}", "t": "{n:text}", "l": ["#{n}", 1.5, True]}, n=7) == '{"n":7,"t":"7","l":["#7",1.5,true]}'
    assert filled({"m": "{m}"}, m='a"}{n}') == '{"m":"a\\"}{n}"}'
    assert filled('{"m":"{m}"}', m='a"\n') == '{"m":"a\\"\\n"}'
    assert filled("<m>{m}</m>", "text/xml", m="a<b&c") == "<m>a&lt;b&amp;c</m>"
    assert filled("SUCCESS {m}", "text/plain", m="a<b") == "SUCCESS a<b"


def test_an_answer_is_written_in_the_charset_it_names():
    made = template("成功", content_type="text/plain; charset=gbk", status=None, names=frozenset())
    assert made.render({}, status=200).body == "成功".encode("gbk")


def test_a_template_that_nests_too_deep_is_refused():
    deep: object = 1
    for _ in range(30):
        deep = [deep]
    with pytest.raises(WrongTemplate, match="嵌套过深"):
        filled(deep)
