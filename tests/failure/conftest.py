"""A trial may take minutes on a busy machine: what would hang for ever is ended all the same, only later."""

import pytest

PATIENCE = 1200


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give every trial more time than a test has, unless the command line says how much each may have."""
    if config.getoption("timeout") is None:
        for item in items:
            if "tests/failure/" in item.nodeid:
                item.add_marker(pytest.mark.timeout(PATIENCE))
