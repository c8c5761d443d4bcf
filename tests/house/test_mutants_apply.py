"""A planted mistake whose place has changed must follow it; ``make mutants`` would say so only after many minutes."""

import shutil
from pathlib import Path

import pytest

from tests.failure.mutants.__main__ import MUTANTS, REPOSITORY
from tests.failure.mutants.mutant import Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_finds_its_place(mutant: Mutant, tmp_path: Path):
    for file in {edit.file for edit in mutant.edits}:
        Path(tmp_path, file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / file, tmp_path / file)
    for edit in mutant.edits:
        edit.apply(tmp_path)
    for file in {edit.file for edit in mutant.edits if edit.file.endswith(".py")}:
        compile((tmp_path / file).read_bytes(), file, "exec")  # a mistake that no module survives is caught by no test
