"""A deployment with a clock of ours, orders put in as the door does, and somebody at the console without a screen."""

import hashlib
import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from app import settings
from app.access import accounts
from app.bootstrap import Lifeboat, open_lifeboat
from app.domain.caller import Caller
from app.intake.accept import Intake
from app.intake.schemas import read_order
from app.store.database.engine import open_engines
from app.store.database.migrate import migrate
from app.store.tables import Batch, Client, ClientKey, Message
from app.web.application import WebApp
from tests.deployment.facts import IT
from tests.fakes.clock import ClockAt

NOON = datetime(2026, 11, 22, 4, 10, tzinfo=UTC)
"""12:10 in Shanghai."""

SHOP = Caller("shop", "抖音旗舰店", "intake", drill=False)
PASSWORD = "boat-in-the-storm-7"
CSRF = "starlette_admin_csrftoken"


@cache
def _migrated() -> Path:
    path = Path(tempfile.mkdtemp()) / "lifeboat.db"
    engines = open_engines(f"sqlite:///{path}")
    migrate(engines)
    engines.dispose()  # the last connection to close folds the log into the file
    return path


ROLES = {"mei": "ops", "zhang": "it", "boss": "admin", "guest": "viewer"}


class Rig:
    """One deployment under test."""

    def __init__(self, folder: Path, **knobs: object) -> None:
        self.clock = ClockAt(NOON)
        (folder / "data").mkdir(parents=True)
        shutil.copy(_migrated(), folder / "data" / "lifeboat.db")  # migrating takes longer than most tests
        chosen = settings.load(_env_file=None, data_dir=folder / "data", export_dir=folder / "exports", **knobs)
        self.boat: Lifeboat = open_lifeboat(chosen, clock=self.clock)
        self.boat.prepare_store()
        self.web = WebApp(self.boat)
        with self.boat.store.writing() as uow:
            key = ClientKey(id="k1", client_id=SHOP.client_id, secret_sha256=b"x" * 32, created_at=NOON)
            uow.access.add_client(Client(id=SHOP.client_id, name=SHOP.name, scope="intake", created_at=NOON), key)

    def person(self, name: str, role: str = "ops", password: str | None = PASSWORD) -> str:
        """Add an account and return its password."""
        with self.boat.store.writing() as uow:
            return accounts.add_user(uow, name, role=role, password=password, by=IT, now=self.clock.now())

    def order(self, *, key: str, at: datetime | None = None, **fields: object) -> str:
        """Accept one order and return its number."""
        body = {"phone": "13800138000", "items": [{"sku": "A-1001", "quantity": 1, "unit_price": "599.00"}], **fields}
        chosen = self.boat.settings
        intake = Intake(
            self.boat.keyring,
            self.web.runtime.commit,
            prefix=chosen.order_prefix,
            high_above_fen=chosen.high_priority_above_fen,
        )
        new = intake.prepare(read_order(json.dumps(body).encode()), SHOP, idempotency_key=key)
        self.boat.writer().write([new], [at or self.clock.now()])
        return new.number

    def batch(self, numbers: list[str], *, at: datetime | None = None, content: bytes = b"a,b\r\n1,2\r\n") -> str:
        """Publish a batch of these orders with a file, and return its name."""
        now = at or self.clock.now()
        with self.boat.store.writing() as uow:
            incident = uow.incidents.latest()
            assert incident is not None
            rows = [uow.orders.numbered(number) for number in numbers]
            serial = len(uow.batches.page()) + 1
            name = f"B{now:%Y%m%d-%H%M}-{serial}"
            sha256 = hashlib.sha256(content).hexdigest()
            manifest: dict[str, Any] = {
                "batch": name,
                "incident": incident.name,
                "files": [{"name": f"{name}.csv", "format": "csv", "rows": 1, "bytes": len(content), "sha256": sha256}],
                "checks": [{"name": "one_live_batch", "passed": True, "detail": "每笔订单只在一个批次中"}],
            }
            batch = uow.batches.start(
                Batch(
                    name=name,
                    incident_id=incident.id or 0,
                    kind="regular",
                    columns="generic",
                    state="published",
                    window_from=now - timedelta(minutes=30),
                    window_to=now,
                    claimed_at=now,
                    lease_until=now,
                    published_at=now,
                    orders=len(rows),
                    rows=len(rows),
                    total_fen=sum(row.total_fen or 0 for row in rows if row),
                    sha256=sha256,
                    manifest=manifest,
                )
            )
            uow.orders.join_batch([row.id or 0 for row in rows if row], batch_id=batch.id or 0)
        path = self.boat.settings.export_dir / manifest["incident"] / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def message(self, once: str, **columns: object) -> None:
        """Add a message."""
        known = {"subject": "order", "channel": "wecom", "created_at": self.clock.now(), "due_at": self.clock.now()}
        with self.boat.store.writing() as uow:
            uow.messages.add(Message(once=once, content={}, **{**known, **columns}))  # type: ignore[arg-type]

    def order_id(self, number: str) -> int:
        """Return an order's row id."""
        with self.boat.store.reading() as uow:
            row = uow.orders.numbered(number)
        assert row is not None
        return row.id or 0


async def at(rig: Rig, name: str) -> "Browser":
    """Return a browser in which ``name`` has signed in; the name says the role."""
    rig.person(name, ROLES[name])
    browser = Browser(rig)
    assert (await browser.sign_in(name)).status_code == 303
    return browser


class Browser:
    """Somebody at the console."""

    def __init__(self, rig: Rig, *, address: str = "203.0.113.7", base: str = "http://lifeboat.test") -> None:
        transport = httpx.ASGITransport(rig.web, client=(address, 50000))
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
        if csrf:
            if CSRF not in self.cookies:
                await self.get("/login")
            data["csrftoken"] = self.cookies[CSRF]
        return await self._client.post(f"/console{path}", data=data)

    async def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Fill in the sign-in form."""
        return await self.post("/login", {"username": name, "password": password})

    async def reads(self, path: str) -> str:
        """Open a page that must be there, and return it."""
        page = await self.get(path)
        assert page.status_code == 200, (path, page.status_code, page.headers.get("location"))
        return page.text
