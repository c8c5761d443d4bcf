"""Phone and e-mail of a person: verified by a code that is sent there, and used nowhere before; on both engines."""

import re
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from app.access import accounts, contacts
from app.access.contacts import AskedTooOften, BadContact, NoContact, NotCarried, WrongCode
from app.domain.contact import ContactWay
from app.domain.outcome import Rejected
from app.domain.person_target import for_person
from app.domain.send_budget import Urgency
from app.domain.subject import Subject
from app.notify.contents import DutyContent
from app.notify.dispatch.email import MailDispatcher
from app.notify.dispatch.sms import SmsDispatcher
from app.notify.new_message import NewMessage
from app.store.contacts import Contact, contact_of, reachable_at
from app.store.tables import Attempt, Audit, ContactCode, Message, Pause, User
from tests.deployment import Deployment
from tests.deployment.facts import IT, KEYS, minutes
from tests.deployment.orders import new_order
from tests.fakes.channels import FakeMail, FakeSms

PHONE, EMAIL = ContactWay.PHONE, ContactWay.EMAIL
MINE, MAIL = "13912345678", "mei.li@example.com"


@dataclass
class Staff:
    """An account called mei, and the ways to it."""

    deployment: Deployment
    sms: FakeSms = field(default_factory=FakeSms)
    mail: FakeMail = field(default_factory=FakeMail)

    def __post_init__(self) -> None:
        with self.deployment.store.writing() as uow:
            accounts.add_user(uow, "mei", role="ops", by=IT, now=self.now, password="boat-in-the-storm-7")
        made = self.deployment
        self._sms = SmsDispatcher(
            made.store, KEYS, made.clock, self.sms, dry_run=FakeSms(), per_day=1000, per_client=1000
        )
        self._mail = MailDispatcher(made.store, made.clock, self.mail, to=(), keyring=KEYS)

    @property
    def now(self):  # type: ignore[no-untyped-def]
        return self.deployment.clock.now()

    @property
    def user(self) -> User:
        return self.deployment.rows.all(select(User).where(User.name == "mei"))[0]

    def known(self, way: ContactWay) -> Contact | None:
        return contact_of(KEYS, self.user, way)

    def enter(self, way: ContactWay, address: str) -> bool:
        with self.deployment.store.writing() as uow:
            return contacts.set_contact(uow, "mei", way, address, keyring=KEYS, by=IT, now=self.now)

    def ask(self, way: ContactWay = PHONE, *, carried: bool = True) -> None:
        with self.deployment.store.writing() as uow:
            contacts.ask_code(uow, "mei", way, keyring=KEYS, carried=carried, by=IT, now=self.now)

    def confirm(self, code: str, way: ContactWay = PHONE) -> None:
        contacts.confirm_code(self.deployment.store, "mei", way, code, keyring=KEYS, by=IT, now=self.now)

    async def deliver(self) -> None:
        self.deployment.notices.composed()
        while await self._sms.run_once() + await self._mail.run_once():
            pass

    async def code(self, way: ContactWay = PHONE) -> str:
        """Ask for a code and read it where it arrives."""
        self.ask(way)
        await self.deliver()
        text = self.sms.sent[-1].text if way is PHONE else self.mail.sent[-1].text
        return re.findall(r"\d{6}", text)[0]

    def write(self, once: str = "duty:1", channel: str = "sms") -> None:
        content = DutyContent(
            comes=True, ahead=False, place=1, at="2026-11-22 10:00", other="lan", open_alerts=0, alerts=()
        )
        message = NewMessage(
            once=once,
            subject=Subject.DUTY,
            channel=channel,
            target=for_person(self.user.id or 0),
            urgency=Urgency.ALERT,
            content=content,
            now=self.now,
        )
        with self.deployment.store.writing() as uow:
            uow.messages.add_new([message.as_row()])


@pytest.fixture
def staff(deployment: Deployment) -> Staff:
    return Staff(deployment)


