"""Brings the database to the newest shape; safe to run from every process at every start.

Alembic is loaded only where there is something to do: it and its templates are ten megabytes, held for weeks.
"""

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, text

from app.store.database.engine import Engines

SCRIPTS = Path(__file__).resolve().parents[3] / "migrations"
_LOCK = 7_120_250_831
"""Our name among PostgreSQL's advisory locks: one process migrates, the others wait and find it done."""

_IN_THIS_PROCESS = Lock()
"""Alembic's context is one for the whole process; a second thread would migrate the first one's database."""


def migrate(engines: Engines, revision: str = "head", *, scripts: Path = SCRIPTS) -> str:
    """Upgrade (or, given an older revision, downgrade) the database; return the revision it has now."""
    with _IN_THIS_PROCESS, engines.writer.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        before, known = _revision(connection), _known(scripts)
        if revision == "head" and before is not None and (before == max(known) or before not in known):
            # A newer program may have migrated while this one still runs: what it added, this one does not touch.
            return before
        if connection.dialect.name == "postgresql":
            # An index over millions of rows takes longer than a statement may; the door has its spool meanwhile.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        _move(connection, before, revision, scripts)
        connection.commit()
        return _revision(connection) or "base"


def current(engines: Engines) -> str | None:
    """Return the database's revision, None for an empty one."""
    with engines.reader.connect() as connection:
        return _revision(connection)


def newest() -> str:
    """Return the revision this program was written for: revisions are numbered, and so are their files."""
    return max(_known(SCRIPTS))


def _known(scripts: Path) -> set[str]:
    return {path.name.partition("_")[0] for path in (scripts / "versions").glob("[0-9]*_*.py")}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _move(connection: Connection, before: str | None, revision: str, scripts: Path) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    older = before is not None and revision != "head" and (revision == "base" or revision < before)
    (command.downgrade if older else command.upgrade)(config, revision)
