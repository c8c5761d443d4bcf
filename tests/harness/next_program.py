"""The program's next version: a copy of it with one migration more, that a shop of the old version may meet."""

import re
import shutil
from pathlib import Path

from tests.harness.processes import REPOSITORY

REVISION = "9999"
_SCRIPT = '''"""a nullable column and an index: what an upgrade under load may do."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("courier", sa.String(32), nullable=True))
    op.create_index("order_courier", "orders", ["courier"])
{more}

def downgrade() -> None:
    op.drop_index("order_courier")
    op.drop_column("orders", "courier")
'''


def next_migrations(folder: Path, *, more: str = "") -> Path:
    """Copy the migrations into ``folder`` and add one on top; ``more`` is a line that its upgrade does besides."""
    copy = folder / "migrations"
    shutil.copytree(REPOSITORY / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    texts = [path.read_text(encoding="utf-8") for path in (copy / "versions").glob("*.py")]
    below = {found for text in texts for found in re.findall(r'^down_revision = "(\w+)"', text, re.MULTILINE)}
    (head,) = {found for text in texts for found in re.findall(r'^revision = "(\w+)"', text, re.MULTILINE)} - below
    script = _SCRIPT.format(revision=REVISION, head=head, more=f"    {more}\n" if more else "")
    (copy / "versions" / f"{REVISION}_the_next_version.py").write_text(script, encoding="utf-8")
    return copy


def next_program(folder: Path) -> dict[str, str]:
    """Copy the program into ``folder`` with its next migration; return the settings with which its version runs."""
    shutil.copytree(REPOSITORY / "app", folder / "app")  # with its compiled files, which make a start quick
    next_migrations(folder)
    return {"PYTHONPATH": str(folder)}
