"""The benchmark's own arithmetic: what is compared, and what it writes down."""

from benchmarks import history
from benchmarks.against import ratio
from benchmarks.service import Service
from benchmarks.targets import DOOR, DOOR_PG, IDIOMATIC


def _measured(*speeds: float) -> Service:
    return Service("door", [], full=[{"per_second": speed} for speed in speeds])


def test_a_comparison_is_the_ratio_of_the_medians_with_the_spread_of_the_rounds():
    assert ratio(_measured(90, 100, 300), _measured(100, 100, 100), "per_second") == "1.000 (0.90 to 3.00)"


def test_a_run_is_written_down_by_engine_and_names_no_host():
    lines = list(
        history.lines(
            {
                IDIOMATIC: {"speed": 100.0, "p50": 1.0, "p99": 2.0},
                DOOR: {"speed": 150.0, "p50": 1.0, "p99": 2.5},
                DOOR_PG: {"speed": 120.0, "p50": 2.0, "p99": 4.0},
            },
            commit="abc",
        )
    )
    assert [(line["commit"], line["engine"], line["ratio"], line["p99_p50"]) for line in lines] == [
        ("abc", "sqlite", 1.5, 2.5),
        ("abc", "postgresql", 1.2, 2.0),
    ]
    assert {len(str(line["machine"])) for line in lines} == {8}
