"""Brings the database to the newest shape; safe to run from every process at every start."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.store.engine import Engines

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 7_120_250_831
"""Our name among PostgreSQL's advisory locks: one process migrates, the others wait and find it done."""

_IN_THIS_PROCESS = Lock()
"""Alembic's context is one for the whole process; a second thread would migrate the first one's database."""


def migrate(engines: Engines, revision: str = "head") -> str:
    """Upgrade (or, given an older revision, downgrade) the database; return the revision it has now."""
    with _IN_THIS_PROCESS, engines.writer.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        before = _revision(connection)
        if revision == "head" and before is not None and (before == newest() or not _is_known(before)):
            # A newer program may have migrated while this one still runs: what it added, this one does not touch.
            return before
        if connection.dialect.name == "postgresql":
            # An index over millions of rows takes longer than a statement may; the door has its spool meanwhile.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        config = _config()
        config.attributes["connection"] = connection
        older = before is not None and revision != "head" and _is_ancestor(revision, before)
        (command.downgrade if older else command.upgrade)(config, revision)
        connection.commit()
        return _revision(connection) or "base"


def current(engines: Engines) -> str | None:
    """Return the database's revision, None for an empty one."""
    with engines.reader.connect() as connection:
        return _revision(connection)


def newest() -> str:
    """Return the revision this program was written for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or "base"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_known(revision: str) -> bool:
    script = ScriptDirectory.from_config(_config())
    return revision in {step.revision for step in script.walk_revisions()}


def _is_ancestor(revision: str, of: str) -> bool:
    if revision == "base":
        return True
    script = ScriptDirectory.from_config(_config())
    return revision in {step.revision for step in script.iterate_revisions(of, "base")} - {of}
