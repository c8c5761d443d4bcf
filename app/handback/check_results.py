"""Checks an upload's lines one by one, and refuses it as a whole where it would make a fact of a guess."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain.harmless_text import harmless_text
from app.handback.main_numbers import were_rounded
from app.handback.result_lines import (
    DAMAGED,
    MAX_SHOWN,
    BadLine,
    CountingLine,
    IgnoredLine,
    NothingImported,
    RawLine,
    RawResults,
    ResultFile,
    ResultLine,
    ResultWarning,
    refused,
)
from app.handback.result_words import ResultWords, plain, shipped_words, tells_of_trouble
from app.handback.stated_counts import together


def check_results(raw: RawResults, words: ResultWords | None = None) -> ResultFile:
    """Check lines one by one: a bad one never stops the others, and is returned beside them.

    Raises:
        InvalidResults: no line can be taken; or one is bad, or nothing was imported, while all that is not named
            would count as imported.
    """
    words = words or shipped_words()
    lines: list[ResultLine] = []
    bad: list[BadLine] = []
    sorted_out = _SortedOut()
    for one in raw.lines:
        match one:
            case RawLine():
                found = one.checked(words, exact=raw.root == "results")
                if isinstance(found, BadLine):
                    bad.append(found)
                else:
                    lines.append(found)
                    sorted_out.take(one, found)
            case BadLine():
                bad.append(one)
            case IgnoredLine():
                sorted_out.ignored.append(one)
            case CountingLine(row, text, _):
                sorted_out.counting.append(one)
                sorted_out.ignored.append(IgnoredLine(row, text))
            case NothingImported():
                sorted_out.undone.append(one)
    if raw.root == "rows":
        lines, rounded = _without_rounded(lines)
        bad.extend(rounded)
    if sorted_out.undone:
        lines, contradicting = _without_success(lines)
        bad.extend(contradicting)
    order = {name: place for place, name in enumerate(raw.sheets)}
    bad.sort(key=lambda one: (order.get(one.sheet, 0), one.row))
    _refuse_as_a_whole(raw, lines, bad, sorted_out)
    unread = (*raw.unread, *([words.wrong] if words.wrong else []))
    return ResultFile(
        tuple(lines),
        tuple(bad),
        raw.sha256,
        rest_imported=raw.rest_imported,
        ignored=(*sorted_out.ignored, *(IgnoredLine(one.row, one.text) for one in sorted_out.undone)),
        warnings=tuple(sorted_out.warnings(raw)),
        counts=together(one.counts for one in sorted_out.counting),
        named_rows=len(sorted_out.failed_rows),
        unread=unread,
        unused_columns=raw.unused_columns,
        sheets=raw.sheets,
    )


@dataclass(slots=True)
class _SortedOut:
    """What an upload says beside its lines."""

    ignored: list[IgnoredLine] = field(default_factory=list)
    counting: list[CountingLine] = field(default_factory=list)
    undone: list[NothingImported] = field(default_factory=list)
    failed_rows: set[int] = field(default_factory=set)
    no_numbers: dict[str, list[int]] = field(default_factory=dict)
    doubtful: list[ResultWarning] = field(default_factory=list)

    def take(self, raw: RawLine, line: ResultLine) -> None:
        """Note what a line that was taken tells beside its result."""
        if line.result == "failed":
            self.failed_rows.update(raw.of_rows)
        if line.result == "imported" and tells_of_trouble(plain(line.reason or "")):
            sentence = f"结果是成功，原因却写着“{harmless_text(line.reason or '')[:80]}”：已按成功记录，请核对"
            self.doubtful.append(ResultWarning(line.row, line.number, "trouble_beside_success", sentence))
        shown = "" if raw.main_order_number is None else str(raw.main_order_number).strip()
        if shown and not line.mains and line.result != "failed":
            self.no_numbers.setdefault(shown[:MAX_SHOWN], []).append(line.row)

    def warnings(self, raw: RawResults) -> list[ResultWarning]:
        """Return what a person should see."""
        found = [
            ResultWarning(
                rows[0], "", "no_main_number", f"主系统单号“{text}”不是单号，按没有单号处理（{len(rows)} 行）"
            )
            for text, rows in self.no_numbers.items()
        ]
        if any(one.counts.imported for one in self.counting) and not raw.rest_imported:
            row = self.counting[0].row
            sentence = (
                "清单写了成功的数目，但没有写明是哪些；如其余订单确已全部导入，请加 rest=imported（--rest imported）"
            )
            found.append(ResultWarning(row, "", "rest_not_said", sentence))
        return found + self.doubtful


def _refuse_as_a_whole(raw: RawResults, lines: Sequence[ResultLine], bad: Sequence[BadLine], found: _SortedOut) -> None:
    if bad and not lines:
        raise refused("导入结果没有一行可用。", bad, root=raw.root)
    if not raw.rest_imported:
        return
    if bad:
        raise refused("有些行无法识别，不能把其余订单都视为成功。", bad, root=raw.root)
    if found.undone:
        raise refused(f"结果写明“{found.undone[0].text}”：本次没有导入任何订单，不能把其余订单都视为成功。")
    if found.counting and together(one.counts for one in found.counting) is None:
        raise refused("文件里的几处计数互相矛盾，不能把其余订单都视为成功。")


def _without_success(lines: Sequence[ResultLine]) -> tuple[list[ResultLine], list[BadLine]]:
    """Part the lines that say "imported" although the whole import was taken back."""
    hint = "结果写明整批已回滚或未导入任何订单，与这一行的成功矛盾，未采纳"
    bad = [BadLine(line.row, "结果", "rolled_back", hint, line.sheet) for line in lines if line.result == "imported"]
    return [line for line in lines if line.result != "imported"], bad


def _without_rounded(lines: Sequence[ResultLine]) -> tuple[list[ResultLine], list[BadLine]]:
    """Part the lines whose main numbers a spreadsheet has rounded."""
    rounded = were_rounded(main for line in lines for main in line.mains)
    sound = [line for line in lines if not rounded.intersection(line.mains)]
    damaged = [line for line in lines if rounded.intersection(line.mains)]
    return sound, [BadLine(one.row, "主系统单号", "damaged_by_spreadsheet", DAMAGED, one.sheet) for one in damaged]
