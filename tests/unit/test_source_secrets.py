"""A secret of a source comes from the environment, from a file that it names, or from ``.env``; never from its TOML."""

from pathlib import Path

import pytest

from app.bootstrap.source_files import secret_of


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OMS_TOKEN", "OMS_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_environment_comes_first_then_a_file_then_dotenv(here: Path, monkeypatch: pytest.MonkeyPatch):
    assert secret_of("OMS_TOKEN") is None
    (here / ".env").write_text("OMS_TOKEN=from-dotenv\n", encoding="utf-8")
    assert secret_of("OMS_TOKEN") == "from-dotenv"
    (here / "token").write_text("from-file\n", encoding="utf-8")
    monkeypatch.setenv("OMS_TOKEN_FILE", str(here / "token"))
    assert secret_of("OMS_TOKEN") == "from-file"
    monkeypatch.setenv("OMS_TOKEN", "from-environment")
    assert secret_of("OMS_TOKEN") == "from-environment"


def test_a_token_that_is_renewed_in_its_file_holds_at_once(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMS_TOKEN_FILE", str(here / "token"))
    (here / "token").write_text("old", encoding="utf-8")
    assert secret_of("OMS_TOKEN") == "old"
    (here / "token").write_text("new", encoding="utf-8")
    assert secret_of("OMS_TOKEN") == "new"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_no_secret(here: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None):
    monkeypatch.setenv("OMS_TOKEN_FILE", str(here / "token"))
    if content is not None:
        (here / "token").write_bytes(content)
    assert secret_of("OMS_TOKEN") is None
