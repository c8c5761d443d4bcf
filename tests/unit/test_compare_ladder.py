"""The whole ladder on its bench: each outside row is used once, the order of rows changes nothing, what is planted is found."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.discrepancy import Discrepancy
from app.domain.order_number import derive
from app.domain.witness import Evidence
from app.reconcile.compare.climb import MOST_SHARING, climb, look_for_likeness
from app.reconcile.compare.judge import CompareJudge, Hearing
from app.reconcile.compare.main_units import main_units, money_units, ours_in
from app.store.compare_file import CompareFile, Laid, ListedRow, Witness

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NUMBERS = [derive(b"s" * 32, "c1", str(n)) for n in range(40)]


@dataclass
class Case:
    """Our orders and others' rows, as they are laid down."""

    ours: list[Laid] = field(default_factory=list)
    lines: list[ListedRow] = field(default_factory=list)

    def order(
        self, n: int, *, shop: str = "", phone: bytes | None = None, total: int = 100, fate: str = "home"
    ) -> None:
        number = NUMBERS[n]
        doc = {
            "number": number,
            "state": {"home": "imported", "open": "accepted", "closed": "cancelled"}[fate],
            "fate": fate,
            "exported": fate == "home",
            "total": total,
            "goods": {"A": 1},
            "payment": None,
            "at": AT.isoformat(),
        }
        keys = [(int(Evidence.OUR_NUMBER), number), *([(int(Evidence.SHOP_NUMBER), shop)] if shop else [])]
        self.ours.append(Laid(n + 1, number, fate == "closed", phone, json.dumps(doc), keys))

    def row(self, main: str, number: str = "", *, file: int = 0, **said: Any) -> None:
        at = len(self.lines) + 2
        doc = {
            "numbers": [number] if number else [],
            "main": [main] if main else [],
            "tokens": [],
            "item": "",
            "paid_by": [],
            "phone": "",
            "sku": "A",
            "pieces": 1,
            "gift": False,
            "bundle": False,
            "amount": 100,
            "part": None,
            "refund": None,
            "state": "live",
            "said": "",
            "at": AT.isoformat(),
            **said,
        }
        same = json.dumps([main, number, doc["item"], doc["sku"], doc["pieces"]]).encode()
        self.lines.append(ListedRow(Witness.MAIN, file, at, same, main, number, json.dumps(doc)))


def judged(case: Case, folder: Path, *, lines: Sequence[ListedRow] | None = None) -> tuple[CompareJudge, list[Any]]:
    """Return the judge, and (kind, orders' numbers, main numbers) of each discrepancy."""
    with CompareFile(folder) as bench:
        bench.lay(case.ours)
        bench.add_lines(case.lines if lines is None else lines)
        bench.add_units(main_units(bench.lines(Witness.MAIN)))
        climb(bench, Witness.MAIN)
        look_for_likeness(bench)
        hearing = Hearing(
            main=True,
            money=False,
            others=False,
            periods=(),
            since=AT,
            until=None,
            looks_ours=lambda number: number.startswith("LB"),
            elsewhere=lambda _numbers: set(),
        )
        judge = CompareJudge(bench, hearing)
        judge.judge()
        found = []
        for kind in Discrepancy:
            for _, doc in bench.findings(kind):
                said = json.loads(doc)
                sides = (sorted(one["number"] for one in said[side]) for side in ("ours", "main"))
                found.append((str(kind), *sides))
        return judge, sorted(found)


def counted(judge: CompareJudge) -> dict[str, int]:
    return {name: judge.counts[name] for name in ("matched", "ambiguous", "missing", "closed", "unexpected")}


ORDER = st.tuples(st.integers(0, 7), st.sampled_from(["", "S1", "S2"]), st.sampled_from([None, b"p", b"q"]))
ROW = st.tuples(
    st.sampled_from(["", "M1", "M2", "M3", "M4"]),
    st.sampled_from(["", "S1", "S2", "X", *NUMBERS[:6]]),
    st.sampled_from(["", b"p".hex()]),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    case = Case()
    for n, shop, phone in draw(st.lists(ORDER, max_size=6, unique_by=lambda one: one[0])):
        case.order(n, shop=shop, phone=phone, fate=draw(st.sampled_from(["home", "open", "closed"])))
    for main, number, phone in draw(st.lists(ROW, max_size=8)):
        if main or number:
            case.row(main, number, phone=phone, amount=draw(st.sampled_from([100, 100, 99])))
    return case


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases(), st.randoms(use_true_random=False))
def test_each_row_is_used_once_and_the_order_of_rows_changes_nothing(tmp_path: Path, case: Case, chance: Random):
    judge, found = judged(case, tmp_path)
    counts = counted(judge)
    assert counts["matched"] + counts["ambiguous"] + counts["missing"] + counts["closed"] == len(case.ours)
    shown = Counter(
        main for kind, ours, mains in found if not ours or kind in ("ambiguous", "likely_there") for main in mains
    )
    units = {(line.main or line.part) for line in case.lines}
    parts = Counter((line.main or line.part) for line in {(one.main, one.part): one for one in case.lines}.values())
    assert all(times <= parts[main] for main, times in shown.items())
    assert set(shown) <= units
    shuffled = [line._replace(row=n) for n, line in enumerate(chance.sample(case.lines, len(case.lines)))]
    again, found_again = judged(case, tmp_path, lines=shuffled)
    assert (counted(again), found_again) == (counts, found)


PLANTS = ["lost", "doubled", "amount_differs", "goods_differ", "cancelled_there", "passed_on_there", "unclear_state"]
PLANTS += ["already_there", "not_exported", "closed_but_there", "not_ours", "unknown_number", "refunded_there", "fine"]


