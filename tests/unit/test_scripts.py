"""What customer service says: there is an answer for every state, and the runbook's five are among the data."""

import re
from itertools import product
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.domain.states import HeldKind, OrderState
from app.orders.scripts import PLACES, Script, answers, shipped_scripts

RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.zh-CN.md"
FILLED = {"number": "LB8S RYJX", "amount": "¥9.00", "main": "SO-1", "missing": "（收件人）"}


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("kind", [None, *HeldKind])
def test_every_order_has_an_answer_without_a_place_left_open(state: OrderState, kind: HeldKind | None):
    for paid in (None, "paid", "unpaid", "cod"):
        said = answers(state, kind, paid, FILLED)
        assert said, (state, kind, paid)
        assert not any("{" in one.text or "}" in one.text for one in said)
        assert all(one.asked and one.owner and one.next for one in said)


def test_the_answer_fits_how_the_order_stands():
    first = lambda *how: answers(*how, FILLED)[0].asked  # noqa: E731 - one call, named
    assert "两单" in first("held", "look_alike", "paid")
    assert "付了款" in first("accepted", None, "paid")
    assert "成功了吗" in first("batched", None, None)
    assert "SO-1" in answers("imported", None, "paid", FILLED)[0].text
    assert "（收件人）" in answers("held", "incomplete", None, FILLED)[0].text


def test_a_coupon_is_promised_to_those_alone_who_have_one():
    said = {
        given: [one.text for one in answers("batched", None, "paid", FILLED, coupon=given)] for given in (True, False)
    }
    assert sum("优惠券" in text for text in said[True]) == 1
    assert not any("券" in text for text in said[False])
    assert len(said[True]) == len(said[False])


def test_the_runbooks_scripts_are_the_shipped_ones():
    text = RUNBOOK.read_text().partition("## 客服话术")[2]
    written = {line[2:].strip().replace("LB……", "{number}") for line in text.splitlines() if line.startswith("> ")}
    assert len(written) == 5
    assert written <= {script.text for script in shipped_scripts()}


def test_a_sentence_with_a_place_nobody_fills_is_refused():
    like = shipped_scripts()[0].model_dump()
    with pytest.raises(ValidationError, match="phone"):
        Script.model_validate({**like, "text": "您好 {phone}"})


def test_codes_are_unique_and_every_place_is_used():
    codes = [script.code for script in shipped_scripts()]
    assert len(set(codes)) == len(codes)
    used = {name for script, name in product(shipped_scripts(), PLACES) if re.search(rf"{{{name}}}", script.text)}
    assert used | {"amount"} == PLACES
