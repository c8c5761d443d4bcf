"""What a database could still lose, said plainly: a standby that is not made synchronous is asynchronous."""

from dataclasses import dataclass

from app.store.database.engine import Engines


@dataclass(frozen=True, slots=True)
class DurabilityGap:
    """A stable code and a Chinese sentence."""

    code: str
    sentence: str


def durability_of(engines: Engines) -> list[DurabilityGap]:
    """Return what could be lost, and how; nothing for SQLite, whose host is the limit it is known for."""
    if engines.is_sqlite:
        return []
    with engines.reader.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("synchronous_commit", "fsync", "full_page_writes", "synchronous_standby_names")
        }
        # Who may not read all statistics sees that a standby is there, and NULL instead of what it is.
        standbys, unseen = connection.exec_driver_sql(
            "SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')), "
            "count(*) FILTER (WHERE sync_state IS NULL) FROM pg_stat_replication"
        ).one()
    found = []
    if settings["fsync"] != "on" or settings["full_page_writes"] != "on":
        found.append(
            DurabilityGap(
                "postgres_fsync_off", "PostgreSQL 关闭了 fsync 或 full_page_writes：断电可能损坏或丢失已受理订单"
            )
        )
    if settings["synchronous_commit"] == "off":
        found.append(
            DurabilityGap("postgres_async_commit", "PostgreSQL synchronous_commit=off：断电会丢失最近已受理的订单")
        )
    if settings["synchronous_commit"] == "local":
        found.append(
            DurabilityGap(
                "postgres_local_commit",
                "PostgreSQL synchronous_commit=local：提交不等待备库，主库主机损毁时，最近已受理而未复制的订单会丢失",
            )
        )
    if not settings["synchronous_standby_names"].strip():
        found.append(
            DurabilityGap(
                "no_synchronous_standby", "PostgreSQL 没有同步备库：主库主机损毁时，最近已受理而未复制的订单会丢失"
            )
        )
    elif unseen and not standbys:
        found.append(
            DurabilityGap(
                "replication_unseen",
                "数据库账号无权查看复制状态，无法确认同步备库是否在线：请授予该账号 pg_read_all_stats",
            )
        )
    elif not standbys:
        found.append(
            DurabilityGap("synchronous_standby_away", "PostgreSQL 的同步备库未连接：提交会等待它，订单将写入本地暂存")
        )
    return found
