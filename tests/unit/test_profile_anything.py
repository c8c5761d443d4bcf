"""Whatever comes in, only our own problems come out."""

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.problems import Problem
from app.intake.accept import Accepted
from app.intake.profile.profile import Profile, load_profiles
from tests.deployment.facts import TEN

EXAMPLES = Path(__file__).parents[2] / "examples" / "profiles"
PROFILES = {profile.name: profile for profile in load_profiles(EXAMPLES)}
FEN = PROFILES["nested-json-fen"]
YUAN = PROFILES["flat-form-yuan"]
FEN_SAMPLE = (EXAMPLES / "nested-json-fen.sample.json").read_bytes()
YUAN_SAMPLE = (EXAMPLES / "flat-form-yuan.sample.txt").read_bytes()
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
ACCEPTED = Accepted("LB0123456789ABX", "high", TEN, replayed=False)


def with_data(**changes: object) -> bytes:
    payload = json.loads(FEN_SAMPLE)
    payload["data"] |= changes
    return json.dumps(payload).encode()


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["data", "buyer", "mobile", "details", "num", "payTime"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=200, deadline=None)
def test_whatever_the_bytes_are_only_our_problems_come_out(body: bytes):
    for profile in (FEN, YUAN):
        for kind in (JSON, FORM, "multipart/form-data; boundary=x", "", "application/json; charset=gbk"):
            only_our_problems(profile, body, kind)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            [
                "tradeNo",
                "payAmount",
                "payTime",
                "createTime",
                "payStatus",
                "remark",
                "freight",
                "receiver",
                "details",
                "buyer",
            ],
            ANYTHING
            | st.dictionaries(st.sampled_from(["name", "street", "mobile", "skuCode", "num", "price"]), ANYTHING),
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_fields_hold_only_our_problems_come_out(changes: dict[str, object]):
    only_our_problems(FEN, with_data(**changes), JSON)


@given(st.text(max_size=80))
@settings(deadline=None)
def test_whatever_the_content_type_is_only_our_problems_come_out(kind: str):
    only_our_problems(FEN, FEN_SAMPLE, kind)
    only_our_problems(YUAN, YUAN_SAMPLE, kind)


def only_our_problems(profile: Profile, body: bytes, kind: str) -> None:
    try:
        mapped = profile.read(body, kind)
    except Problem as problem:
        json.loads(profile.render_problem(problem, 422).body)
    else:
        json.loads(profile.render_accepted(ACCEPTED, mapped.order).body)
