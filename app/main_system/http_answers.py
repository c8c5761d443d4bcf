"""What an answer of a profile's main system means: marks over its document, and nothing that no mark knows.

Pure: the same for an answer that just came and for one that a person has in a file.
"""

from datetime import timedelta

from app.domain.foreign_values import whole_of, word_of
from app.domain.main_system import (
    AbsentFromMain,
    AccessRefused,
    CreatedInMain,
    CreateOutcome,
    ExistsInMain,
    FindOutcome,
    FoundInMain,
    MainThrottled,
    MainUnknown,
    OrderNames,
    OrderRefused,
)
from app.domain.money import NotMoney, fen_of_fen, fen_of_yuan
from app.domain.order import Order
from app.main_system.http_tables import HttpDescription, MarkedCall, Marks, ReplayTable
from app.main_system.told_words import told_words
from app.outbound.api_call import ApiAnswer

_COMMON = ("denied", "expired", "throttled")
_OF_REPLAY = ("created", "exists", "refused")


def judge_replay(
    described: HttpDescription, table: ReplayTable, answer: ApiAnswer, names: OrderNames, order: Order | None = None
) -> CreateOutcome:
    """Return what the answer to an order that was sent means."""
    marks, document = described.replay_marks, document_of(answer)
    held = [name for name in (*_COMMON, *_OF_REPLAY) if marks.holds(name, document)]
    words = _said(marks, document, order)
    if len(held) != 1:
        return MainUnknown("contradictory" if held else "unmarked", words)
    match held[0]:
        case "created":
            return _created(marks, document, names)
        case "exists":
            return ExistsInMain()
        case "refused":
            return OrderRefused(words, told_words(word_of(marks.found("field", document)) or ""))
        case name:
            return _common(name, table, words)


def judge_lookup(described: HttpDescription, answer: ApiAnswer, names: OrderNames) -> FindOutcome:
    """Return what the answer to a look-up means."""
    marks, document = described.lookup_marks, document_of(answer)
    words = _said(marks, document)
    held = [name for name in _COMMON if marks.holds(name, document)]
    listed = marks.found("list", document)
    rows = listed if isinstance(listed, list) else [] if listed is None else [listed]
    asked = names.shop if described.by_shops_number else names.ours
    ours = [row for row in rows if word_of(marks.found("reference", row)) == asked]
    if len(held) > 1 or (held and rows):
        return MainUnknown("contradictory", words)
    if held:
        return _common(held[0], described.lookup, words)
    if len(ours) > 1:
        return MainUnknown("several", f"主系统里有 {len(ours)} 笔这个单号的订单，请核对后处理", helps=False)
    if ours:
        return _found(described, ours[0])
    if rows:
        return MainUnknown("other_order", words)
    return AbsentFromMain() if marks.holds("absent", document) else MainUnknown("unmarked", words)


def document_of(answer: ApiAnswer) -> dict[str, object]:
    """Return what the marks look at."""
    return {"status": answer.status, "body": answer.said}


def _found(described: HttpDescription, row: object) -> ExistsInMain | MainUnknown:
    """Return the order as a row tells it; what the profile names and cannot be read there is no agreement."""
    marks = described.lookup_marks
    number = word_of(marks.found("number", row))
    if number is None:
        return MainUnknown("no_number")
    total = goods = None
    if "total" in marks.compiled:
        read = fen_of_fen if described.unit == "fen" else fen_of_yuan
        try:
            total = read(marks.found("total", row))
        except NotMoney:
            return MainUnknown("bad_answer", "total")
    if "each" in marks.compiled and (goods := _goods(marks, row)) is None:
        return MainUnknown("bad_answer", "each")
    return ExistsInMain(
        FoundInMain(
            main_numbers=(number,),
            by="shop" if described.by_shops_number else "ours",
            total_fen=total,
            goods=goods,
            is_void=marks.holds("void", row),
        )
    )


def _said(marks: Marks, document: object, order: Order | None = None) -> str:
    return told_words(word_of(marks.found("says", document)) or "", order)


def _created(marks: Marks, document: object, names: OrderNames) -> CreatedInMain | MainUnknown:
    """Return the order's number there; an answer that names none, or another order, is no success."""
    if "reference" in marks.compiled and word_of(marks.found("reference", document)) not in {names.ours, names.shop}:
        return MainUnknown("other_order")
    number = word_of(marks.found("number", document))
    return MainUnknown("no_number") if number is None else CreatedInMain(number)


def _common(name: str, table: MarkedCall, words: str) -> AccessRefused | MainThrottled:
    if name == "throttled":
        return MainThrottled(timedelta(seconds=table.wait_seconds), words)
    return AccessRefused("token" if name == "expired" else "key", words)


def _goods(marks: Marks, row: object) -> tuple[tuple[str, int], ...] | None:
    lines = marks.found("each", row)
    if not isinstance(lines, list):
        return None
    goods = [(word_of(marks.found("sku", line)), whole_of(marks.found("quantity", line))) for line in lines]
    whole = tuple((sku, quantity) for sku, quantity in goods if sku is not None and quantity is not None)
    return whole if len(whole) == len(goods) else None
