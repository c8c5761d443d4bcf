"""Hands a file over to the office PC: a code made on the phone is one download there, soon, in its maker's name.

Whoever has the code gets a file with customers' data, so it is short-lived, used once, kept as a keyed mark alone, and
worth nothing once its maker may not download any more.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.batch.download import DOWNLOADED, Download, record_download, verified_file
from app.domain.actor import Actor, Way
from app.domain.problems import NotFound, NotInThisState, Refusal
from app.files.export_folder import Exports
from app.files.sheet_writers import Format
from app.store.sealing import Marker
from app.store.tables import Batch, Handover, User
from app.store.unit_of_work import Store, UnitOfWork

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without I, L and O, which a person reads as something else: 23^8 codes are 78 thousand million."""

LENGTH = 8
LASTS = timedelta(minutes=5)
_FORGOTTEN_AFTER = timedelta(days=1)


class BadCode(Refusal):
    """The code is wrong, used, or too old; nobody outside learns which."""


@dataclass(frozen=True, slots=True)
class HandoverCode:
    """A new code; it is shown once and cannot be had again."""

    code: str
    ends_at: datetime


def as_code(text: str) -> str:
    """Return a code as it was made of what somebody typed: small letters, blanks and dashes do no harm."""
    return "".join(text[:64].split()).replace("-", "").upper()


def make_handover(
    uow: UnitOfWork, marker: Marker, name: str, *, user_id: int, by: Actor, now: datetime
) -> HandoverCode:
    """Make a code for a batch's file in the name of a person.

    Raises:
        NotFound: there is no such batch, or no such person.
    """
    batch, user = uow.batches.named(name), uow.access.user(user_id)
    if batch is None or batch.published_at is None or user is None:
        raise NotFound(f"没有批次 {name}。")
    code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    uow.handovers.forget(before=now - _FORGOTTEN_AFTER)
    made = uow.handovers.add(
        Handover(
            code_mark=marker.mark(code.encode()),
            batch=name,
            seen=len(uow.audit.of(name, DOWNLOADED)),
            user_id=user_id,
            session_epoch=user.session_epoch,
            made_at=now,
            ends_at=now + LASTS,
        )
    )
    uow.audit.record("handover.make", by=by, at=now, subject=name, detail={"handover": made.id})
    return HandoverCode(code, made.ends_at)


def take_handover(
    store: Store,
    exports: Exports,
    marker: Marker,
    code: str,
    kind: Format,
    *,
    may_download: Callable[[str], bool],
    address: str,
    now: datetime,
) -> Download:
    """Use a code up and return the file; the download stands in the audit as that of whoever made the code.

    ``may_download`` tells whether a role may. A code whose file cannot be given stays good.

    Raises:
        BadCode: it is wrong, used, too old, or its maker may not download any more.
        NotFound: the batch has no file of this kind.
        NotInThisState: the file was taken after the code was made, or its bytes are not those that were published.
    """
    mark = marker.mark(as_code(code).encode("utf-8", "replace"))
    with store.reading() as uow:
        _, _, batch = _good(uow, mark, may_download, now=now)
    path = verified_file(exports, batch, kind)  # outside: orders wait for SQLite's lock
    with store.writing() as uow:
        found, user, batch = _good(uow, mark, may_download, now=now)
        if not uow.handovers.take(found.id or 0, address=address, now=now):
            raise BadCode(_BAD)  # another computer was first
        by = Actor(user.name, Way.CONSOLE, address)
        return record_download(uow, batch, kind, path, by=by, now=now, handover=found.id)


def _good(
    uow: UnitOfWork, mark: bytes, may_download: Callable[[str], bool], *, now: datetime
) -> tuple[Handover, User, Batch]:
    """Return a code that is still good, whose it is, and for what."""
    found = uow.handovers.marked(mark, now=now)
    user = uow.access.user(found.user_id) if found is not None else None
    if found is None or user is None or user.disabled_at is not None or user.session_epoch != found.session_epoch:
        raise BadCode(_BAD)
    batch = uow.batches.named(found.batch)
    if batch is None or not may_download(user.role):
        raise BadCode(_BAD)
    if len(uow.audit.of(found.batch, DOWNLOADED)) > found.seen:
        raise NotInThisState("生成代码之后，这个文件又被下载过。请回到手机上看下载记录，确认没有人导入后重新生成。")
    return found, user, batch


_BAD = "代码不对、已被使用或已过期。请在手机上的批次页重新生成。"
