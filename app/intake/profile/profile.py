"""One profile of the drop-in door, as its file says it: how it reads an order, whom it believes, how it answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from app.domain.money import yuan
from app.domain.problems import Problem
from app.intake.accept import Accepted
from app.intake.profile.answer import AnswerTemplate, Rendered
from app.intake.profile.build import mapping_of, templates_of
from app.intake.profile.file import ClientTable, ProfileFile, parse_file
from app.intake.profile.mapping import Mapped, OrderMapping
from app.intake.profile.payload import USUAL, PayloadReader
from app.intake.schemas import OrderIn
from app.main_system.http_tables import HttpDescription, description_of
from app.toml_file import UnreadableFile, WrongEntry, as_told, list_toml_files, name_of, read_small_file

__all__ = [
    "ByHeader",
    "ByName",
    "ByQuery",
    "ClientSource",
    "Mapped",
    "Profile",
    "Rendered",
    "WrongProfile",
    "load_profiles",
    "read_profile",
]

_TOO_MANY = 429
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class ByHeader:
    """The request carries one of our client keys in this header, with or without ``Bearer`` in front."""

    header: str


@dataclass(frozen=True, slots=True)
class ByQuery:
    """The request carries one of our client keys in this query parameter."""

    parameter: str


@dataclass(frozen=True, slots=True)
class ByName:
    """Every order on this path belongs to the client of this name: the network is trusted."""

    name: str


ClientSource = ByHeader | ByQuery | ByName


class WrongProfile(ValueError):
    """A profile cannot be used: which file, which entry, and why, in Chinese."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        self.file = file
        self.key = as_told(key)
        self.reason = as_told(reason)
        super().__init__(f"{file}：{self.key}：{self.reason}" if key else f"{file}：{self.reason}")


@dataclass(frozen=True, slots=True)
class Profile:
    """One main system's order POST: immutable, everything compiled, safe in any thread."""

    name: str
    path: str
    client: ClientSource
    zone: ZoneInfo
    reader: PayloadReader
    mapping: OrderMapping
    answer: AnswerTemplate
    refusal: AnswerTemplate
    busy: AnswerTemplate
    statuses: dict[str, int]
    codes: dict[str, str | int]
    main: HttpDescription | None = None
    """How its main system is asked and given, where the file says so."""

    def read(self, body: bytes, content_type: str) -> Mapped:
        """Turn the bytes of a request into a canonical order.

        Raises:
            UnsupportedMedia: the content type is not one this profile takes.
            Malformed: the body is not what its content type says.
            InvalidOrder: fields are missing or wrong; pointers name the payload's own fields.
            BadKey: the field that serves as idempotency key has not the published form.
        """
        return self.mapping.read(self.reader.read(body, content_type))

    def render_accepted(self, accepted: Accepted, order: OrderIn | None = None) -> Rendered:
        """Answer an accepted order, and a replay of it, by the same bytes.

        ``order`` fills the placeholders client_order_id, total and total_fen; without it they are empty and 0.
        """
        local = accepted.received_at.astimezone(self.zone)
        milliseconds = round(accepted.received_at.timestamp() * 1000)
        total = None if order is None else order.total
        values: dict[str, str | int] = {
            "order_number": accepted.number,
            "priority": accepted.priority,
            "received_at": local.isoformat(timespec="seconds"),
            "received_local": local.strftime("%Y-%m-%d %H:%M:%S"),
            "received_unix": milliseconds // 1000,
            "received_ms": milliseconds,
            "client_order_id": (order.client_order_id or "") if order is not None else "",
            "total": "" if total is None else yuan(total),
            "total_fen": total or 0,
        }
        return self.answer.render(values, status=200)

    def render_problem(self, problem: Problem, status: int) -> Rendered:
        """Answer a problem that HTTP knows as ``status``: 429 and 5xx by [busy], all others by [refusal]."""
        detail = "；".join(f"{error.pointer} {error.detail}".strip() for error in problem.errors) or problem.detail
        values: dict[str, str | int] = {
            "code": self.codes.get(problem.code, self.codes.get("*", problem.code)),
            "title": problem.title,
            "detail": detail,
            "retry_after": problem.retry_after or 0,
        }
        if status == _TOO_MANY or status >= _SERVER_ERRORS:
            shown = status if self.busy.status is None else self.busy.status
            return self.busy.render(values | {"status": shown}, status=shown)
        fixed = status if self.refusal.status is None else self.refusal.status
        shown = self.statuses.get(problem.code, self.statuses.get("*", fixed))
        rendered = self.refusal.render(values | {"status": shown}, status=shown)
        return Rendered(shown, rendered.content_type, rendered.body)


def read_profile(file: Path) -> Profile:
    """Read one profile.

    Raises:
        WrongProfile: it cannot be used.
    """
    name = name_of(file)
    try:
        return _build(parse_file(read_small_file(file)))
    except UnreadableFile as error:
        raise WrongProfile(name, "", error.reason) from None
    except WrongEntry as wrong:
        raise WrongProfile(name, wrong.key, wrong.reason) from None
    except Exception as error:  # whatever else a file may bring about: a person is told which one it is
        raise WrongProfile(name, "", f"有无法处理的内容（{type(error).__name__}）") from error


def load_profiles(folder: Path) -> tuple[Profile, ...]:
    """Read every ``*.toml`` of a folder, in the order of their file names.

    Raises:
        WrongProfile: the folder cannot be read, a profile cannot be used, or two have the same name or path.
    """
    try:
        files = list_toml_files(folder)
    except UnreadableFile as error:
        raise WrongProfile(as_told(str(folder)), "", error.reason) from None
    return tuple(_all_different(files))


def _all_different(files: list[Path]) -> Iterator[Profile]:
    names: dict[str, str] = {}
    paths: dict[str, str] = {}
    for file in files:
        profile = read_profile(file)
        earlier = names.setdefault(profile.name.lower(), file.name)
        if earlier != file.name:
            raise WrongProfile(file.name, "name", f"与 {earlier} 重名：{profile.name}")
        earlier = paths.setdefault(profile.path.rstrip("/"), file.name)
        if earlier != file.name:
            raise WrongProfile(file.name, "path", f"与 {earlier} 使用同一地址：{profile.path}")
        yield profile


def _build(file: ProfileFile) -> Profile:
    answer, refusal, busy = templates_of(file)
    return Profile(
        name=file.name,
        path=file.path,
        client=_client_of(file.client),
        zone=ZoneInfo(file.timezone),
        reader=PayloadReader(file.body, file.charset, frozenset(file.content_types)),
        mapping=mapping_of(file),
        answer=answer,
        refusal=refusal,
        busy=busy,
        statuses=file.refusal.statuses,
        codes=file.refusal.codes,
        main=description_of(
            profile=file.name,
            path=file.path,
            unit=file.unit,
            content_type=USUAL[file.body] + ("" if file.charset == "utf-8" else f"; charset={file.charset}"),
            main=file.main,
            lookup=file.lookup,
            replay=file.replay,
        ),
    )


def _client_of(table: ClientTable) -> ClientSource:
    if table.name is not None:
        return ByName(table.name)
    if table.query is not None:
        return ByQuery(table.query)
    return ByHeader(table.header or "Authorization")
