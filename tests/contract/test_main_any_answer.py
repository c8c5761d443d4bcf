"""Whatever a main system answers, a call ends in one outcome of the closed set, and a success names this very order."""

import asyncio
import json
from functools import partial
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.main_system import CreatedInMain, CreateOutcome, FindOutcome
from app.intake.profile.profile import read_profile
from app.main_system.caller import MainCaller
from app.main_system.document import KINDS
from app.main_system.erp import ErpSetUp
from app.main_system.http_replay import HttpMainSystem
from app.main_system.port import MainSystem
from app.main_system.tokens import AccessToken
from app.outbound.api_call import ApiAnswer, ApiCall
from app.outbound.pace import CallPace
from tests.contract.main_systems import (
    ACCESS,
    NOW,
    NUMBER,
    OPTIONS,
    PROFILE,
    SECRETS,
    SHOP,
    SHOPS_NUMBER,
    KeptInMind,
    sent,
)
from tests.fakes.clock import ClockAt

WORDS = (
    *("code", "msg", "data", "datas", "so_id", "issuccess", "o_id", "orders", "status", "pay_amount", "items", "qty"),
    *("message", "new_count", "chg_count", "error_list", "no", "error", "order", "tid", "receivable", "sku_id"),
    *("success", "errorDesc", "platform_code", "cancle", "details", "orderId", "tradeNo", "payAmount", "num"),
    *("access_token", "refresh_token", "expires_in"),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0, 1, 100, 140, 200, 4010, 1062, 10**17, 1e308, 0.5, NUMBER, SHOPS_NUMBER, "", "已存在", "token"]),
    st.text(max_size=5),
)
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=20,
)
LIKELY = st.fixed_dictionaries(
    {"code": st.sampled_from([0, 100, 199]), "status": st.just(0), "success": st.booleans(), "data": ANSWERS},
    optional={"orders": ANSWERS, "msg": LEAVES, "errorDesc": LEAVES},
)


async def _no_wait(_seconds: float) -> None: ...


def _opened(name: str, answer: Any, status: int) -> MainSystem:
    async def ask(_call: ApiCall) -> ApiAnswer:
        return ApiAnswer(answer, status, None)

    caller = MainCaller(ask, pace=CallPace(1000, now=lambda: 0.0, sleep=_no_wait), clock=ClockAt(NOW))
    if name == "http":
        described = read_profile(PROFILE).main
        assert described is not None
        return HttpMainSystem(described, caller, secrets=SECRETS)
    kind = KINDS[name]
    return kind.open(
        ErpSetUp(
            address=kind.address,
            access=ACCESS[name],
            shops={"*": SHOP[name]},
            options={one: values[0] for one, values in kind.choices.items()} | OPTIONS[name],
            caller=caller,
            tokens=KeptInMind(AccessToken("t", "r")),
        )
    )


def _is_named(answer: Any) -> bool:
    text = json.dumps(answer)
    return NUMBER in text or SHOPS_NUMBER in text


@pytest.mark.parametrize("name", [*KINDS, "http"])
@given(answer=ANSWERS | LIKELY, status=st.sampled_from([200, 201, 400, 500]))
def test_any_answer_ends_in_an_outcome(name: str, answer: Any, status: int):
    run = partial(_opened, name, answer, status)
    created = asyncio.run(run().create(sent()))
    assert isinstance(created, get_args(CreateOutcome))
    assert isinstance(asyncio.run(run().find(sent().names)), get_args(FindOutcome))
    if isinstance(created, CreatedInMain):
        assert status == 200 or name == "http"
        assert name in {"guanyi", "wangdiantong"} or _is_named(answer)
