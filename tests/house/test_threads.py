"""The web process asks for none of the few threads that asyncio shares out: whoever holds them would stop all others."""

import ast

import pytest

from tests.house.repository import ROOT


def shared_threads_in(source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and (node.attr == "run_in_executor" or ast.unparse(node) == "asyncio.to_thread")
    ]


def test_no_module_of_the_web_process_uses_the_shared_threads():
    """app/web/threads.py has threads that nobody shares; the console's pool is anyio's, and apart."""
    found = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "app" / "web").rglob("*.py")
        if (lines := shared_threads_in(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("line", ["await asyncio.to_thread(f)", "loop.run_in_executor(None, f)"])
def test_one_that_did_would_be_named(line: str):
    assert shared_threads_in(f"async def a():\n    {line}\n") == [2]
