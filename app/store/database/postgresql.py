"""Opens PostgreSQL with limits on statements and locks, and asks the primary of several hosts."""

from sqlalchemy import URL, Engine, create_engine, make_url

ALIVE = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
"""A host that vanished is noticed in seconds, and not when the system's default of hours runs out."""


def open_postgresql(url: str, pool_size: int, *, read_only: bool = False) -> Engine:
    """Open a pool of connections, for writing or for reading alone."""
    options = (
        "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000 -c timezone=UTC"
    )
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(
        _of_the_primary(url, read_only=read_only),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=3,
        pool_pre_ping=True,
        pool_recycle=1800,
        # A reader sees one snapshot however many questions it asks: a ledger's two sides must be of one moment.
        isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        connect_args={"connect_timeout": 3, "options": options, **ALIVE},
    )


def _of_the_primary(url: str, *, read_only: bool) -> URL:
    """Return the URL so that of several hosts the one that takes orders is asked, after a failover as before.

    Our readers promise not to write, which libpq's ``read-write`` takes for a server that cannot: they would find none.
    """
    made = make_url(url)
    asked = made.query.get("target_session_attrs")
    hosts = made.query.get("host", "")
    several = not isinstance(hosts, str) or "," in hosts
    if (asked is None and several) or (asked == "read-write" and read_only):
        return made.update_query_dict({"target_session_attrs": "primary"})
    return made
