"""What a word is: a text, perhaps with the colour it is shown in; an unknown code breaks no list."""

from typing import NamedTuple


class Label(NamedTuple):
    """A Chinese word and the colour it is shown in."""

    text: str
    colour: str


class Labels(dict[str, Label]):
    """Words by code; a code that this program does not know is shown as it is, and breaks no list."""

    def __missing__(self, code: str) -> Label:
        """Return what stands for an unknown code."""
        return Label(f"未知（{code}）"[:40], "secondary")


class Sentences(dict[str, str]):
    """Sentences by code; an unknown code is shown as it is."""

    def __missing__(self, code: str) -> str:
        """Return the code."""
        return code
