"""Which language the command line speaks: Chinese, or English where ``LIFEBOAT_LANG`` is en."""

import os
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from app import settings as knobs
from app import words as chinese
from app.cli import words_en
from app.cli.english import HELP
from app.cli.english_sentences import SAID
from app.cli.english_tables import TITLES


def is_english() -> bool:
    """Tell whether people are to read English."""
    return os.environ.get(f"{knobs.PREFIX}LANG", "").strip().casefold() == "en"


class _Words:
    """The words of the chosen language, asked for by name when they are said; what has no twin is said in Chinese."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a table of words, or a function that makes a sentence
        tables: ModuleType = words_en if is_english() and hasattr(words_en, name) else chinese
        return getattr(tables, name)


if TYPE_CHECKING:  # the twin has the same names, which a house test holds
    words = chinese
else:
    words = _Words()


def translated(text: str) -> str:
    """Return a constant text in the chosen language; what has no twin, or is translated already, stays as it is."""
    return SAID.get(text, text) if is_english() else text


def titled(text: str) -> str:
    """Return a table's title in the chosen language, like `translated`."""
    return TITLES.get(text, text) if is_english() else text


def said(sentence: str, /, **values: object) -> str:
    """Return a sentence in the chosen language, its fields filled in.

    ``sentence`` is the Chinese template, always a constant: braces in a text from elsewhere would be taken for fields.
    """
    return translated(sentence).format(**values)


def listed(names: Iterable[str]) -> str:
    """Return names as a list within a sentence."""
    return said("、").join(names)


def problem_sentence(code: str, detail: str) -> str:
    """Return what a problem says; in English its detail, which is Chinese, stands behind it."""
    if not is_english() or code not in words_en.PROBLEMS:
        return detail
    return f"{words_en.PROBLEMS[code]} ({detail})"


def spoken(command: Any) -> Any:  # noqa: ANN401 - a command of the tool kit's
    """Return a command whose help, with that of its options and of what is below it, is in the chosen language."""
    if not is_english():
        return command
    command.help = _english(command.help)
    command.short_help = _english(command.short_help)
    for parameter in command.params:
        for name in ("help", "metavar"):
            text = getattr(parameter, name, None)
            if isinstance(text, str):
                setattr(parameter, name, _english(text))
    for below in getattr(command, "commands", {}).values():
        spoken(below)
    return command


def _english(text: str | None) -> str | None:
    return None if text is None else HELP.get(text.strip(), text)
