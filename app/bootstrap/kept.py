"""What is set now: the settings of the start with the kept values in them, looked at again every two seconds."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from app.access.kept_settings import CheckedValue, KeepingRules, WrongValue, kept_texts
from app.settings import Settings, WrongSetting
from app.settings.kept import KEPT, told, told_change, value_of, with_kept
from app.store.sealing import Seal
from app.store.tables import KeptSetting
from app.store.unit_of_work import Store

log = structlog.get_logger()

LOOK_EVERY = 2.0
"""Seconds; a change is live in every process after so many."""


@dataclass(frozen=True, slots=True)
class WhatIsSet:
    """The settings now, and the rows that stand before ``.env``."""

    settings: Settings
    rows: tuple[KeptSetting, ...] = ()
    wrong: tuple[str, ...] = ()
    """Names whose kept value cannot be used any more; what ``.env`` says stands for them."""


class KeptSettings:
    """Follows the kept values; while the store is away, what was known last goes on."""

    def __init__(
        self, store: Store, seal: Seal, first: Settings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._seal = seal
        self._first = first
        self._monotonic = monotonic
        self._known = WhatIsSet(first)
        self._looked_at: float | None = None
        self._one_looks = threading.Lock()

    def now(self, *, at_once: bool = False) -> WhatIsSet:
        """Return what is set, at most :data:`LOOK_EVERY` old where the store answers."""
        due = self._looked_at is None or self._monotonic() - self._looked_at >= LOOK_EVERY
        if (due or at_once) and self._one_looks.acquire(blocking=at_once):  # nobody waits for somebody else's look
            try:
                self._look()
            finally:
                self._one_looks.release()
        return self._known

    def _look(self) -> None:
        try:
            with self._store.reading() as uow:
                rows = tuple(uow.kept_settings.all())
        except Exception as error:  # noqa: BLE001 - refused, locked, hung, not migrated yet: all the same
            log.warning("kept_settings_not_read", reason=type(error).__name__)
        else:
            if _versions(rows) != _versions(self._known.rows):
                self._known = self._read(rows)
        self._looked_at = self._monotonic()

    def _read(self, rows: tuple[KeptSetting, ...]) -> WhatIsSet:
        texts = kept_texts(rows, self._seal)
        settings, wrong = with_kept(self._first, texts)
        wrong += [row.name for row in rows if row.name not in texts]
        if wrong:
            log.warning("kept_settings_not_used", names=sorted(wrong))
        log.info("kept_settings_followed", names=[row.name for row in rows])
        return WhatIsSet(settings, rows, tuple(wrong))


def keeping_rules(seal: Seal, first_settings: Settings, layouts: Callable[[], Sequence[str]]) -> KeepingRules:
    """Return how values are judged: as ``.env`` is, and a layout must be there."""

    def check(name: str, text: str) -> CheckedValue:
        text = text.strip()
        try:
            value = value_of(name, text, hosts=first_settings.outbound_hosts)
        except WrongSetting as error:
            word = KEPT[name].word if name in KEPT else "设置"
            raise WrongValue(f"{word}没有改动：{error}") from None
        if name == "batch_columns" and value not in (known := layouts()):
            raise WrongValue(f"{KEPT[name].word}没有改动：没有这种布局，可选：{'、'.join(known)}。")
        return CheckedValue(KEPT[name].word, text, told(name, value))

    def change(name: str, before: str | None, after: str | None) -> tuple[str, str]:
        return told_change(name, valued(name, before), valued(name, after)) if name in KEPT else ("", "")

    def valued(name: str, text: str | None) -> object:
        first: object = getattr(first_settings, name)
        try:
            return first if text is None else value_of(name, text, hosts=first_settings.outbound_hosts)
        except WrongSetting:  # it was kept by an earlier release
            return first

    return KeepingRules(seal, check, change)


def _versions(rows: Sequence[KeptSetting]) -> list[tuple[str, bytes]]:
    """Return what differs whenever a value was kept again: no sealing is like another."""
    return [(row.name, row.sealed) for row in rows]