async def test_a_phone_is_verified_by_the_code_that_came_there(staff: Staff):
    assert staff.enter(PHONE, "+86 139-1234-5678")
    assert not staff.enter(PHONE, MINE)  # the same, written otherwise
    code = await staff.code()
    assert (staff.sms.sent[0].phone, staff.sms.sent[0].template) == (MINE, "code")
    assert staff.sms.sent[0].values == {"code": code, "minutes": "10", "shop": "本店"}
    assert reachable_at(KEYS, staff.user, PHONE) is None
    staff.confirm(f" {code[:3]} {code[3:]}")
    assert reachable_at(KEYS, staff.user, PHONE) == MINE
    with pytest.raises(WrongCode):  # used up
        staff.confirm(code)
    with pytest.raises(NoContact):  # nothing left to verify
        staff.ask()


async def test_an_e_mail_address_is_verified_by_the_code_that_came_there(staff: Staff):
    staff.enter(EMAIL, MAIL)
    code = await staff.code(EMAIL)
    assert staff.mail.sent[0].to == (MAIL,)
    assert staff.sms.sent == []
    staff.confirm(code, EMAIL)
    assert reachable_at(KEYS, staff.user, EMAIL) == MAIL


async def test_neither_address_nor_code_rests_anywhere_in_plain(staff: Staff):
    staff.enter(PHONE, MINE)
    staff.enter(EMAIL, MAIL)
    codes = [await staff.code(PHONE), await staff.code(EMAIL)]
    rows = [
        row
        for table in (Message, Attempt, Audit, ContactCode, User)
        for row in staff.deployment.rows.all(select(table))
    ]
    text = " ".join(str(row.model_dump()) for row in rows) + repr(staff.known(PHONE))
    for secret in (MINE, MAIL, *codes):
        assert secret not in text
    assert MINE.encode() not in (staff.user.phone or b"")
    assert staff.known(PHONE).told == "139****5678"  # type: ignore[union-attr]
    assert staff.known(EMAIL).told == "m***@example.com"  # type: ignore[union-attr]


async def test_a_wrong_code_counts_and_after_five_the_right_one_is_no_use(staff: Staff):
    staff.enter(PHONE, MINE)
    code = await staff.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(WrongCode, match=str(left) if left else "已用完"):
            staff.confirm(wrong)
    with pytest.raises(WrongCode):
        staff.confirm(code)
    assert staff.known(PHONE).verified_at is None  # type: ignore[union-attr]


async def test_an_old_code_and_one_that_was_replaced_are_no_use(staff: Staff):
    staff.enter(PHONE, MINE)
    first = await staff.code()
    second = await staff.code()
    if first != second:
        with pytest.raises(WrongCode):
            staff.confirm(first)
    staff.deployment.clock.at += minutes(10)
    with pytest.raises(WrongCode):
        staff.confirm(second)


async def test_a_code_for_one_address_verifies_no_other(staff: Staff):
    staff.enter(PHONE, MINE)
    code = await staff.code()
    staff.enter(PHONE, "13700000000")
    with pytest.raises(WrongCode):
        staff.confirm(code)
    assert staff.known(PHONE).verified_at is None  # type: ignore[union-attr]


async def test_another_address_is_unverified_again(staff: Staff):
    staff.enter(PHONE, MINE)
    staff.confirm(await staff.code())
    assert staff.enter(PHONE, "13700000000")
    assert reachable_at(KEYS, staff.user, PHONE) is None
    assert staff.enter(PHONE, "")
    assert staff.known(PHONE) is None
    assert not staff.enter(PHONE, "")


async def test_a_code_that_was_replaced_before_it_left_is_not_sent(staff: Staff):
    staff.enter(PHONE, MINE)
    staff.ask()
    staff.deployment.notices.composed()
    staff.enter(PHONE, "13700000000")
    await staff.deliver()
    assert staff.sms.sent == []
    assert [m.last_reason for m in staff.deployment.rows.messages()] == ["sms:code_over"]


