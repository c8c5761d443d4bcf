"""The lines that the rules of order health judge by, typed and read back, and which of them cannot go together.

As text a line is ``name=value``; what nobody turned stays what the figures in docs/watch.md say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from app.domain.order_health import (
    BacklogGrowing,
    Bottleneck,
    FeedBlind,
    GateBlocked,
    OrdersSilent,
    RedCounts,
    Slow,
)
from app.domain.turnable_lines import BY_NAME, TURNABLE, TurnableLine

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLines:
    """What each rule of order health judges by; without an argument what was found best."""

    bottleneck: Bottleneck = field(default_factory=Bottleneck)
    slow: Slow = field(default_factory=Slow)
    gate: GateBlocked = field(default_factory=GateBlocked)
    silent: OrdersSilent = field(default_factory=OrdersSilent)
    feed: FeedBlind = field(default_factory=FeedBlind)
    backlog: BacklogGrowing = field(default_factory=BacklogGrowing)


DEFAULTS = HealthLines()


class WrongLines(Exception):
    """Lines that cannot be used: a sentence by the name of each that is wrong."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__("；".join(f"{BY_NAME[n].word if n in BY_NAME else n}：{why}" for n, why in wrong.items()))
        self.wrong = dict(wrong)


def health_lines(texts: Mapping[str, str]) -> HealthLines:
    """Return the lines that texts by name stand for; what is not named is as it was found best.

    Raises:
        WrongLines: one is unknown, no number, out of its bounds, or cannot go together with another.
    """
    wrong = {name: "没有这一项阈值。" for name in texts if name not in BY_NAME}
    values: dict[str, Any] = {}
    for line in TURNABLE:
        try:
            values[line.name] = _value(line, texts[line.name]) if line.name in texts else _in(line, DEFAULTS)
        except ValueError as error:
            wrong[line.name] = str(error)
    wrong |= {name: why for name, why in _together(values) if name not in wrong}
    if wrong:
        raise WrongLines(wrong)
    parts = {}
    for part in fields(HealthLines):
        turned = {line.field: _typed(line, values[line.name]) for line in TURNABLE if line.part == part.name}
        parts[part.name] = replace(getattr(DEFAULTS, part.name), **turned)
    return HealthLines(**parts)


def texts_of(lines: HealthLines) -> dict[str, str]:
    """Return every line as it is typed, by its name."""
    return {line.name: _text(_in(line, lines)) for line in TURNABLE}


def turned(lines: HealthLines) -> tuple[str, ...]:
    """Return the lines that are not as they were found best, each as ``name=value``."""
    default = texts_of(DEFAULTS)
    return tuple(f"{name}={text}" for name, text in texts_of(lines).items() if text != default[name])


def turned_text(texts: Mapping[str, str]) -> str:
    """Return typed lines as they are kept, those that are as they were found best left out.

    Raises:
        WrongLines: they cannot be used.
    """
    return ",".join(turned(health_lines(texts)))


def texts_in(pairs: Iterable[str]) -> dict[str, str]:
    """Return the texts by name in words such as ``slow_times=2``.

    Raises:
        WrongLines: a word is none, or a name comes twice.
    """
    texts: dict[str, str] = {}
    for pair in pairs:
        name, is_pair, text = (part.strip() for part in pair.partition("="))
        if not is_pair or not name:
            raise WrongLines({pair[:40]: "写成 名称=数值，例如 slow_times=2。"})
        if name in texts:
            raise WrongLines({name[:40]: "写了两次。"})
        texts[name] = text
    return texts


def difference(before: HealthLines, after: HealthLines) -> str:
    """Return in words what has changed between two sets of lines."""
    was, now = texts_of(before), texts_of(after)
    return "；".join(
        f"{line.word} {was[line.name]} → {now[line.name]}" for line in TURNABLE if was[line.name] != now[line.name]
    )


def _value(line: TurnableLine, text: str) -> float | str:
    """Return what a text stands for, minutes as their number.

    Raises:
        ValueError: with the sentence why it cannot be this.
    """
    text = text.strip()
    if line.choices:
        if text not in line.choices:
            raise ValueError(f"只能是 {' 或 '.join(line.choices)}。")
        return text
    try:
        value = float(text)
    except ValueError:
        raise ValueError("须为数字。") from None
    if not line.least <= value <= line.most:  # nor what is no number at all
        raise ValueError(f"须在 {_text(line.least)} 到 {_text(line.most)} 之间。")
    if line.whole and value != int(value):
        raise ValueError("须为整数。")
    return value


def _together(values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the lines that cannot go together with another, and why."""
    for line in TURNABLE:
        mine = values.get(line.name)
        if line.below and (other := values.get(line.below)) is not None and mine is not None and mine >= other:
            yield line.name, f"须小于“{BY_NAME[line.below].word}”（{_text(other)}），否则告警响了就立刻解除，反复响。"
        if line.at_most and (other := values.get(line.at_most)) is not None and mine is not None and mine > other:
            yield line.name, f"不能大于“{BY_NAME[line.at_most].word}”（{_text(other)}），否则这一项永远轮不到。"


def _in(line: TurnableLine, lines: HealthLines) -> Any:  # noqa: ANN401 - a number, or one of the choices
    value = getattr(getattr(lines, line.part), line.field)
    return value / MINUTE if isinstance(value, timedelta) else value


def _typed(line: TurnableLine, value: Any) -> Any:  # noqa: ANN401 - what the field holds
    default = getattr(getattr(DEFAULTS, line.part), line.field)
    match default:
        case timedelta():
            return value * MINUTE
        case RedCounts():
            return RedCounts(value)
        case int():
            return int(value)
        case _:
            return float(value)


def _text(value: float | str) -> str:
    return str(value) if isinstance(value, str) else f"{value:.10g}"
