"""人员: an administrator says who may come in and as what; a first password is shown on one answer and never again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access import accounts
from app.access.accounts import AccountError
from app.domain.actor import Actor
from app.domain.contact import ContactWay
from app.domain.role import Role
from app.store.contacts import Contact, contact_of
from app.store.tables import User
from app.store.unit_of_work import UnitOfWork
from app.web.console.auth import actor_of, person_of
from app.web.console.filters import BASE, harmless
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """What the answer shows once."""

    name: str
    password: str


class PeoplePage(ConsolePage):
    """The accounts there are, and a form for another."""

    path = "/people"
    title = "人员"
    entry = "settings"

    @route("", name="people")
    async def index(self, request: Request) -> Response:
        """List the accounts."""
        return await self._shown(request)

    @route("", name="person-add", methods=("POST",))
    async def add(self, request: Request) -> Response:
        """Add an account; its first password is shown on this answer alone."""
        form = await request.form()
        name, role = str(form.get("name") or "").strip()[:200], str(form.get("role") or "")
        if role not in set(Role):
            return await self._shown(request, status=422, wrong="请选择角色。", name=name)
        try:
            password = await run_in_threadpool(self._add, name, Role(role), actor_of(request))
        except AccountError as error:
            return await self._shown(request, status=422, wrong=str(error), name=name)
        return await self._shown(request, first=FirstPassword(name, password))

    @route("/{name:str}/reset", name="person-reset", methods=("POST",))
    async def reset(self, request: Request) -> Response:
        """Give an account a new first password, shown on this answer alone, and end its sessions."""
        name = _named(request)
        if name == person_of(request).username:
            say(request, "自己的密码请在“修改密码”里改。", "error")
            return RedirectResponse(f"{BASE}/account", status_code=303)
        try:
            password = await run_in_threadpool(self._do, accounts.set_password, name, actor_of(request))
        except AccountError as error:
            return self._back(request, str(error))
        return await self._shown(request, first=FirstPassword(name, str(password)))

    @route("/{name:str}/role", name="person-role", methods=("POST",))
    async def role(self, request: Request) -> Response:
        """Give an account another role."""
        role = str((await request.form()).get("role") or "")
        if role not in set(Role):
            return self._back(request, "请选择角色。")

        def act(uow: UnitOfWork, name: str, *, by: Actor, now: datetime) -> None:
            accounts.set_role(uow, name, role, by=by, now=now)

        return await self._done(request, act, "的角色已改，下一次点击起生效。")

    @route("/{name:str}/disable", name="person-disable", methods=("POST",))
    async def disable(self, request: Request) -> Response:
        """Close an account."""
        return await self._done(request, accounts.disable_user, "已停用，所有登录已退出；需要时可重新启用。")

    @route("/{name:str}/enable", name="person-enable", methods=("POST",))
    async def enable(self, request: Request) -> Response:
        """Open a closed account again."""
        return await self._done(request, accounts.enable_user, "已启用，密码仍是停用前的；忘记了可以重置。")

    @route("/{name:str}/end-sessions", name="person-end-sessions", methods=("POST",))
    async def end_sessions(self, request: Request) -> Response:
        """Sign an account out everywhere."""
        return await self._done(request, accounts.end_sessions, "在所有设备上的登录已退出。")

    async def _done(self, request: Request, act: Callable[..., object], what: str) -> Response:
        name = _named(request)
        try:
            await run_in_threadpool(self._do, act, name, actor_of(request))
        except AccountError as error:
            return self._back(request, str(error))
        say(request, f"{harmless(name, 64)} {what}")
        return RedirectResponse(f"{BASE}/people", status_code=303)

    def _back(self, request: Request, why: str) -> Response:
        say(request, harmless(why, 200), "error")
        return RedirectResponse(f"{BASE}/people", status_code=303)

    async def _shown(
        self,
        request: Request,
        *,
        status: int = 200,
        first: FirstPassword | None = None,
        wrong: str = "",
        name: str = "",
    ) -> Response:
        people, seen, contacts = await run_in_threadpool(self._all)
        return self.render(
            request,
            "people.html",
            status=status,
            people=people,
            seen=seen,
            contacts=contacts,
            first=first,
            wrong=wrong,
            name=name,
            sign_in=f"{self.boat.settings.public_base}{BASE}/",
        )

    def _add(self, name: str, role: Role, by: Actor) -> str:
        with self.boat.store.writing() as uow:
            return accounts.add_user(uow, name, role=role, by=by, now=self.boat.clock.now())

    def _do(self, act: Callable[..., object], name: str, by: Actor) -> object:
        with self.boat.store.writing() as uow:
            return act(uow, name, by=by, now=self.boat.clock.now())

    def _all(self) -> tuple[list[User], dict[str, datetime], dict[str, list[Contact]]]:
        """Return the accounts, those in use first, when each last signed in, and by which ways each is reached."""
        with self.boat.store.reading() as uow:
            people = sorted(uow.access.users(), key=lambda one: one.disabled_at is not None)
            seen = {one.name: deed.at for one in people if (deed := uow.audit.newest(one.name, ("user.sign_in",)))}
        ways = {one.name: [contact_of(self.boat.keyring, one, way) for way in ContactWay] for one in people}
        return people, seen, {name: [one for one in found if one is not None] for name, found in ways.items()}


def _named(request: Request) -> str:
    """Return the account of a page's address; a name that no account has is told as one that does not exist."""
    name: str = request.path_params["name"]
    return name if accounts.is_name(name) else "?"
