"""The figures of the stages as programs read them; times in minutes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.watch.stages.stage_clock import StageNow


def stages_document(stages: Sequence[StageNow], *, now: datetime) -> dict[str, Any]:
    """Return the figures as of ``now``, which is on the merchant's wall clock."""
    return {"at": now.isoformat(timespec="seconds"), "items": [_stage(one) for one in stages], "next": None}


def _stage(one: StageNow) -> dict[str, Any]:
    figures = one.figures
    return {
        "stage": one.stage.number,
        "name": one.stage.word,
        "begins": str(one.stage.begins),
        "ends": str(one.stage.ends),
        "limit": _minutes(one.stage.limit),
        "window": _minutes(one.window),
        "inside": figures.inside,
        "exits": figures.exits,
        "n": figures.n,
        "thin": figures.is_thin,
        "flow_mean": round(figures.flow_mean, 2),
        "done_mean": _rounded(figures.done_mean),
        "p50": _rounded(figures.p50),
        "p95": _rounded(figures.p95),
        "oldest": _rounded(figures.oldest),
        "over": figures.over,
        "over_share": round(figures.over_share, 4),
        "inferred": figures.inferred,
        "kinds": [
            {
                "channel": kind.channel,
                "priority": "high" if kind.high else "normal",
                "inside": kind.inside,
                "exits": kind.exits,
                "flow_mean": round(kind.flow_mean, 2),
                "inferred": kind.inferred,
            }
            for kind in one.kinds
        ],
    }


def _minutes(time: timedelta) -> float:
    return time / timedelta(minutes=1)


def _rounded(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes, 2)
