"""A fake mail server: keeps what it takes, and answers each command as it was told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 OK"


@dataclass(frozen=True)
class Taken:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    encrypted: bool


@dataclass
class MailFake:
    """``replies`` by command (MAIL, RCPT, DATA, or ``RCPT <address>``); ``after_data`` is ``hang`` or ``drop``."""

    replies: dict[str, str] = field(default_factory=dict)
    after_data: str = ""
    users: dict[str, str] = field(default_factory=dict)
    accepted: list[Taken] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.replies.get("MAIL", OK)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.replies.get(f"RCPT {address}") or self.replies.get("RCPT", OK)
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        reply = self.replies.get("DATA", OK)
        if reply != OK:
            return reply
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        sender, recipients = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        self.accepted.append(Taken(sender, recipients, message, encrypted=session.ssl is not None))
        if self.after_data == "hang":
            await asyncio.Event().wait()  # until the connection is gone
        if self.after_data == "drop":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return OK

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth_data: object
    ) -> AuthResult:
        assert isinstance(auth_data, LoginPassword)
        known = self.users.get(auth_data.login.decode())
        return AuthResult(success=known is not None and known.encode() == auth_data.password, handled=False)


@asynccontextmanager
async def serve_mail(
    fake: MailFake, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve ``fake`` in the running loop and yield its port."""

    def session() -> SMTP:
        return SMTP(
            fake,
            hostname="mail.test",
            tls_context=starttls,
            authenticator=fake.authenticate if fake.users else None,
            auth_exclude_mechanism=None if fake.users else ("LOGIN", "PLAIN"),
            auth_require_tls=False,
        )

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]
