"""店铺密钥: an administrator lets a storefront in; a secret is shown on one answer and never again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.clients import ClientError, IssuedKey, Scope, add_client, revoke_key, rotate_key
from app.domain.actor import Actor
from app.store.tables import Client, ClientKey
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless, span
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say

SCOPES: tuple[Scope, ...] = get_args(Scope)
STILL = timedelta(minutes=10)
"""An old key that was used so lately is in use: its storefront has not switched yet."""

EXAMPLE = """curl -i -X POST {address}/v1/orders \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/json' \\
  -d '{{"client_order_id": "TEST-1", "phone": "换成手机号", "items": [{{"sku": "A-1001", "name": "跑步鞋 42", \
"quantity": 1, "unit_price": "1.00"}}], "total": "1.00", "recipient": {{"name": "张三", "province": "浙江省", \
"city": "杭州市", "district": "西湖区", "address": "文三路 1 号"}}, "payment": {{"status": "unpaid"}}}}'"""
"""How a storefront orders. Pasted as it is, it proves the key by 422 and orders nothing: an order would open an
incident and text a customer."""

EXAMPLE_OF_FILES = """curl {address}/v1/batches -H 'Authorization: Bearer {key}'"""


@dataclass(frozen=True, slots=True)
class ShownClient:
    """A storefront and its keys in use, oldest first."""

    client: Client
    keys: tuple[ClientKey, ...]
    uses: dict[str, datetime]

    def advice(self, now: datetime) -> str:
        """Return whether the old one of two keys may be revoked; empty while there is one."""
        if len(self.keys) < 2:  # noqa: PLR2004 - the old one and the new
            return ""
        old, new = self.keys[0], self.keys[-1]
        used = self.uses.get(old.id)
        if used is not None and now - used < STILL:
            return f"旧密钥{_ago(now - used)}还在用：等店铺换上新密钥再吊销。"
        if new.id not in self.uses:
            return "新密钥还没有用过：请先让店铺换上，再吊销旧密钥。"
        return f"旧密钥{f'已 {span(now - used)}' if used else '从来'}没有用过，新密钥在用：可以吊销旧密钥。"


class KeyPages(ConsolePage):
    """The storefronts there are, and a form for another."""

    path = "/keys"
    title = "店铺密钥"
    entry = "settings"

    @route("", name="keys")
    async def index(self, request: Request) -> Response:
        """List the storefronts and their keys."""
        return await self._shown(request)

    @route("", name="key-add", methods=("POST",))
    async def add(self, request: Request) -> Response:
        """Let a storefront in; its key is shown on this answer alone."""
        form = await request.form()
        name, scope, drill = str(form.get("name") or "")[:200], str(form.get("scope") or ""), bool(form.get("drill"))
        chosen: Scope | None = next((one for one in SCOPES if one == scope), None)
        if chosen is None:
            return await self._shown(request, status=422, wrong="请选择权限。", name=name)
        try:
            issued = await run_in_threadpool(self._add, name, chosen, drill=drill, by=actor_of(request))
        except ClientError as error:
            return await self._shown(request, status=422, wrong=str(error), name=name)
        return await self._shown(request, issued=issued)

    @route("/{name:str}/rotate", name="key-rotate", methods=("POST",))
    async def rotate(self, request: Request) -> Response:
        """Give a storefront a second key; its first goes on until it is revoked."""
        try:
            issued = await run_in_threadpool(self._rotate, _id_in(request), actor_of(request))
        except ClientError as error:
            return self._back(request, str(error))
        return await self._shown(request, issued=issued)

    @route("/{name:str}/revoke", name="key-revoke", methods=("POST",))
    async def revoke(self, request: Request) -> Response:
        """Revoke a key."""
        key_id = _id_in(request)
        try:
            await run_in_threadpool(self._revoke, key_id, actor_of(request))
        except ClientError as error:
            return self._back(request, str(error))
        say(request, f"密钥 {key_id} 已吊销，数秒内在所有进程失效。不能恢复；店铺仍要下单，请另发一把。")
        return RedirectResponse(f"{BASE}/keys", status_code=303)

    def _back(self, request: Request, why: str) -> Response:
        say(request, harmless(why, 200), "error")
        return RedirectResponse(f"{BASE}/keys", status_code=303)

    async def _shown(
        self, request: Request, *, status: int = 200, issued: IssuedKey | None = None, wrong: str = "", name: str = ""
    ) -> Response:
        clients = await run_in_threadpool(self._all)
        of = next((one.client for one in clients if issued and one.client.id == issued.client_id), None)
        return self.render(
            request,
            "keys.html",
            status=status,
            clients=clients,
            at=self.boat.clock.now(),
            scopes=SCOPES,
            wrong=wrong,
            name=name,
            **(self._once(issued, of) if issued and of else {}),
        )

    def _once(self, issued: IssuedKey, client: Client) -> dict[str, Any]:
        """Return what is shown this once: the key, how it is tried, and a picture of it."""
        example = {"intake": EXAMPLE, "ops": EXAMPLE_OF_FILES}.get(client.scope, "")
        picture = segno.make(issued.key).svg_inline(omitsize=True, border=2)
        return {
            "issued": issued,
            "issued_to": client,
            "example": example.format(address=self.boat.settings.public_base, key=issued.key),
            "picture": Markup(picture),  # noqa: S704 - made by us
        }

    def _add(self, name: str, scope: Scope, *, drill: bool, by: Actor) -> IssuedKey:
        with self.boat.store.writing() as uow:
            return add_client(uow, name, scope=scope, drill=drill, by=by, now=self.boat.clock.now())

    def _rotate(self, client_id: str, by: Actor) -> IssuedKey:
        with self.boat.store.writing() as uow:
            return rotate_key(uow, client_id, by=by, now=self.boat.clock.now())

    def _revoke(self, key_id: str, by: Actor) -> None:
        with self.boat.store.writing() as uow:
            revoke_key(uow, key_id, by=by, now=self.boat.clock.now())

    def _all(self) -> list[ShownClient]:
        with self.boat.store.reading() as uow:
            clients, active = uow.access.clients(), uow.access.active_keys()
            uses = uow.access.uses([key.id for key, _ in active])
        mine: dict[str, list[ClientKey]] = {client.id: [] for client in clients}
        for key, client in sorted(active, key=lambda one: (one[0].created_at, one[0].id)):
            mine[client.id].append(key)
        shown = [ShownClient(client, tuple(mine[client.id]), uses) for client in clients]
        return sorted(shown, key=lambda one: not one.keys)


def _id_in(request: Request) -> str:
    """Return the id in a page's address; what no id can be becomes one that nobody has."""
    text: str = request.path_params["name"]
    return text if text.isascii() and text.isalnum() and len(text) <= 16 else "?"  # noqa: PLR2004 - what the column holds


def _ago(length: timedelta) -> str:
    return "刚刚" if length < timedelta(minutes=1) else f" {span(length)}前"
