"""Settings changed without a shell: sealed, on record, and given back to ``.env`` when somebody says so.

What may be set, and to what, is not known here: the rules come from where ``.env`` itself is judged.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.store.sealing import CannotUnseal, Seal
from app.store.tables import KeptSetting
from app.store.unit_of_work import UnitOfWork

TEST_EVERY = timedelta(seconds=10)
"""One test message a robot or address in this time: a test must not use up what the robot may send."""

_SERIALISED = "kept_setting"


class WrongValue(Refusal):
    """The setting cannot be this, or cannot be set here at all; the message never repeats the value."""


class NothingKept(Refusal):
    """The setting comes from ``.env`` already."""


class TriedJustNow(Refusal):
    """The robot was sent a test message a moment ago."""


@dataclass(frozen=True, slots=True)
class CheckedValue:
    """A value that may be used: its text, repeated nowhere, and what of it may be told."""

    word: str
    text: str
    told: str


@dataclass(frozen=True, slots=True)
class KeepingRules:
    """How values are judged and sealed; ``check`` raises :class:`WrongValue`.

    ``told`` returns what may be recorded of a kept text and of the one that takes its place; None stands for ``.env``.
    """

    seal: Seal
    check: Callable[[str, str], CheckedValue]
    told: Callable[[str, str | None, str | None], tuple[str, str]]


def change_setting(
    uow: UnitOfWork,
    name: str,
    value: str | Callable[[str | None], str],
    *,
    rules: KeepingRules,
    by: Actor,
    now: datetime,
) -> CheckedValue:
    """Keep a value, given as text or made from the text that is kept now; None stands for none.

    Raises:
        WrongValue: it cannot be this, or cannot be set here.
    """
    uow.leases.serialise(_SERIALISED)
    kept = kept_texts(uow.kept_settings.all(), rules.seal).get(name)
    text = value if isinstance(value, str) else value(kept)
    checked = rules.check(name, text)
    sealed = rules.seal.seal(checked.text.encode(), _bound(name))
    uow.kept_settings.put(name, sealed=sealed, by=by.name, now=now)
    uow.audit.record(
        "setting.change",
        by=by,
        at=now,
        subject=f"setting:{name}",
        detail=_detail(checked.word, *rules.told(name, kept, checked.text)),
    )
    return checked


def forget_setting(uow: UnitOfWork, name: str, *, rules: KeepingRules, by: Actor, now: datetime) -> None:
    """Return a setting to what ``.env`` says.

    Raises:
        NothingKept: it is so already.
    """
    uow.leases.serialise(_SERIALISED)
    kept = kept_texts(uow.kept_settings.all(), rules.seal).get(name)
    if not uow.kept_settings.forget(name):
        raise NothingKept("这一项现在用的就是 .env 的值。")
    before, after = rules.told(name, kept, None)
    detail = {"before": before, "text": after}
    uow.audit.record("setting.forget", by=by, at=now, subject=f"setting:{name}", detail=detail)


def begin_test(uow: UnitOfWork, name: str, *, told: str, by: Actor, now: datetime) -> None:
    """Write down that a test message is about to leave for a robot or an address.

    Raises:
        TriedJustNow: one left less than :data:`TEST_EVERY` ago.
    """
    nobody = secrets.token_hex(8)  # never the same twice, so that nobody renews it
    if not uow.leases.take(f"test:{name}"[:64], holder=nobody, now=now, until=now + TEST_EVERY):
        raise TriedJustNow(f"刚刚测试过，请 {int(TEST_EVERY.total_seconds())} 秒后再试。")
    uow.audit.record("setting.test", by=by, at=now, subject=f"channel:{name}", detail={"text": told})


def end_test(uow: UnitOfWork, name: str, *, answer: str, by: Actor, now: datetime) -> None:
    """Write down what became of a test message."""
    uow.audit.record("setting.test_answer", by=by, at=now, subject=f"channel:{name}", detail={"text": answer})


def kept_texts(rows: Sequence[KeptSetting], seal: Seal) -> Mapping[str, str]:
    """Return the kept values by name; one that cannot be unsealed is left out."""
    found = {}
    for row in rows:
        try:
            found[row.name] = seal.unseal(row.sealed, _bound(row.name)).decode()
        except CannotUnseal:
            continue
    return found


def _bound(name: str) -> str:
    return f"kept_setting:{name}"


def _detail(word: str, before: str, after: str) -> dict[str, str]:
    return {"name": word, "before": before, "text": after}
