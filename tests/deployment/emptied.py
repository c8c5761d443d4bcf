"""Empties a PostgreSQL database between two tests, in milliseconds: only what the test before has touched."""

from sqlalchemy import exists, literal, select, union_all

from app.store.database.engine import Engines
from app.store.tables import METADATA

TABLES = {table.name: table for table in METADATA.sorted_tables}
FILLED = union_all(*(select(literal(name)).where(exists().select_from(table)) for name, table in TABLES.items()))
COUNTED = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"


def empty_postgresql(engines: Engines) -> None:
    """Delete every row of every table, and let every sequence begin anew.

    To truncate all tables takes a hundred milliseconds, however empty they are, and there are a thousand tests.
    ``replica`` keeps foreign keys and triggers from asking; they would want the tables in an order.
    """
    with engines.writer.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for name in connection.scalars(FILLED).all():
            connection.execute(TABLES[name].delete())
        for sequence in connection.exec_driver_sql(COUNTED).scalars().all():
            connection.exec_driver_sql(f"ALTER SEQUENCE {sequence} RESTART")


def truncate_postgresql(engines: Engines) -> None:
    """Give back the pages of all tables too, for a test of what the planner makes of them."""
    if not engines.is_sqlite:
        with engines.writer.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
