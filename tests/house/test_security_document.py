"""``docs/security.md`` names a control, its place and its test; each of them exists, and each row has all three."""

import ast
import re

from tests.house.repository import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.compile(
    r"`((?:app|tests|docs|examples|migrations|\.ci)/[\w./-]+|requirements[\w.-]*\.lock|Dockerfile|compose\.yaml)(?:::(\w+))?`"
)


def test_every_file_and_test_it_names_exists():
    missing = []
    for path, test in NAMED.findall(TEXT):
        file = ROOT / path
        if not file.exists() or (test and test not in _functions(path)):
            missing.append(f"{path}::{test}" if test else path)
    assert missing == []


def test_every_threat_has_a_control_a_place_and_a_test():
    rows = [line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    rows = [row for row in rows if row[0].strip() != "threat"]
    assert len(rows) > 20
    for row in rows:
        assert len(row) == 4, row[0]
        places, tests = (NAMED.findall(cell) for cell in row[2:])
        assert places, f"nobody knows where: {row[0]}"
        assert [path for path, _ in tests if path.startswith("tests/")], f"nothing shows it: {row[0]}"


def test_every_setting_it_names_exists():
    from app.settings import PREFIX, Settings  # noqa: PLC0415 - only here

    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"LIFEBOAT_[A-Z_]+", TEXT)) <= known


def _functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