def planted(n: int, plant: str, case: Case) -> Iterator[tuple[str, list[str], list[str]]]:
    """Lay an order and its row down with one fault; yield the discrepancy that must be told."""
    number, main = NUMBERS[n], f"M{n}"
    fate = {"already_there": "open", "not_exported": "open", "closed_but_there": "closed"}.get(plant, "home")
    if plant not in ("not_ours", "unknown_number"):
        case.order(n, fate=fate)
    said: dict[str, Any] = {
        "amount_differs": {"amount": 99},
        "goods_differ": {"pieces": 2},
        "cancelled_there": {"state": "cancelled"},
        "passed_on_there": {"state": "passed_on"},
        "unclear_state": {"state": "unclear"},
        "refunded_there": {"refund": 5},
    }.get(plant, {})
    if plant not in ("lost", "not_exported"):
        case.row(main, "T-1" if plant == "not_ours" else number, **said)
    if plant == "doubled":
        case.row(f"{main}-2", number)
    ours = [] if plant in ("not_ours", "unknown_number") else [number]
    mains = [] if plant in ("lost", "not_exported") else [main, f"{main}-2"] if plant == "doubled" else [main]
    if plant != "fine":
        yield plant, ours, mains


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PLANTS), max_size=30), st.randoms(use_true_random=False))
def test_exactly_what_is_planted_is_found(tmp_path: Path, plants: list[str], chance: Random):
    case = Case()
    expected = [one for n, plant in enumerate(plants) for one in planted(n, plant, case)]
    _, found = judged(case, tmp_path, lines=chance.sample(case.lines, len(case.lines)))
    assert found == sorted(expected)


def test_a_second_order_under_the_shops_number_is_found_beside_the_one_under_ours(tmp_path: Path):
    """The order reached the main system before it came to us, and our file was imported all the same."""
    case = Case()
    case.order(0, shop="s-1")
    case.row("M1", NUMBERS[0])
    case.row("M2", "S-1")
    assert judged(case, tmp_path)[1] == [("doubled", [NUMBERS[0]], ["M1", "M2"])]


def test_two_orders_of_ours_under_one_shop_number_are_for_a_person(tmp_path: Path):
    case = Case()
    case.order(0, shop="s-1")
    case.order(1, shop="s-1")
    case.row("M1", "S-1")
    judge, found = judged(case, tmp_path)
    assert found == [("ambiguous", sorted(NUMBERS[:2]), ["M1"])]
    assert counted(judge)["missing"] == 0


def test_look_alikes_are_for_a_person_with_both_sides(tmp_path: Path):
    case = Case()
    for n in range(3):
        case.order(n, phone=b"p" if n < 2 else b"q")
    for n, phone in enumerate((b"p", b"p", b"q")):
        case.row(f"M{n}", f"T-{n}", phone=phone.hex())
    assert judged(case, tmp_path)[1] == [
        ("ambiguous", sorted(NUMBERS[:2]), ["M0", "M1"]),
        ("likely_there", [NUMBERS[2]], ["M2"]),
    ]


def test_a_number_that_very_many_orders_share_names_none_of_them(tmp_path: Path):
    case = Case()
    for n in range(MOST_SHARING + 5):
        case.order(n, shop="0000")
    case.row("M1", NUMBERS[3], tokens=[], paid_by=[], numbers=[NUMBERS[3], "0000"])
    _, found = judged(case, tmp_path)
    assert [one for one in found if one[0] != "lost"] == []
    assert len(found) == MOST_SHARING + 4


def test_a_merged_order_is_parted_by_the_numbers_its_lines_came_from(tmp_path: Path):
    case = Case()
    for n in range(2):
        case.order(n)
        case.row("M1", NUMBERS[n], amount=200, part=100)
    case.row("M1", "", sku="GIFT", gift=True)
    judge, found = judged(case, tmp_path)
    assert found == []
    assert counted(judge)["matched"] == 2


def test_a_line_that_is_cancelled_there_is_not_what_was_bought(tmp_path: Path):
    case = Case()
    case.order(0)
    case.row("M1", NUMBERS[0])
    case.row("M1", NUMBERS[0], sku="B", state="cancelled")
    assert judged(case, tmp_path)[1] == []


def test_equal_rows_in_one_file_are_two_and_in_two_files_one(tmp_path: Path):
    def pieces(*files: int) -> list[Any]:
        case = Case()
        case.order(0)
        for file in files:
            case.row("M1", NUMBERS[0], file=file)
        return judged(case, tmp_path)[1]

    assert pieces(0, 0) == [("goods_differ", [NUMBERS[0]], ["M1"])]
    assert pieces(0, 1) == []


@pytest.mark.parametrize("behind", ["", "-1", "_A", "A", "A2", "（补）", " 加急"])
def test_what_main_systems_append_is_taken_off_a_number_of_ours_alone(behind: str):
    assert ours_in([f"{NUMBERS[0].lower()}{behind}"]) == [NUMBERS[0]]
    assert ours_in([f"SHOP-2026-1{behind}", "AD20261122000001"]) == []


def test_a_movement_that_a_statement_has_twice_is_one_payment():
    doc = json.dumps({"kind": "payment", "amount": 100, "at": None, "refund_number": []})
    rows = [
        ("42", "N", 0, 2, doc),
        ("42", "N", 1, 7, doc),
        ("43", "N", 0, 3, doc),
        ("", "N", 0, 4, doc),
        ("", "N", 0, 5, doc),
    ]
    assert [json.loads(unit.doc)["number"] for unit in money_units(rows)] == ["42", "43", "0:4", "0:5"]
