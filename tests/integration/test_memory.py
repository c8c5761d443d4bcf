"""What runs for weeks loads what it needs and no more."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.cli.main import COMMANDS
from app.store.database.migrate import SCRIPTS, newest

ROOT = Path(__file__).resolve().parents[2]
SPREADSHEETS, MIGRATIONS = {"openpyxl", "xlsxwriter"}, {"alembic", "mako"}
WEB, CONSOLE, WAYS_OUT = {"fastapi", "starlette", "uvicorn"}, {"jinja2", "segno"}, {"httpx", "aiosmtplib"}
SCHEDULER = {"apscheduler", "tzlocal"}
DRIVER = {"psycopg", "psycopg_binary"}
"""Loaded with the first connection to PostgreSQL."""

LOAD = """
import sys
from app.cli.main import Commands
assert Commands().get_command(None, sys.argv[1]) is not None
print(*{name.partition(".")[0] for name in sys.modules})
"""


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        ("worker", WEB | CONSOLE | SPREADSHEETS | MIGRATIONS | DRIVER),
        ("web", SCHEDULER | WAYS_OUT | SPREADSHEETS | MIGRATIONS | DRIVER),
        ("serve", SCHEDULER | WEB | CONSOLE | WAYS_OUT | SPREADSHEETS | MIGRATIONS | DRIVER),
    ],
)
def test_a_process_does_not_load_what_only_others_need(command: str, unwanted: set[str]):
    done = subprocess.run([sys.executable, "-c", LOAD, command], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sqlalchemy" in loaded
    assert loaded & unwanted == set()


def test_every_command_of_the_list_can_be_loaded():
    done = subprocess.run([sys.executable, "-m", "app", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in COMMANDS if name not in done.stdout] == []


def test_the_newest_revision_is_the_one_alembic_finds():
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert newest() == ScriptDirectory.from_config(config).get_current_head()
