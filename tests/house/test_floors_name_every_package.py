"""The import contracts name packages by hand; a new package must not slip past them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}
PACKAGES = {
    f"app.{path.stem}"
    for path in (ROOT / "app").iterdir()
    if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").exists())
}


def _free_of(contract: str) -> set[str]:
    """Return the packages that a contract lets do what it forbids the others."""
    named = set(CONTRACTS[contract]["source_modules"])
    assert named <= PACKAGES, "a contract names a package that is gone"
    return PACKAGES - named


def test_only_the_store_may_speak_sql():
    assert _free_of("sql-in-store") == {"app.store"}


def test_only_the_worker_may_hold_a_scheduler():
    assert _free_of("calendar-in-worker") == {"app.worker"}


def test_every_stage_is_held_apart_from_http():
    layers = CONTRACTS["floors"]["layers"]
    stages = {f"app.{name.strip(' ()')}" for row in layers if "intake" in row for name in row.split("|")}
    assert len(stages) > 5
    assert stages <= set(CONTRACTS["stages-without-http"]["source_modules"])
