"""What the mailer makes of every answer of a mail server, and what it lets nobody write into a message."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.channels.base import Mail
from app.channels.email import PATIENCE, Mailer, WrongMailServer
from app.domain.outcome import Delivered, Outcome, Rejected, Unknown, Unreachable
from app.outbound.client import Timeouts
from tests.fakes.certificates import tls_pair
from tests.fakes.clock import LoopClock, until
from tests.fakes.serving import closed_port
from tests.fakes.smtp import MailFake, serve_mail

MAIL = Mail(("owner@shop.test",), "黄灯：审核变慢", "平均 31 分钟\n看板 http://127.0.0.1:8000/")
SENDER = "订单救生艇 <lifeboat@shop.test>"
IMPATIENT = Timeouts(read=timedelta(seconds=0.3))


@pytest.fixture
def fake() -> MailFake:
    return MailFake()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return tls_pair(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def password_stays_out_of_the_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level("DEBUG", "aiosmtplib")
    yield
    assert "pass:word" not in "".join(record.getMessage() for record in caplog.get_records("call"))


def mailer_at(
    port: int, *, scheme: str = "smtp", user: str = "", tls: ssl.SSLContext | None = None, timeouts: Timeouts = PATIENCE
) -> Mailer:
    return Mailer(SecretStr(f"{scheme}://{user}127.0.0.1:{port}"), SENDER, tls=tls, timeouts=timeouts)


async def test_a_mail_arrives_as_it_was_written(fake: MailFake):
    async with serve_mail(fake) as port:
        mailer = mailer_at(port)
        outcome = await mailer.send(MAIL)
        await mailer.aclose()
    [taken] = fake.accepted
    assert outcome == Delivered(taken.message["Message-ID"])
    assert (taken.sender, taken.recipients) == ("lifeboat@shop.test", ("owner@shop.test",))
    assert (taken.message["Subject"], taken.message["From"]) == (MAIL.subject, SENDER)
    assert taken.message.get_content().splitlines() == MAIL.text.splitlines()
    assert taken.message["Date"]
    assert not taken.encrypted


async def test_starttls_is_used_where_it_is_offered(fake: MailFake, tls: tuple[ssl.SSLContext, ssl.SSLContext]):
    fake.users = {"ops@shop.test": "pass:word/@"}
    async with serve_mail(fake, starttls=tls[0]) as port:
        outcome = await mailer_at(port, user="ops%40shop.test:pass%3Aword%2F%40@", tls=tls[1]).send(MAIL)
    assert isinstance(outcome, Delivered)
    assert fake.accepted[0].encrypted


async def test_smtps_is_encrypted_from_the_first_byte(fake: MailFake, tls: tuple[ssl.SSLContext, ssl.SSLContext]):
    async with serve_mail(fake, tls=tls[0]) as port:
        assert isinstance(await mailer_at(port, scheme="smtps", tls=tls[1]).send(MAIL), Delivered)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_nobody_vouches_for_is_not_trusted(
    fake: MailFake, tls: tuple[ssl.SSLContext, ssl.SSLContext], scheme: str
):
    side = {"starttls": tls[0]} if scheme == "smtp" else {"tls": tls[0]}
    async with serve_mail(fake, **side) as port:
        assert await mailer_at(port, scheme=scheme).send(MAIL) == Unreachable("email:tls")
    assert not fake.accepted


async def test_a_wrong_password_is_the_channels_fault(fake: MailFake):
    fake.users = {"ops": "other"}
    async with serve_mail(fake) as port:
        outcome = await mailer_at(port, user="ops:pass%3Aword@").send(MAIL)
    assert outcome == Rejected("email:535", blame="channel")


async def test_a_server_that_offers_no_login_is_the_channels_fault(fake: MailFake):
    async with serve_mail(fake) as port:
        outcome = await mailer_at(port, user="ops:pass%3Aword@").send(MAIL)
    assert outcome == Rejected("email:not_supported", blame="channel")


@pytest.mark.parametrize(
    ("command", "reply", "outcome"),
    [
        ("MAIL", "451 try later", Unreachable("email:451")),
        ("MAIL", "553 sender not allowed", Rejected("email:553", blame="channel")),
        ("RCPT", "450 mailbox busy", Unreachable("email:450")),
        ("RCPT", "550 no such user", Rejected("email:550")),
        ("DATA", "452 disk full", Unreachable("email:452")),
        ("DATA", "554 looks like spam to owner@shop.test", Rejected("email:554")),
    ],
)
async def test_4xx_is_tried_again_and_5xx_is_final(fake: MailFake, command: str, reply: str, outcome: Outcome):
    fake.replies[command] = reply
    async with serve_mail(fake) as port:
        assert await mailer_at(port).send(MAIL) == outcome
    assert not fake.accepted


async def test_one_recipient_refused_does_not_keep_it_from_the_others(fake: MailFake):
    fake.replies["RCPT gone@shop.test"] = "550 no such user"
    async with serve_mail(fake) as port:
        outcome = await mailer_at(port).send(Mail(("gone@shop.test", "owner@shop.test"), "s", "t"))
    assert isinstance(outcome, Delivered)
    assert fake.accepted[0].recipients == ("owner@shop.test",)


async def test_if_any_of_the_refusals_may_pass_all_are_tried_again(fake: MailFake):
    fake.replies = {"RCPT gone@shop.test": "550 no such user", "RCPT": "450 mailbox busy"}
    async with serve_mail(fake) as port:
        outcome = await mailer_at(port).send(Mail(("gone@shop.test", "owner@shop.test"), "s", "t"))
    assert outcome == Unreachable("email:450")


@pytest.mark.parametrize(("fault", "outcome"), [("hang", Unknown("email:timeout")), ("drop", Unknown("email:reset"))])
async def test_silence_after_the_message_was_handed_over_is_an_unknown_outcome(
    fake: MailFake, fault: str, outcome: Outcome
):
    fake.after_data = fault
    async with serve_mail(fake) as port:
        time = LoopClock()
        sending = asyncio.create_task(mailer_at(port, timeouts=IMPATIENT).send(MAIL))
        await until(lambda: fake.accepted)
        if fault == "hang":
            await time.turn(IMPATIENT.read.total_seconds())
        assert await sending == outcome
    assert len(fake.accepted) == 1


async def test_a_call_ends_at_its_time_limit(fake: MailFake):
    fake.after_data = "hang"
    patient, time = Timeouts(read=timedelta(seconds=30)), LoopClock()
    async with serve_mail(fake) as port:
        sending = asyncio.create_task(mailer_at(port, timeouts=patient).send(MAIL))
        await until(lambda: fake.accepted)
        await time.turn(patient.total.total_seconds())
        assert await sending == Unknown("email:timeout")


async def test_nobody_listening_means_surely_not_sent():
    with closed_port() as port:
        assert await mailer_at(port).send(MAIL) == Unreachable("email:connect")


@pytest.mark.parametrize(
    "injected",
    [
        Mail(("owner@shop.test",), "s\r\nBcc: thief@evil.test", "t"),
        Mail(("owner@shop.test",), "s\n\nbody", "t"),
        Mail(("owner@shop.test",), "s\x00\x0b\x85\u2028Bcc: thief@evil.test", "t"),
        Mail(("owner@shop.test",), "s \ud83d", "t \ud83d"),
        Mail(("owner@shop.test",), "s", "t\r\n.\r\nMAIL FROM:<thief@evil.test>"),
    ],
)
async def test_neither_subject_nor_text_can_add_a_header_or_a_recipient(fake: MailFake, injected: Mail):
    async with serve_mail(fake) as port:
        assert isinstance(await mailer_at(port).send(injected), Delivered)
    [taken] = fake.accepted
    assert taken.recipients == ("owner@shop.test",)
    assert set(map(str.lower, taken.message)) == {
        "from", "to", "subject", "date", "message-id", "content-type", "content-transfer-encoding", "mime-version",
    }  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        "owner@shop.test\r\nBcc: thief@evil.test",
        "owner@shop.test\nRCPT TO:<thief@evil.test>",
        "owner@shop.test, thief@evil.test",
        "店主@shop.test",
        "owner@店.test",
        "owner",
        "@",
        "",
        "<>",
        "owner@",
    ],
)
async def test_an_address_that_is_none_is_rejected_unsent(address: str):
    with closed_port() as port:
        assert await mailer_at(port).send(Mail((address,), "s", "t")) == Rejected("email:bad_address")


async def test_an_address_that_is_none_keeps_nothing_from_the_others(fake: MailFake):
    async with serve_mail(fake) as port:
        outcome = await mailer_at(port).send(Mail(("owner@", "owner@shop.test", "店主@shop.test"), "s", "t"))
    assert isinstance(outcome, Delivered)
    assert fake.accepted[0].recipients == ("owner@shop.test",)


async def test_nobody_to_write_to_is_rejected_and_a_bad_sender_is_the_channels_fault():
    url = SecretStr("smtp://127.0.0.1")
    assert await Mailer(url, SENDER).send(Mail((), "s", "t")) == Rejected("email:no_recipient")
    assert await Mailer(url, "nobody").send(MAIL) == Rejected("email:bad_sender", blame="channel")


@pytest.mark.parametrize(
    "url", ["http://mail.test", "mail.test", "smtp://", "smtp://u:pass:word@mail.test:x", "smtp://mail.test:99999"]
)
def test_a_server_that_is_no_address_is_refused_without_repeating_it(url: str):
    with pytest.raises(WrongMailServer) as caught:
        Mailer(SecretStr(url), SENDER)
    assert "pass" not in str(caught.value).replace("password", "")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_password_shows_in_no_repr():
    mailer = Mailer(SecretStr("smtp://ops:pass%3Aword@mail.test"), SENDER)
    assert "pass:word" not in repr(mailer) + repr(vars(mailer))


def test_the_usual_ports_are_known():
    plain = Mailer(SecretStr("smtp://mail.test"), SENDER)
    encrypted = Mailer(SecretStr("smtps://mail.test"), SENDER)
    assert (plain._server.port, encrypted._server.port) == (587, 465)  # noqa: SLF001 - nothing else shows it
