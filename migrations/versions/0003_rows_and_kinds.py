"""rows and kinds: what is a drill's is told by the database, alerts and pauses are rows, subject and channel are two.

A table of ten million orders must not be copied while the door waits, so SQLite's foreign keys are changed in the text
of the schema, the way its own documentation gives for constraints that change nothing on disk
(https://www.sqlite.org/lang_altertable.html#otheralter).
"""

import json
import re

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("incident", "orders", "batch")
"""Tables that others refer to by (id, drill)."""

REFERENCES = (
    ("orders", "incident_id", "incident", True),
    ("orders", "batch_id", "batch", True),
    ("batch", "incident_id", "incident", True),
    ("batch_order", "batch_id", "batch", True),
    ("batch_order", "order_id", "orders", True),
    ("message", "incident_id", "incident", True),
    ("message", "order_id", "orders", False),
    ("message", "batch_id", "batch", False),
    ("coupon", "incident_id", "incident", True),
    ("coupon", "order_id", "orders", False),
)
"""(table, column, parent, whether there was a constraint on the id alone before)."""

OF_DRILLS = {
    "orders": "incident_id IN (SELECT id FROM incident WHERE drill)",
    "batch": "incident_id IN (SELECT id FROM incident WHERE drill)",
    "batch_order": "batch_id IN (SELECT id FROM batch WHERE drill)",
    "message": "incident_id IN (SELECT id FROM incident WHERE drill)",
    "coupon": "incident_id IN (SELECT id FROM incident WHERE drill)",
}
SUBJECTS = {
    "order_wecom": "order",
    "digest_wecom": "digest",
    "batch_wecom": "batch",
    "alert_wecom": "alert",
    "alert_email": "alert",
    "order_sms": "notice",
    "coupon_sms": "coupon",
}


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:  # all at once and in the order in which the door takes them, so that nobody waits for us half-way
        op.execute("LOCK TABLE incident, orders, batch, batch_order, message, coupon IN ACCESS EXCLUSIVE MODE")
    _add_tables()
    _tell_drills(connection)
    _split_kind()
    _count_in_columns(connection)
    _move_pauses()
    op.add_column("audit", sa.Column("way", sqltypes.AutoString(length=8), nullable=False, server_default=""))
    op.add_column("audit", sa.Column("chained_at", sqltypes.UTCDateTime(), nullable=True))
    op.execute("ALTER TABLE audit ADD COLUMN block_id BIGINT REFERENCES audit_block (id)")
    _partial("audit_unchained", "audit", ["id"], "chained_at IS NULL")
    _partial("audit_of_block", "audit", ["block_id", "id"], "block_id IS NOT NULL")


def downgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    for name in ("audit_of_block", "audit_unchained"):
        op.drop_index(name, table_name="audit")
    if sqlite:
        _reword(connection, "audit", r" REFERENCES audit_block \(id\)", "")
    for column in ("block_id", "chained_at", "way"):
        op.drop_column("audit", column)
    for new, old in (("order", "wecom"), ("digest", "wecom"), ("batch", "wecom"), ("alert", "wecom")):
        op.execute(f"UPDATE message SET subject = '{new}_{old}' WHERE subject = '{new}' AND channel = '{old}'")  # noqa: S608
    op.execute("UPDATE message SET subject = 'order' WHERE subject = 'notice'")
    op.execute("UPDATE message SET subject = subject || '_' || channel WHERE channel IN ('sms', 'email')")
    op.execute("ALTER TABLE message RENAME COLUMN subject TO kind")
    for column in ("look_alikes", "unfit"):
        op.drop_column("batch", column)
    for table, column, parent, before in REFERENCES:
        _forbid_mixing(connection, table, column, parent, before=before, undo=True)
    for table in KINDS:
        op.drop_index(f"{_singular(table)}_kind", table_name=table)
    for table in OF_DRILLS:
        op.drop_column(table, "drill")
    for table in ("alert", "heartbeat", "job_run", "pause", "audit_block"):
        op.drop_table(table)


