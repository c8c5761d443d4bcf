"""Fills a database with lifecycle events of a past of any size, and with open orders, by a handful of statements.

Five orders a minute have gone their whole way, so that a longer past is a longer time and not a denser one, and ten
thousand events fill every window that a look is about. Every sum is what the visits say.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

MARKS = ("placed", "paid", "queued", "picking_printed", "packed", "collected")
STEPS = (0, 120, 900, 3_000, 8_000, 18_000)
"""Seconds from the first mark to each: within the limits, so that nothing rings and every rule has to look."""

APART = 12.0
"""Seconds between two orders."""

OPEN_SINCE = 240
"""Minutes over which the open orders have entered their stages."""

AT_ONCE = 500_000

_STAMP = "strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch')"
_MINUTE = "substr({at}, 1, 16) || ':00.000000'"
_SECONDS = "CAST(strftime('%s', {at}) AS INTEGER) - CAST(strftime('%s', '2000-01-01') AS INTEGER)"
_KIND = "CASE {i} % 3 WHEN 0 THEN '天猫' WHEN 1 THEN '京东' ELSE '抖音' END, {i} % 20 = 0"

_DONE = f"""
INSERT INTO order_flow (id, order_ref, channel, high, standing, stage, entered_at, reworks)
WITH RECURSIVE n(i) AS (SELECT :after + 1 UNION ALL SELECT i + 1 FROM n WHERE i < :upto)
SELECT i, 'SEED-' || i, {_KIND.format(i="i")}, 'done', NULL, NULL, 0 FROM n
"""
_OPEN = f"""
INSERT INTO order_flow (id, order_ref, channel, high, standing, stage, entered_at, reworks)
WITH RECURSIVE n(i) AS (SELECT :after + 1 UNION ALL SELECT i + 1 FROM n WHERE i < :upto)
SELECT i, 'SEED-' || i, {_KIND.format(i="i")}, 'under_way', 1 + i % 5,
  {_STAMP.format(seconds=f":now - 60 * (i % {OPEN_SINCE})")}, 0 FROM n
"""
_EVENT = """
INSERT INTO lifecycle_event (source, event_id, flow_id, mark, at, said_at, received_at, channel)
SELECT 'erp', '{mark}-' || f.id, f.id, '{mark}', {at}, {at}, {at}, f.channel FROM order_flow f WHERE {where}
"""
_VISIT = """
INSERT INTO stage_visit (flow_id, place, stage, channel, high, entered_at, left_at, inferred)
SELECT f.id, {place}, {stage}, f.channel, f.high, {entered}, {left}, 0 FROM order_flow f WHERE {where}
"""
_SUMS = f"""
INSERT INTO stage_minute (minute, channel, high, stage, entered, entered_at_sum, "left", left_at_sum, inside, inferred)
SELECT minute, channel, high, stage, SUM(e), SUM(es), SUM(l), SUM(ls), SUM(e) - SUM(l), 0 FROM (
  SELECT {_MINUTE.format(at="entered_at")} AS minute, channel, high, stage, 1 AS e,
    {_SECONDS.format(at="entered_at")} AS es, 0 AS l, 0 AS ls FROM stage_visit
  UNION ALL
  SELECT {_MINUTE.format(at="left_at")}, channel, high, stage, 0, 0, 1, {_SECONDS.format(at="left_at")}
    FROM stage_visit WHERE left_at IS NOT NULL
) GROUP BY 1, 2, 3, 4
"""
_TOTALS = """
INSERT INTO stage_total (channel, high, stage, entered, entered_at_sum, "left", left_at_sum, inside, inferred)
SELECT channel, high, stage, SUM(entered), SUM(entered_at_sum), SUM("left"), SUM(left_at_sum), SUM(inside), 0
FROM stage_minute GROUP BY 1, 2, 3
"""
_FEEDS = "INSERT INTO feed_channel (source, channel) SELECT DISTINCT 'erp', channel FROM order_flow"


def seed_flow(database: Path, *, events: int, open_orders: int, now: datetime) -> None:
    """Give an empty database so many events of orders that have gone their way by now, and so many open orders."""
    done = events // len(MARKS)
    first = now.timestamp() - STEPS[-1] - done * APART
    began = f"{first} + f.id * {APART}"
    connection = sqlite.connect(str(database), isolation_level=None)
    cursor = connection.cursor()
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000", "temp_store=FILE"):
        cursor.execute(f"PRAGMA {pragma}")
    for after in range(0, done, AT_ONCE):
        cursor.execute(_DONE, {"after": after, "upto": min(after + AT_ONCE, done)})
    if open_orders:
        span = {"after": done, "upto": done + open_orders, "now": now.replace(tzinfo=UTC).timestamp()}
        cursor.execute(_OPEN, span)
    stamps = [_STAMP.format(seconds=f"{began} + {step}") for step in STEPS]
    for mark, at in zip(MARKS, stamps, strict=True):
        cursor.execute(_EVENT.format(mark=mark, at=at, where="f.stage IS NULL"))
    for place, (entered, left) in enumerate(pairwise(stamps)):
        visit = {"place": place, "stage": place + 1, "entered": entered, "left": left}
        cursor.execute(_VISIT.format(**visit, where="f.stage IS NULL"))
    for stage in range(1, len(MARKS)):
        here = f"f.stage = {stage}"
        cursor.execute(_EVENT.format(mark=MARKS[stage - 1], at="f.entered_at", where=here))
        cursor.execute(_VISIT.format(place=0, stage=stage, entered="f.entered_at", left="NULL", where=here))
    for statement in (_SUMS, _TOTALS, _FEEDS):
        cursor.execute(statement)
    connection.close()


def ends_at(database: Path) -> datetime | None:
    """Return the minute after the last of which anything was told; None where nothing was."""
    connection = sqlite.connect(str(database))
    (last,) = connection.execute("SELECT MAX(minute) FROM stage_minute").fetchone()
    connection.close()
    return None if last is None else datetime.fromisoformat(last).replace(tzinfo=UTC) + timedelta(minutes=1)
