"""One's own account: another password, phone and e-mail with the codes that verify them, the end of other sessions."""

import secrets
from collections.abc import Callable
from typing import Any

from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.access import accounts, passwords
from app.access.contacts import LASTS, ContactError, ask_code, confirm_code, set_contact
from app.access.sign_in import Refused, SignedIn, TooEarly, sign_in
from app.bootstrap import codes_by
from app.domain.actor import Actor
from app.domain.contact import ContactWay
from app.store.contacts import Contact, contact_of
from app.web.console import filters
from app.web.console.auth import Person, actor_of, person_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say


class AccountPage(ConsolePage):
    """The page of the person who is signed in."""

    path = "/account"
    title = "我的账号"

    @route("", name="account")
    async def index(self, request: Request) -> Response:
        """Show the forms."""
        return await self._shown(request)

    @route("", methods=("POST",), name="account-change")
    async def change(self, request: Request) -> Response:
        """Take another password; every other session of the account ends, this one goes on."""
        form = await request.form()
        old, new, again = (str(form.get(name) or "") for name in ("old", "new", "again"))
        person = person_of(request)
        if not secrets.compare_digest(new.encode(), again.encode()):
            return await self._refused(request, "两次输入的新密码不一致。")
        if old == new:
            return await self._refused(request, "新密码不能与当前密码相同。")
        if why := passwords.weakness(new, person.username):
            return await self._refused(request, why)
        problem = await to_thread.run_sync(self._change, actor_of(request), old, new)
        if problem is not None:
            return await self._refused(request, problem)
        say(request, "密码已修改，其他设备上的登录已全部退出。")
        return await self._begin_new_session(person)

    @route("/end-sessions", methods=("POST",), name="account-end-sessions")
    async def end_sessions(self, request: Request) -> Response:
        """Sign out on every other device."""
        person, by = person_of(request), actor_of(request)

        def end() -> None:
            with self.boat.store.writing() as uow:
                accounts.end_sessions(uow, person.username, by=by, now=self.boat.clock.now())

        await run_in_threadpool(end)
        say(request, "其他设备上的登录已全部退出。")
        return await self._begin_new_session(person)

    @route("/contact", methods=("POST",), name="account-contact")
    async def contact(self, request: Request) -> Response:
        """Enter a phone or an e-mail address, or take it away; it is not used before it is verified."""

        def act(way: ContactWay, typed: str, by: Actor) -> str:
            with self.boat.store.writing() as uow:
                how: Any = {"keyring": self.boat.keyring, "by": by, "now": self.boat.clock.now()}
                set_contact(uow, by.name, way, typed, **how)
            return "已保存，请获取验证码验证；验证之前不会用它。" if typed.strip() else "已清除。"

        return await self._with_contact(request, act)

    @route("/code", methods=("POST",), name="account-code")
    async def code(self, request: Request) -> Response:
        """Have a code sent to an address that was entered."""

        def act(way: ContactWay, _typed: str, by: Actor) -> str:
            carried = way in codes_by(self.boat.live)
            with self.boat.store.writing() as uow:
                how: Any = {"keyring": self.boat.keyring, "by": by, "now": self.boat.clock.now()}
                ask_code(uow, by.name, way, carried=carried, **how)
            return f"验证码已发往您的{words.CONTACT_WAYS[way]}，{int(LASTS.total_seconds()) // 60} 分钟内有效。"

        return await self._with_contact(request, act)

    @route("/confirm", methods=("POST",), name="account-confirm")
    async def confirm(self, request: Request) -> Response:
        """Verify an address by the code that came there."""

        def act(way: ContactWay, typed: str, by: Actor) -> str:
            how: Any = {"keyring": self.boat.keyring, "by": by, "now": self.boat.clock.now()}
            confirm_code(self.boat.store, by.name, way, typed, **how)
            return f"{words.CONTACT_WAYS[way]}已验证。"

        return await self._with_contact(request, act)

    async def _with_contact(self, request: Request, act: Callable[[ContactWay, str, Actor], str]) -> Response:
        form = await request.form()
        way, typed = str(form.get("way") or ""), str(form.get("value") or "")[:400]
        if way not in set(ContactWay):
            return await self._shown(request, wrong="请选择手机或邮箱。")
        try:
            sentence = await run_in_threadpool(act, ContactWay(way), typed, actor_of(request))
        except ContactError as error:
            return await self._shown(request, wrong=str(error))
        say(request, sentence)
        return RedirectResponse(f"{BASE}/account#contacts", status_code=303)

    def _change(self, by: Actor, old: str, new: str) -> str | None:
        store, now = self.boat.store, self.boat.clock.now()
        match sign_in(store, by.name, old, address=by.address, now=now):
            case Refused():
                return "当前密码不正确。"
            case TooEarly(wait):
                return f"尝试次数过多，请在{filters.span(wait)}后再试。"
            case SignedIn():
                with store.writing() as uow:
                    accounts.set_password(uow, by.name, by=by, now=now, password=new)
                return None

    async def _begin_new_session(self, person: Person) -> Response:
        def epoch() -> int:
            with self.boat.store.reading() as uow:
                user = uow.access.user(person.user_id)
            return -1 if user is None else user.session_epoch

        response = RedirectResponse(f"{BASE}/", status_code=303)
        self.frame.gate.begin_session(response, user_id=person.user_id, epoch=await run_in_threadpool(epoch))
        return response

    async def _refused(self, request: Request, error: str) -> Response:
        return await self._shown(request, error=error)

    async def _shown(self, request: Request, *, error: str = "", wrong: str = "") -> Response:
        contacts = await run_in_threadpool(self._contacts, person_of(request).user_id)
        context = {"error": error, "wrong": wrong, "contacts": contacts, "codes_by": codes_by(self.boat.live)}
        return self.render(request, "account.html", status=422 if error or wrong else 200, **context)

    def _contacts(self, user_id: int) -> dict[ContactWay, Contact | None]:
        with self.boat.store.reading() as uow:
            user = uow.access.user(user_id)
        return {way: contact_of(self.boat.keyring, user, way) if user else None for way in ContactWay}
