"""What the figures are held against; each goal is a ratio from one run."""

from collections.abc import Mapping

Figures = Mapping[str, Mapping[str, float]]

IDIOMATIC, DOOR, SQLMODEL = "FastAPI, stores nothing", "durable door (SQLite)", "FastAPI + SQLModel, commit per request"
DOOR_PG = "durable door (PostgreSQL)"


def GOALS(figures: Figures) -> list[tuple[str, bool]]:  # noqa: N802 - a table
    """Return each goal as a sentence with its figure, and whether it is met."""
    found = []

    def ratio(a: str, b: str, goal: float) -> None:
        if a in figures and b in figures:
            value = figures[a]["speed"] / figures[b]["speed"]
            found.append((f"{a} ÷ {b} = {value:.2f} (goal ≥ {goal})", value >= goal))

    ratio(DOOR, IDIOMATIC, 1.5)
    ratio(DOOR, SQLMODEL, 15.0)
    ratio(DOOR_PG, IDIOMATIC, 1.0)
    for name in (DOOR, DOOR_PG):
        if name in figures:
            value = figures[name]["p99"] / figures[name]["p50"]
            found.append((f"{name}: p99 ÷ p50 at full load = {value:.2f} (goal ≤ 3)", value <= 3))
    return found
