"""One's own account: another password, and the end of all other sessions."""

import secrets

from anyio import to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access import accounts, passwords
from app.access.sign_in import Refused, SignedIn, TooEarly, sign_in
from app.domain.actor import Actor
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
        """Show the form."""
        return self.render(request, "account.html", error="")

    @route("", methods=("POST",), name="account-change")
    async def change(self, request: Request) -> Response:
        """Take another password; every other session of the account ends, this one goes on."""
        form = await request.form()
        old, new, again = (str(form.get(name) or "") for name in ("old", "new", "again"))
        person = person_of(request)
        if not secrets.compare_digest(new.encode(), again.encode()):
            return self._refused(request, "两次输入的新密码不一致。")
        if old == new:
            return self._refused(request, "新密码不能与当前密码相同。")
        if why := passwords.weakness(new, person.username):
            return self._refused(request, why)
        problem = await to_thread.run_sync(self._change, actor_of(request), old, new)
        if problem is not None:
            return self._refused(request, problem)
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

    def _refused(self, request: Request, error: str) -> Response:
        return self.render(request, "account.html", error=error, status=422)
