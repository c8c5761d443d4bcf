"""What the program reads beside its modules comes along where it is installed, not only where it is written."""

import tomllib

from tests.house.repository import APP, ROOT


def test_every_file_that_is_no_module_is_packed():
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = document["tool"]["setuptools"]["package-data"]["app"]
    packed = {path for pattern in patterns for path in APP.glob(pattern)}
    lying = {
        path
        for path in APP.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts  # compiled ones come and go
    }
    assert lying - packed == set()
