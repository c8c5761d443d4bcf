"""What the main system said of an order, for programs and people; one way for a call and for an answer in a file."""

from typing import Any

from app.cli.language import said, words
from app.cli.terminal import out
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    MainThrottled,
    MainUnknown,
    OrderRefused,
)
from app.domain.money import yuan


def outcome_document(outcome: CreateOutcome | FindOutcome) -> dict[str, Any]:
    """Return an outcome for a program; ``result`` is one of :data:`app.words.MAIN_ANSWERS`."""
    match outcome:
        case CreatedInMain(number):
            return {"result": "created", "main_order_numbers": [number]}
        case ExistsInMain(None):
            return {"result": "exists", "main_order_numbers": []}
        case ExistsInMain(found) if found is not None:
            return {
                "result": "exists",
                "main_order_numbers": list(found.main_numbers),
                "by": found.by,
                "total": None if found.total_fen is None else yuan(found.total_fen),
                "void": found.is_void,
            }
        case AbsentFromMain():
            return {"result": "absent"}
        case OrderRefused(vendors, field):
            return {"result": "refused_data", "words": vendors or None, "field": field or None}
        case AccessRefused(code, vendors):
            return {"result": "refused_auth", "code": code, "words": vendors or None}
        case MainThrottled(wait, vendors):
            return {"result": "throttled", "wait_seconds": round(wait.total_seconds()), "words": vendors or None}
        case MainUnknown(code, vendors):
            return {"result": "unknown", "code": code, "words": vendors or None}
    raise AssertionError(outcome)


def why(code: str, vendors: str | None) -> str:
    """Return what is wrong as a sentence, with the main system's own words behind it."""
    sentence = words.main_trouble(code)
    return f"{sentence} ({vendors})" if vendors else sentence


def print_particulars(told: dict[str, Any]) -> None:
    """Print what stands beside the result: numbers, total, and what is not as it should be."""
    if numbers := told.get("main_order_numbers"):
        out.print(said("主系统单号：{numbers}", numbers=" ".join(numbers)), markup=False)
    if told.get("total") is not None:
        out.print(said("金额：{total} 元", total=told["total"]), markup=False)
    if told.get("void"):
        out.print(said("这一单在主系统里已作废或取消。"), style="yellow")
    if told.get("differs"):
        out.print(told["differs"], style="yellow", markup=False)
    if told.get("code") or told.get("words"):
        code = told.get("code")
        out.print(why(code, told["words"]) if code else told["words"], style="yellow", markup=False)
