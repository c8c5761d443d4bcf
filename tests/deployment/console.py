"""People at the console, without a screen."""

import re
from dataclasses import dataclass

import httpx

from app.access import accounts
from app.bootstrap import Lifeboat
from app.web.application import WebApp
from app.web.console.csrf import FIELD
from tests.deployment.facts import IT

PASSWORD = "boat-in-the-storm-7"
ROLES = {"lan": "service", "mei": "ops", "zhang": "it", "boss": "admin", "guest": "viewer"}


@dataclass
class Console:
    """The console of one web process, and the accounts of those who use it."""

    boat: Lifeboat
    web: WebApp

    def add_person(self, name: str, role: str = "ops", password: str | None = PASSWORD) -> str:
        """Add an account and return its password."""
        with self.boat.store.writing() as uow:
            return accounts.add_user(uow, name, role=role, password=password, by=IT, now=self.boat.clock.now())

    def browser(self, *, address: str = "203.0.113.7", base: str = "http://lifeboat.test") -> "Browser":
        """Return a browser in which nobody has signed in."""
        return Browser(self.web, address=address, base=base)

    async def signed_in(self, name: str) -> "Browser":
        """Return a browser in which ``name`` has signed in; the name says the role."""
        self.add_person(name, ROLES[name])
        browser = self.browser()
        assert (await browser.sign_in(name)).status_code == 303
        return browser


class Browser:
    """Somebody at the console."""

    def __init__(self, web: WebApp, *, address: str, base: str) -> None:
        transport = httpx.ASGITransport(web, client=(address, 50000))
        self._base = base
        self._client = httpx.AsyncClient(transport=transport, base_url=base)

    @property
    def cookies(self) -> httpx.Cookies:
        """What the browser keeps."""
        return self._client.cookies

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return await self._client.get(f"/console{path}", headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def post(self, path: str, fields: dict[str, str] | None = None, *, csrf: bool = True) -> httpx.Response:
        """Send a form as its page would."""
        data = dict(fields or {})
        headers = {"origin": self._base} if csrf else {}
        if csrf and (token := await self.form_token()):
            data[FIELD] = token
        return await self._client.post(f"/console{path}", data=data, headers=headers)

    async def upload(
        self, path: str, file: bytes | None = None, *, name: str = "results.csv", fields: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a form with a file as its page would."""
        data = {FIELD: await self.form_token() or "", **(fields or {})}
        files = {"file": (name, file if file is not None else b"")}
        return await self._client.post(f"/console{path}", data=data, files=files)

    async def form_token(self) -> str | None:
        """Return what the forms of this session carry, None where nobody has signed in."""
        found = re.search(rf'name="{FIELD}" value="([^"]+)"', (await self.get("/account")).text)
        return found[1] if found else None

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Fill in the sign-in form."""
        return await self.post("/login", {"username": name, "password": password})

    async def reads(self, path: str) -> str:
        """Open a page that must be there, and return it."""
        page = await self.get(path)
        assert page.status_code == 200, (path, page.status_code, page.headers.get("location"))
        return page.text
