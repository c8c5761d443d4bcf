"""The image runs as nobody, on a root it cannot write, with no secret inside; what it installs is named by hash."""

import re
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.house.repository import APP, ROOT, texts

LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
SECRETS = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}


def _dockerfile() -> list[str]:
    """Return the instructions of the last stage, one a line."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    last = max(n for n, line in enumerate(lines) if line.startswith("FROM "))
    return lines[last:]


def _services() -> dict[str, dict[str, Any]]:
    """Return the services of ``compose.yaml`` that run our image."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return {name: service for name, service in services.items() if service.get("image") == "lifeboat"}


def test_the_image_runs_as_an_unprivileged_user():
    (user,) = [line.removeprefix("USER ") for line in _dockerfile() if line.startswith("USER ")]
    numbers = [int(part) for part in user.split(":")]
    assert len(numbers) == 2
    assert min(numbers) >= 1000


def test_no_secret_is_baked_into_the_image():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert [name for name in SECRETS if f"LIFEBOAT_{name}" in text] == []
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in allowed  # everything is left out but what is named
    assert [line for line in allowed if line.startswith("!") and re.search(r"data|exports|env|secret", line)] == []


def test_services_have_a_root_they_cannot_write_and_no_privileges():
    services = _services()
    assert {"web-1", "web-2", "worker"} <= set(services)
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert "user" not in service, name  # the image's own


def test_secrets_reach_services_as_files():
    for name, service in _services().items():
        for variable, value in service["environment"].items():
            plain = variable.removeprefix("LIFEBOAT_")
            assert plain not in SECRETS, f"{name}: {variable} is a secret in plain sight"
            if plain.removesuffix("_FILE") in SECRETS:
                assert value.startswith("/run/secrets/"), variable


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_a_hash_and_no_address(lock: str):
    text = re.sub(r"\\\n", " ", (ROOT / lock).read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) > 10
    loose = [
        line[:60]
        for line in lines
        if not re.match(r"[A-Za-z0-9._-]+(\[[^]]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert loose == []
    assert re.findall(r"https?://|--(?:extra-)?index|--find|--trusted-host", text) == []


def test_whatever_installs_asks_for_the_hashes():
    for name in ("Dockerfile", "Makefile"):
        text = (ROOT / name).read_text(encoding="utf-8")
        installs = [
            line for line in re.sub(r"\\\n", " ", text).splitlines() if re.search(r"install .*(-r |LOCK)", line)
        ]
        assert installs, name
        assert [line for line in installs if "--require-hashes" not in line] == []


def test_the_audit_log_is_only_added_to():
    touching = re.compile(r"(?:update|delete)\(\s*Audit\b|DELETE FROM audit|UPDATE audit", re.IGNORECASE)
    assert [path for path, text in texts() if path.startswith("app/") and touching.search(text)] == []
    repository = (APP / "store" / "repositories" / "audit.py").read_text(encoding="utf-8")
    assert set(re.findall(r"\bdeed\.(\w+)(?:, deed\.(\w+))? = ", repository)) == {("block_id", "chained_at")}


def test_outgoing_calls_follow_no_redirect_and_ask_no_proxy():
    clients = [
        (path, text)
        for path, text in texts()
        if path.startswith("app/") and re.search(r"httpx\.(Async)?Client\(", text)
    ]
    assert [path for path, _ in clients] == ["app/outbound/client.py"]
    assert "trust_env=False" in clients[0][1]
    assert "follow_redirects=False" in clients[0][1]
