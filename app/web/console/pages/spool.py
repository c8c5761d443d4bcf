"""暂存: what waits beside the database on this machine, and the records that wait for a person."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app import words
from app.domain.actor import Actor
from app.domain.problems import Refusal
from app.intake.drain import StoreRefuses
from app.intake.recover import give_up_quarantined, retry_quarantined
from app.store.spool.file import SpoolDamaged, SpoolFull, count_spool, damaged_files, spool_files
from app.store.spool.quarantine import QuarantinedRecord, quarantined_records
from app.web.console.auth import actor_of
from app.web.console.filters import BASE, harmless
from app.web.console.page import ConsolePage
from app.web.console.routing import route
from app.web.console.said import say

SHOWN = 50

Act = Callable[[list[QuarantinedRecord], Actor], str]


class NothingThere(Refusal):
    """The record that is meant has been settled by somebody else."""


class SpoolPage(ConsolePage):
    """The spool of the machine that answers.

    A damaged file is salvaged by the command line alone: it is read whole, up to some gigabytes, and that must not
    happen beside the orders.
    """

    path = "/spool"
    title = "暂存"
    entry = "settings"

    @route("", name="spool")
    async def index(self, request: Request) -> Response:
        """Show what waits, what was set aside, and what is damaged."""
        health = await self.frame.health.document()
        return self.render(request, "spool.html", health=health, **await run_in_threadpool(self._look))

    @route("/retry", name="spool-retry", methods=("POST",))
    async def retry(self, request: Request) -> Response:
        """Offer a record to the store once more, or all of them."""

        def act(records: list[QuarantinedRecord], by: Actor) -> str:
            boat = self.boat
            done = retry_quarantined(
                records,
                store=boat.store,
                writer=boat.writer(),
                clock=boat.clock,
                max_bytes=boat.settings.spool_max_bytes,
                by=by,
            )
            left = f"仍有 {len(done.remaining)} 笔放在一边，原因见下。" if done.remaining else ""
            return f"已结清 {len(done.settled)} 笔。{left}"

        return await self._done(request, act, every_allowed=True)

    @route("/give-up", name="spool-give-up", methods=("POST",))
    async def give_up(self, request: Request) -> Response:
        """Close a record that will not come home, with a reason."""
        why = str((await request.form()).get("why") or "").strip()[:200]
        if not why:
            say(request, "请写明为什么放弃，例如“店铺已换幂等键补单 LB…”。", "error")
            return RedirectResponse(f"{BASE}/spool", status_code=303)

        def act(records: list[QuarantinedRecord], by: Actor) -> str:
            closed = give_up_quarantined(records, store=self.boat.store, by=by, why=why, now=self.boat.clock.now())
            return f"已放弃 {closed} 条：不再告警，原始记录仍留在暂存文件里。"

        return await self._done(request, act, every_allowed=False)

    async def _done(self, request: Request, act: Act, *, every_allowed: bool) -> Response:
        form, by = await request.form(), actor_of(request)

        def do() -> str:
            return act(self._meant(form, every_allowed=every_allowed), by)

        try:
            say(request, await run_in_threadpool(do))
        except NothingThere as error:
            say(request, str(error), "error")
        except StoreRefuses:
            say(request, words.SPOOL_TROUBLES["refused"], "error")
        except SpoolFull:
            say(request, words.SPOOL_TROUBLES["full"], "error")
        except SpoolDamaged:
            say(request, words.SPOOL_TROUBLES["damaged"], "error")
        return RedirectResponse(f"{BASE}/spool", status_code=303)

    def _meant(self, form: FormData, *, every_allowed: bool) -> list[QuarantinedRecord]:
        """Return the records that a form means: one, by its file and place there, or all.

        Raises:
            NothingThere: there is none.
        """
        found = quarantined_records(self.boat.settings.spool_dir)
        if not (every_allowed and form.get("every")):
            meant = (str(form.get("file") or ""), str(form.get("id") or ""))
            found = [one for one in found if (one.file.name, str(one.id)) == meant]
        if not found:
            raise NothingThere("没有这条记录：可能已被结清。")
        return found

    def _look(self) -> dict[str, Any]:
        folder = self.boat.settings.spool_dir
        aside = quarantined_records(folder)
        counts = count_spool(folder)
        with self.boat.store.reading() as uow:
            clients = uow.access.client_names()
        return {
            "machine": self.boat.machine,
            "waiting": counts.waiting,
            "aside": [(one, _reason(one.reason), one.legible()) for one in aside[:SHOWN]],
            "aside_count": len(aside),
            "damaged": [(path.name, _size(path)) for path in damaged_files(folder)],
            "files": [path.name for path in spool_files(folder)],
            "clients": clients,
        }


def _size(path: Path) -> int:
    """Return the bytes of a file, none if a salvage has just renamed it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _reason(code: str) -> str:
    return words.QUARANTINED.get(code, f"数据库拒绝（{harmless(code, 60)}）")
