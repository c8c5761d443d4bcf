"""Fills a database, whose shape our own migrations have made, with a past of any size by a handful of statements.

Half of the orders lie in closed incidents and have been imported, half lie in the open one, batched. They came in at an
even pace, so that a longer past is a longer time and not a denser one. Every kept count is what the rows say.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

BATCH = 2_000
"""Orders of one batch."""

DIGEST = 20
"""Orders of one group message."""

EVERY = 5
"""One order of so many has a text message, and one of so many text messages brought a coupon."""

APART = 0.5
"""Seconds between two orders: 3,600 in half an hour."""

CLOSED = 4
HELD = 20
FREE_COUPONS = 5_000

_STAMP = "strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch')"

MANIFEST = json.dumps(
    {
        "checks": [{"name": name, "passed": True, "detail": "2000 单各只在本批次中有效"} for name in "abcde"],
        "files": [{"name": "A-0001.csv", "format": "csv", "rows": BATCH, "bytes": 500_000, "sha256": "0" * 64}],
    },
    ensure_ascii=False,
)

_ORDERS = f"""
INSERT INTO orders (id, number, incident_id, client_id, idempotency_key, client_order_id, fingerprint, look_alike,
  phone_index, phone_last4, total_fen, priority, sealed, received_at, state, composed_at, batch_id, settled_at,
  main_order_number, looks_like)
WITH RECURSIVE n(i) AS (SELECT :after + 1 UNION ALL SELECT i + 1 FROM n WHERE i < :upto),
  row AS (SELECT i, i > :closed AS open, i > :orders - {HELD} AS aside,
    {_STAMP.format(seconds=f":first + i * {APART}")} AS at FROM n)
SELECT i, 'LB' || substr(hex(randomblob(7)), 1, 13),
  CASE WHEN open THEN {CLOSED + 1} ELSE 1 + (i - 1) * {CLOSED} / :closed END, 'seed',
  'SHOP-' || i, 'SHOP-' || i, randomblob(16), randomblob(16), randomblob(16), substr('0000' || (i % 10000), -4),
  9900 + i % 90000, CASE WHEN i % 3 THEN 'normal' ELSE 'high' END, randomblob(300), at,
  CASE WHEN aside THEN 'held' WHEN open THEN 'batched' WHEN i % 97 THEN 'imported' ELSE 'duplicate' END,
  at, CASE WHEN aside THEN NULL ELSE 1 + (i - 1) / {BATCH} END, CASE WHEN open THEN NULL ELSE at END,
  CASE WHEN open THEN NULL ELSE 'M' || i END, CASE WHEN aside THEN 'LB0000000000000' END
FROM row
"""

_REST = (
    f"""
INSERT INTO batch (id, name, incident_id, kind, columns, state, window_from, window_to, claimed_at, lease_until,
  published_at, announced_at, orders, rows, total_fen, held, sha256, manifest)
SELECT batch_id, 'SEED-' || batch_id, MAX(incident_id), 'regular', 'generic', 'published', MIN(received_at),
  MAX(received_at), MAX(received_at), MAX(received_at), MAX(received_at), MAX(received_at), COUNT(*), COUNT(*),
  SUM(total_fen), 0, '{"0" * 64}', :manifest
FROM orders WHERE batch_id IS NOT NULL GROUP BY batch_id
""",
    "INSERT INTO batch_order (batch_id, order_id) SELECT batch_id, id FROM orders WHERE batch_id IS NOT NULL",
    """
INSERT INTO import_result (batch_id, order_id, result, main_order_number, reported_by, reported_at)
SELECT batch_id, id, state, main_order_number, 'seed', settled_at FROM orders
WHERE batch_id IS NOT NULL AND state <> 'batched'
""",
    f"""
INSERT INTO message (id, once, incident_id, subject, channel, target, lane, order_id, content, state, created_at, due_at,
  attempts, asked, finished_at, merged_into)