def _add_tables() -> None:
    op.create_table(
        "alert",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("fingerprint", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("subject", sqltypes.AutoString(length=100), nullable=False),
        sa.Column("level", sqltypes.AutoString(length=8), nullable=False),
        sa.Column("state", sqltypes.AutoString(length=12), nullable=False),
        sa.Column("text", sqltypes.AutoString(length=500), nullable=False),
        sa.Column("pending_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("firing_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("clear_since", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_step_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("acknowledged_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", sqltypes.AutoString(length=80), nullable=True),
        sa.Column("acknowledged_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("silenced_until", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("silenced_by", sqltypes.AutoString(length=80), nullable=True),
        sa.Column("silenced_why", sqltypes.AutoString(length=200), nullable=True),
        sa.Column("inhibited_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end_reason", sqltypes.AutoString(length=100), nullable=True),
        sa.Column("told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end_told_at", sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["inhibited_by"], ["alert.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    _partial("alert_of_trouble", "alert", ["fingerprint"], "ended_at IS NULL", unique=True)
    untold = "firing_since IS NOT NULL AND (told_at IS NULL OR (ended_at IS NOT NULL AND end_told_at IS NULL))"
    _partial("alert_untold", "alert", ["id"], untold)
    op.create_table(
        "pause",
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("until", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reason", sqltypes.AutoString(length=200), nullable=False),
        sa.Column("fault", sa.Boolean(), nullable=False),
        sa.Column("since", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("after_attempt", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "job_run",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sqltypes.AutoString(length=48), nullable=False),
        sa.Column("due_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("started_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("finished_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("outcome", sqltypes.AutoString(length=8), nullable=True),
        sa.Column("detail", sqltypes.AutoString(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("job_run_of", "job_run", ["name", "id"], unique=False)
    op.create_table(
        "heartbeat",
        sa.Column("name", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("holder", sqltypes.AutoString(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "audit_block",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("deeds", sa.Integer(), nullable=False),
        sa.Column("hash", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("made_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _tell_drills(connection: sa.Connection) -> None:
    """Give every row of an incident the incident's kind, and let the database refuse a mixture."""
    drills = connection.scalar(sa.text("SELECT COUNT(*) FROM incident WHERE drill"))
    for table, condition in OF_DRILLS.items():
        op.add_column(table, sa.Column("drill", sa.Boolean(), nullable=False, server_default=sa.false()))
        if drills:
            op.execute(f"UPDATE {table} SET drill = true WHERE {condition}")  # noqa: S608 - our own names
    for table in KINDS:
        op.create_index(f"{_singular(table)}_kind", table, ["id", "drill"], unique=True)
    for table, column, parent, before in REFERENCES:
        _forbid_mixing(connection, table, column, parent, before=before)


def _forbid_mixing(
    connection: sa.Connection, table: str, column: str, parent: str, *, before: bool, undo: bool = False
) -> None:
    """Change one foreign key from the id to (id, drill), or back."""
    if connection.dialect.name == "sqlite":
        single = f"FOREIGN KEY({column}) REFERENCES {parent} (id)"
        double = f"FOREIGN KEY({column}, drill) REFERENCES {parent} (id, drill)"
        if before:
            old, new = (double, single) if undo else (single, double)
            _reword(connection, table, re.escape(old), new)
        elif undo:
            _reword(connection, table, rf",\s*{re.escape(double)}", "")
        else:
            _reword(connection, table, r"\s*\)\s*$", f", {double})")
        return
    name = f"{table}_{column}_drill_fkey"
    if undo:
        op.drop_constraint(name, table)
        if before:
            op.create_foreign_key(None, table, parent, [column], ["id"])
        return
    if before:
        op.drop_constraint(f"{table}_{column}_fkey", table)
    op.create_foreign_key(name, table, parent, [column, "drill"], ["id", "drill"])


def _reword(connection: sa.Connection, table: str, pattern: str, replacement: str) -> None:
    """Replace one piece of a table's definition in SQLite's schema, and have the schema read anew."""
    sql = connection.scalar(sa.text("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :t"), {"t": table})
    new, found = re.subn(pattern, lambda _: replacement, sql, count=1)
    if not found:
        raise RuntimeError(f"{table}: its definition has no {pattern}")
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql("UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?", (new, table))
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _split_kind() -> None:
    op.execute("ALTER TABLE message RENAME COLUMN kind TO subject")
    for old, new in SUBJECTS.items():
        op.execute(f"UPDATE message SET subject = '{new}' WHERE subject = '{old}'")  # noqa: S608 - our own words


def _count_in_columns(connection: sa.Connection) -> None:
    """Move the counts of batches in the making out of the manifest, where they had a second life."""
    for column in ("look_alikes", "unfit"):
        op.add_column("batch", sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
    made = sa.text("SELECT id, manifest FROM batch WHERE state IN ('claiming', 'writing') AND manifest IS NOT NULL")
    for batch_id, manifest in connection.execute(made).all():
        counts = json.loads(manifest) if isinstance(manifest, str) else manifest
        if counts:
            connection.execute(
                sa.text("UPDATE batch SET look_alikes = :alike, unfit = :unfit, manifest = NULL WHERE id = :id"),
                {"alike": counts.get("look_alikes", 0), "unfit": counts.get("unfit", 0), "id": batch_id},
            )


def _move_pauses() -> None:
    """Bring pauses along; one is a fault if an attempt was rejected with its reason and none was delivered since.

    The first release did not write down which pauses are faults, and never took one away: most are long over. A message
    that was rejected for its own sake paused nothing, so its reason is no pause's.
    """
    op.execute(
        "INSERT INTO pause (name, until, reason, fault, since) "
        "SELECT substr(lease.name, 7), lease.until, lease.holder, "
        "COALESCE(last.outcome = 'rejected', false), COALESCE(last.finished_at, CURRENT_TIMESTAMP) "
        "FROM lease LEFT JOIN attempt AS last ON last.id = ("
        "SELECT attempt.id FROM attempt "
        "WHERE attempt.channel || ':' || CASE attempt.channel WHEN 'wecom' THEN attempt.target ELSE '' END "
        "= substr(lease.name, 7) "
        "AND (attempt.outcome = 'delivered' OR substr(attempt.reason, 1, 64) = lease.holder) "
        "ORDER BY attempt.id DESC LIMIT 1) "
        "WHERE lease.name LIKE 'pause:%' AND lease.name NOT LIKE 'pause:ahead:%'"
    )
    op.execute("DELETE FROM lease WHERE name LIKE 'pause:%'")


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _singular(table: str) -> str:
    return table.removesuffix("s")