def test_codes_are_asked_for_in_moderation_whatever_the_address(staff: Staff):
    for phone in (MINE, "13700000000", "13600000000"):
        staff.enter(PHONE, phone)
        staff.ask()
    staff.enter(PHONE, "13500000000")
    with pytest.raises(AskedTooOften):
        staff.ask()
    staff.deployment.clock.at += minutes(1)
    staff.ask()


def test_what_cannot_be_sent_is_refused_and_nothing_is_kept(staff: Staff):
    with pytest.raises(NoContact):
        staff.ask()
    staff.enter(PHONE, MINE)
    with pytest.raises(NotCarried):
        staff.ask(carried=False)
    assert staff.deployment.rows.all(select(ContactCode)) == []


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (PHONE, "12345"),
        (PHONE, "139****5678"),
        (PHONE, "13912345678-1234"),
        (EMAIL, "mei"),
        (EMAIL, "a@b.c\nBcc: x@y.z"),
        (EMAIL, "梅@example.com"),
        (EMAIL, f"{'a' * 300}@example.com"),
    ],
)
def test_what_is_no_address_is_refused(staff: Staff, way: ContactWay, text: str):
    with pytest.raises(BadContact):
        staff.enter(way, text)
    assert staff.known(way) is None


@pytest.mark.parametrize("case", ["never verified", "changed since", "account closed", "verified"])
async def test_an_unverified_address_is_never_used(staff: Staff, case: str):
    """Whatever it was when the message was written: the account is asked when it is sent."""
    staff.enter(PHONE, MINE)
    staff.enter(EMAIL, MAIL)
    if case != "never verified":
        staff.confirm(await staff.code())
        staff.confirm(await staff.code(EMAIL), EMAIL)
    staff.sms.sent.clear()
    staff.mail.sent.clear()
    staff.write()
    staff.write("duty:2", "email")
    if case == "changed since":
        staff.enter(PHONE, "13700000000")
        staff.enter(EMAIL, "lan@example.com")
    if case == "account closed":
        with staff.deployment.store.writing() as uow:
            accounts.disable_user(uow, "mei", by=IT, now=staff.now)
    await staff.deliver()
    if case == "verified":
        assert [one.phone for one in staff.sms.sent] == [MINE]
        assert [one.to for one in staff.mail.sent] == [(MAIL,)]
        return
    assert staff.sms.sent == []
    assert staff.mail.sent == []
    reasons = {m.last_reason for m in staff.deployment.rows.messages() if m.state == "dead"}
    assert reasons == {"sms:unverified", "email:unverified"}


async def test_one_person_is_not_sent_more_than_anybody_reads(staff: Staff):
    staff.enter(PHONE, MINE)
    staff.confirm(await staff.code())
    for n in range(10):
        staff.write(f"duty:{n}")
    await staff.deliver()
    assert len(staff.sms.sent) == 5  # the code was one of them
    staff.deployment.clock.at += minutes(16)
    await staff.deliver()
    assert len(staff.sms.sent) == 10
    staff.deployment.clock.at += minutes(16)
    await staff.deliver()
    assert len(staff.sms.sent) == 11


async def test_a_fault_of_the_staffs_template_keeps_no_customer_waiting_nor_the_reverse(staff: Staff):
    staff.enter(PHONE, MINE)
    staff.ask()
    staff.sms.then(Rejected("sms:template_missing", blame="channel"))
    await staff.deliver()
    assert [one.name for one in staff.deployment.rows.all(select(Pause))] == ["sms:staff"]
    staff.deployment.notices.composed(new_order("A"))
    await staff.deliver()
    assert [one.template for one in staff.sms.sent] == ["code", "notice"]
    with staff.deployment.store.writing() as uow:
        uow.pauses.pause("sms:", reason="sms:account", until=staff.now + minutes(30), now=staff.now, fault=True)
    staff.deployment.clock.at += minutes(6)
    await staff.deliver()
    assert [one.template for one in staff.sms.sent] == ["code", "notice", "code"]
