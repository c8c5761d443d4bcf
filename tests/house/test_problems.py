"""Every problem has one stable code, a status, and words for people; every code is in the interface's document."""

import re

import pytest

from app.domain.problems import InternalError, Problem
from app.web.problems import STATUS, document_of, status_of
from tests.house.repository import ROOT

CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")
DOCUMENT = ROOT / "docs" / "api.md"
ROW = re.compile(r"^\| `(?P<code>[a-z_]+)` \| (?P<status>[0-9]{3}) \|", re.MULTILINE)


def leaves(kind: type[Problem] = Problem) -> list[type[Problem]]:
    return [leaf for below in kind.__subclasses__() for leaf in (below, *leaves(below))]


KINDS = sorted(leaves(), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_speaks_chinese_to_people(kind: type[Problem]) -> None:
    problem = kind()
    assert CHINESE.search(problem.title)
    assert CHINESE.search(problem.detail)
    assert problem.detail.endswith("。")


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_has_a_status_of_its_own(kind: type[Problem]) -> None:
    assert kind in STATUS
    assert 400 <= status_of(kind()) < 600


@pytest.mark.parametrize("kind", KINDS)
def test_waiting_is_proposed_where_it_helps_and_only_there(kind: type[Problem]) -> None:
    helps = status_of(kind()) in {429, 503} or kind is InternalError
    assert (kind.retry_after is not None) is helps


def test_no_two_problems_share_a_code() -> None:
    codes = [kind.code for kind in KINDS]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_is_one_shape(kind: type[Problem]) -> None:
    document = document_of(kind(), request_id="1")
    assert list(document) == ["type", "title", "status", "detail", "code", "instance"]
    assert document["type"] == f"urn:lifeboat:problem:{kind.code}"


def test_every_code_is_documented_with_its_status_and_no_other_is() -> None:
    told = {match["code"]: int(match["status"]) for match in ROW.finditer(DOCUMENT.read_text(encoding="utf-8"))}
    assert told == {kind.code: STATUS[kind] for kind in KINDS}