SELECT id, 'order_wecom:' || id || ':dry', incident_id, 'order', 'wecom', 'dry', 2, id,
  '{{"number": "' || number || '", "goods": "跑步鞋 42 ×1", "phone": "138****1234", "client": "旗舰店"}}', 'merged',
  received_at, received_at, 0, 0, received_at, :orders + 1 + id / {DIGEST} FROM orders
""",
    f"""
INSERT INTO message (id, once, incident_id, subject, channel, target, lane, content, state, created_at, due_at, attempts,
  asked, finished_at)
SELECT :orders + 1 + id / {DIGEST}, 'digest:' || (id / {DIGEST}), incident_id, 'digest', 'wecom', 'dry', 2,
  '{{"orders": {DIGEST}}}', 'simulated', received_at, received_at, 1, 0, received_at
FROM orders WHERE id % {DIGEST} = 0
""",
    f"""
INSERT INTO message (once, incident_id, subject, channel, target, lane, order_id, content, state, created_at, due_at,
  attempts, asked, finished_at)
SELECT 'order_sms:' || incident_id || ':' || lower(hex(phone_index)), incident_id, 'notice', 'sms', '', 2, id,
  '{{"number": "' || number || '", "template": "notice"}}', 'simulated', received_at, received_at, 1, 0, received_at
FROM orders WHERE id % {EVERY} = 0
""",
    """
INSERT INTO attempt (message_id, channel, target, number, started_at, finished_at, outcome)
SELECT id, channel, target, 1, created_at, created_at, 'simulated' FROM message WHERE state = 'simulated'
""",
    f"""
INSERT INTO coupon (code, worth, added_at, incident_id, phone_index, order_id, given_at)
SELECT 'C' || id, '20 元', received_at, incident_id, phone_index, id, received_at
FROM orders WHERE id % {EVERY * EVERY} = 0
""",
    f"""
INSERT INTO coupon (code, worth, added_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {FREE_COUPONS})
SELECT 'F' || i, '20 元', :now FROM n
""",
    """
INSERT INTO audit (at, actor, action, subject, address, detail)
SELECT published_at, '运营', 'batch.download', name, '127.0.0.1', '{}' FROM batch
""",
    "INSERT INTO tally (incident_id, shard, accepted) SELECT incident_id, 0, COUNT(*) FROM orders GROUP BY 1",
    "INSERT INTO standing (incident_id, state, orders) SELECT incident_id, state, COUNT(*) FROM orders GROUP BY 1, 2",
)


def seed(database: Path, orders: int, *, now: datetime) -> None:
    """Give an empty database a past of ``orders`` orders that ended an hour before ``now``."""
    closed = orders // 2
    first = (now - timedelta(hours=1)).timestamp() - orders * APART
    values = {"orders": orders, "closed": closed, "first": first, "manifest": MANIFEST, "now": _text(now)}
    connection = sqlite.connect(str(database), isolation_level=None)
    cursor = connection.cursor()
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000", "temp_store=FILE"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(
        "INSERT INTO client (id, name, scope, drill, created_at) VALUES ('seed', '往事', 'intake', 0, ?)", (_text(now),)
    )
    for number in range(1, CLOSED + 2):
        at = _text(datetime.fromtimestamp(first, UTC) + timedelta(seconds=(number - 1) * closed / CLOSED * APART))
        cursor.execute(
            "INSERT INTO incident (id, name, drill, reason, opened_by, opened_at, closed_at) VALUES (?, ?, 0, '', '', ?, ?)",
            (number, f"INC-SEED-{number}", at, at if number <= CLOSED else None),
        )
    with _indexes_afterwards(cursor):
        for after in range(0, orders, 500_000):
            cursor.execute(_ORDERS, {**values, "after": after, "upto": min(after + 500_000, orders)})
        for statement in _REST:
            cursor.execute(statement, {name: values[name] for name in values if f":{name}" in statement})
    connection.close()


@contextmanager
def _indexes_afterwards(cursor: Any) -> Iterator[None]:  # noqa: ANN401 - a DB-API cursor
    """Build the indexes once the rows are there: sorted, an index takes a tenth of the time."""
    made = cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in made:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, sql in made:
        cursor.execute(sql)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
