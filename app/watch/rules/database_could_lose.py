"""Database could lose: PostgreSQL is set so that an accepted order may be lost with its host, or its power."""

from collections.abc import Iterator

from app.store.database.durability import durability_of
from app.watch.rule import Rule, Situation, Trouble


def _find(situation: Situation) -> Iterator[Trouble]:
    for gap in durability_of(situation.store.engines):
        yield Trouble(gap.code, gap.sentence, subject=gap.code)


DATABASE_COULD_LOSE = Rule(name="database_could_lose", level="yellow", find=_find)
