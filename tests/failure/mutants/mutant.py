"""What a planted mistake is: edits to a copy of the repository, and the tests that must see them."""

from dataclasses import dataclass
from pathlib import Path


class DoesNotApply(Exception):
    """The text that a mutant replaces is not there exactly once: the code has moved on, the mutant must follow."""


@dataclass(frozen=True)
class Edit:
    """One replacement; ``old`` stands in the file exactly once."""

    file: str
    old: str
    new: str

    def apply(self, copy: Path) -> None:
        """Make the replacement in a copy of the repository.

        Raises:
            DoesNotApply: the text is missing, or is there twice.
        """
        path = copy / self.file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if (found := text.count(self.old)) != 1:
            raise DoesNotApply(f"{self.file} has {found} times: {self.old.strip().splitlines()[0]}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Mutant:
    """A mistake, and the tests of which one at least must fail with it and all must pass without it."""

    name: str
    promise: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
