"""E-mail through the merchant's own server: nothing in a message can add a header or a recipient."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import formatdate, getaddresses, make_msgid
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from app.channels.base import Mail
from app.channels.failures import Failure, MakeFailure, caused_by, channel_fault
from app.domain.outcome import Delivered, Outcome, Rejected, Unknown, Unreachable
from app.outbound.client import Timeouts

PATIENCE = Timeouts(read=timedelta(seconds=10), total=timedelta(seconds=60))
"""Mail servers check a message while we wait, so it may take longer than a web call; ``read`` is for one command."""

_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = 500
_SEVEN_BIT = WIRE.clone(cte_type="7bit")  # not every server takes 8 bits


class WrongMailServer(ValueError):
    """The mail server must be written as smtp://user:password@host:port or smtps://…; the value is not repeated."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class Mailer:
    """One mail server and the sender we appear as; STARTTLS is used wherever it is offered."""

    def __init__(
        self, url: SecretStr, sender: str, *, tls: ssl.SSLContext | None = None, timeouts: Timeouts = PATIENCE
    ) -> None:
        self._server = _server_of(url)
        self._sender = sender
        self._tls = tls
        self._timeouts = timeouts

    async def send(self, message: Mail) -> Outcome:
        """Hand ``message`` to the server; it counts as delivered if at least one recipient was taken."""
        try:
            sender = _address(self._sender)
        except ValueError:
            return channel_fault("email:bad_sender")
        recipients = [address for one in message.to if (address := _address_or_none(one))]
        if not recipients:  # one that nobody can write to keeps nothing from the others
            return Rejected("email:bad_address" if message.to else "email:no_recipient")
        letter = _letter(message, sender=sender, recipients=recipients)
        server = self._connection(sender)
        until = asyncio.get_running_loop().time() + self._timeouts.total.total_seconds()
        try:
            refusal = await self._introduce(server, sender, recipients, until=until)
            return refusal or await self._hand_over(server, letter, until=until)
        finally:
            server.close()

    async def aclose(self) -> None:
        """Do nothing: each message has a connection of its own."""

    def _connection(self, sender: Address) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=self._server.user,
            password=self._server.password,
            use_tls=self._server.tls,
            tls_context=self._tls,
            local_hostname=sender.domain,  # asking the system for our name may mean a slow look-up
            timeout=self._timeouts.read.total_seconds(),
        )

    async def _introduce(
        self, server: aiosmtplib.SMTP, sender: Address, recipients: list[Address], *, until: float
    ) -> Failure | None:
        """Do all that comes before the message itself; whatever fails here, nothing was sent."""
        refused: list[int] = []
        try:
            async with asyncio.timeout_at(until):
                await server.connect()
                await server.mail(sender.addr_spec)
                for recipient in recipients:
                    try:
                        await server.rcpt(recipient.addr_spec)
                    except aiosmtplib.SMTPRecipientRefused as error:
                        refused.append(error.code)
        except aiosmtplib.SMTPResponseException as error:  # greeting, log-in or sender: the same for every message
            return _refusal(error.code, channel_fault)
        except OSError as error:  # every loss of the connection is one, also in this library
            return Unreachable("email:tls" if caused_by(error, (ssl.SSLError,)) else "email:connect")
        except aiosmtplib.SMTPException:  # it offers no way to log in
            return channel_fault("email:not_supported")
        if len(refused) == len(recipients):
            return _refusal(min(refused), Rejected)
        return None

    async def _hand_over(self, server: aiosmtplib.SMTP, letter: EmailMessage, *, until: float) -> Outcome:
        """Send the message itself; from here on silence means that it may have been taken."""
        try:
            async with asyncio.timeout_at(until):
                await server.data(letter.as_bytes())
        except aiosmtplib.SMTPResponseException as error:
            return _refusal(error.code, Rejected)
        except TimeoutError:
            return Unknown("email:timeout")
        except OSError:
            return Unknown("email:reset")
        with suppress(aiosmtplib.SMTPException, OSError):  # it has the message; how we part does not matter
            async with asyncio.timeout_at(until):
                await server.quit()
        return Delivered(letter["Message-ID"])


def _server_of(url: SecretStr) -> _Server:
    try:
        parts = urlsplit(url.get_secret_value())
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise WrongMailServer from None  # the cause may quote the password
    if not parts.hostname or parts.scheme not in _PORTS:
        raise WrongMailServer
    return _Server(
        host=parts.hostname,
        port=port,
        tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _address(text: str) -> Address:
    """Read ``name <user@host>`` or ``user@host``.

    Raises:
        ValueError: it is no address that every mail server takes.
    """
    if not text.isprintable():  # a line end would begin another header
        raise ValueError(text)
    [(name, address)] = getaddresses([text])
    try:
        read = Address(display_name=_one_line(name), addr_spec=address)
    except (MessageError, IndexError) as error:  # the parser of the library gives up in more than one way
        raise ValueError(text) from error
    if not (read.username and read.domain and read.addr_spec.isascii()):
        raise ValueError(text)
    return read


def _address_or_none(text: str) -> Address | None:
    try:
        return _address(text)
    except ValueError:
        return None


def _letter(message: Mail, *, sender: Address, recipients: list[Address]) -> EmailMessage:
    letter = EmailMessage(policy=_SEVEN_BIT)
    letter["From"] = sender
    letter["To"] = recipients
    letter["Subject"] = _one_line(message.subject)
    letter["Date"] = formatdate(usegmt=True)
    letter["Message-ID"] = make_msgid(domain=sender.domain)
    letter.set_content(_encodable(message.text))
    return letter


def _one_line(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in _encodable(text))
    return " ".join(printable.split())


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _refusal(code: int, verdict: MakeFailure) -> Failure:
    """A 5xx is final, a 4xx an invitation to come back."""
    return verdict(f"email:{code}") if code >= _PERMANENT else Unreachable(f"email:{code}")
