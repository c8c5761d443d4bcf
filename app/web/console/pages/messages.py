"""Messages: how each way out is, what was sent, what waits, what was given up and why; another try, and a stop."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.bootstrap import policy_of
from app.channels.reasons import without_code
from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.notify.channel_health import channel_health
from app.notify.dispatch.requeue import DeadLetters, chosen_dead, requeue_dead
from app.notify.hold import hold_channel, named, release_channel
from app.notify.policy import MessagePolicy
from app.notify.rendered import rendered
from app.notify.samples import samples
from app.web.console.auth import actor_of
from app.web.console.filters import BASE
from app.web.console.page import ConsolePage, cursor_of, may_of, with_query
from app.web.console.routing import route
from app.web.console.said import say

LASTING = {"15": "15 分钟", "60": "1 小时", "240": "4 小时", "1440": "24 小时"}
"""Minutes for which a channel may be stopped."""

_LONGEST_FIELD = 64


class MessagePages(ConsolePage):
    """Messages by state, newest first."""

    path = "/messages"
    title = "消息"
    entry = "messages"

    @route("", name="messages")
    async def index(self, request: Request) -> Response:
        """List messages, below how each way out is doing."""
        chosen = request.query_params.get("state", "")
        chosen = chosen if chosen in words.MESSAGE_FILTERS else ""
        shown = await run_in_threadpool(self._list, chosen, cursor_of(request))
        page = shown["page"]
        more = with_query(request, before=page.before) if page.before else None
        context: dict[str, Any] = {"chosen": chosen, "more": more, "paged": cursor_of(request), "lasting": LASTING}
        return self.render(request, "messages.html", plain=without_code, **context, **shown)

    @route("/samples", name="message-samples")
    async def show_samples(self, request: Request) -> Response:
        """Show how each kind of message reads, with invented data."""
        return self.render(request, "samples.html", samples=samples(await run_in_threadpool(self._policy)))

    @route("/{id:int}", name="message")
    async def show(self, request: Request) -> Response:
        """Show what a message says, and each attempt with the provider's answer."""
        shown = await run_in_threadpool(self._one, request.path_params["id"], may_of(request, "order-unmask"))
        return self.render(request, "message.html", plain=without_code, **shown)

    @route("/retry", methods=("POST",), name="messages-retry")
    async def retry(self, request: Request) -> Response:
        """Queue dead letters again; of many it is asked first, with their number."""
        form = await request.form()
        fields = {name: str(form.get(name) or "")[:_LONGEST_FIELD] for name in ("id", "kind", "since")}
        try:
            wanted = self._wanted(fields)
            if wanted.ids is None and not form.get("confirmed"):
                count = await run_in_threadpool(self._count, wanted)
                return self.render(request, "retry.html", count=count, fields=fields)
            moved = await run_in_threadpool(self._retry, wanted, actor_of(request))
            say(request, f"已将 {moved} 条消息重新排队，几秒内发出。")
        except Refusal as refusal:
            say(request, str(refusal), "error")
        return RedirectResponse(f"{BASE}/messages?state=dead", status_code=303)

    @route("/hold", methods=("POST",), name="channel-hold")
    async def hold(self, request: Request) -> Response:
        """Stop a channel for a while."""
        form = await request.form()
        minutes, why = str(form.get("minutes") or ""), str(form.get("why") or "")[:1000]
        lasting = timedelta(minutes=int(minutes)) if minutes in LASTING else timedelta()

        def act(names: list[str], by: Actor) -> str:
            with self.boat.store.writing() as uow:
                hold_channel(uow, names, lasting=lasting, why=why, by=by, now=self.boat.clock.now())
            return f"已暂停 {LASTING[minutes]}：消息保留，到时自动恢复，也可随时人工恢复。"

        return await self._done(request, str(form.get("channel") or ""), act)

    @route("/release", methods=("POST",), name="channel-release")
    async def release(self, request: Request) -> Response:
        """Let a channel go on."""

        def act(names: list[str], by: Actor) -> str:
            with self.boat.store.writing() as uow:
                release_channel(uow, names, by=by, now=self.boat.clock.now())
            return "已恢复，等候的消息随即发出。"

        return await self._done(request, str((await request.form()).get("channel") or ""), act)

    async def _done(self, request: Request, name: str, act: Callable[[list[str], Actor], str]) -> Response:
        try:
            names = named(name[:_LONGEST_FIELD], known=(await run_in_threadpool(self._policy)).destinations())
            say(request, await run_in_threadpool(act, names, actor_of(request)))
        except Refusal as refusal:
            say(request, str(refusal), "error")
        return RedirectResponse(f"{BASE}/messages", status_code=303)

    def _wanted(self, fields: dict[str, str]) -> DeadLetters:
        if fields["id"]:
            known = fields["id"].isascii() and fields["id"].isdigit() and len(fields["id"]) < 19  # noqa: PLR2004 - fits 64 bits
            return DeadLetters(ids=(int(fields["id"]),) if known else ())
        try:
            since = datetime.fromisoformat(fields["since"]) if fields["since"] else None
        except ValueError:
            raise Refusal("时间写得不对，请用日期时间控件选择。") from None
        if since is not None and since.tzinfo is None:
            since = since.replace(tzinfo=self.boat.settings.zone)
        return DeadLetters(kind=fields["kind"], since=since)

    def _policy(self) -> MessagePolicy:
        return policy_of(self.boat.live)

    def _count(self, wanted: DeadLetters) -> int:
        with self.boat.store.reading() as uow:
            return len(chosen_dead(uow, wanted))

    def _retry(self, wanted: DeadLetters, by: Actor) -> int:
        with self.boat.store.writing() as uow:
            return requeue_dead(uow, wanted, by=by, now=self.boat.clock.now())

    def _one(self, message_id: int, codes: bool) -> dict[str, Any]:  # noqa: FBT001 - called by a thread pool
        with self.boat.store.reading() as uow:
            message = uow.messages.get(min(message_id, 2**62))
            if message is None:
                raise HTTPException(404)
            return {
                "m": message,
                "text": rendered(message, codes=codes),
                "attempts": uow.attempts.of_messages([message.id or 0]),
                "numbers": uow.overview.order_numbers([message.order_id] if message.order_id else []),
                "batches": uow.overview.batch_names([message.batch_id] if message.batch_id else []),
            }

    def _list(self, chosen: str, before: int | None) -> dict[str, Any]:
        states = words.MESSAGE_FILTERS[chosen][1]
        now = self.boat.clock.now()
        with self.boat.store.reading() as uow:
            page = uow.overview.messages(states, before=before, stuck_at=now if chosen == "stuck" else None)
            unfinished = uow.messages.count_unfinished()
            dead = sum(count for (_, state), count in unfinished.items() if state == "dead")
            settling = sum(count for (_, state), count in unfinished.items() if state == "settling")
            return {
                "page": page,
                "numbers": uow.overview.order_numbers(sorted({m.order_id for m in page.rows if m.order_id})),
                "batches": uow.overview.batch_names(sorted({m.batch_id for m in page.rows if m.batch_id})),
                "ways": channel_health(uow, self._policy(), now=now) if before is None else [],
                "counts": {
                    "dead": dead,
                    "settling": settling,
                    "open": sum(unfinished.values()) - dead - settling,
                },
                "dead_kinds": {m.kind: m for m in uow.messages.in_state("dead")} if chosen == "dead" else {},
            }
