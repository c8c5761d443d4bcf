"""Mistakes of the systemic check and the dead men: a false culprit, a false alarm, a ping that tells of work undone."""

from tests.failure.mutants.mutant import Edit, Mutant

BEAT = "app/domain/heartbeat.py"
VERDICT = "app/watch/systemic/verdict.py"
WORKER = "app/worker/main.py"
TELLER = "app/notify/tell_directly.py"
TIMES = "tests/unit/test_heartbeat.py"
DEAD_MAN = "tests/engines/worker/test_dead_man.py"

MUTANTS = (
    Mutant(
        "a success that comes a little early does not count for its due time",
        "P16",
        (Edit(BEAT, "elif at >= due - self.early:", "elif at >= due:"),),
        (f"{TIMES}::test_a_job_that_is_a_minute_early_each_day_is_never_late",),
    ),
    Mutant(
        "a new beginning of a run that never ended heals it",
        "P16",
        (Edit(BEAT, "started_at=self.started_at or at)", "started_at=at)"),),
        (f"{TIMES}::test_a_run_that_does_not_end_is_overdue_from_its_beginning_and_another_one_heals_nothing",),
    ),
    Mutant(
        "whoever holds most of the stuck orders is the cause, however many of the others he holds",
        "P16",
        (Edit(VERDICT, "self.share >= TIMES_AS_MANY * self.healthy_share", "self.share > 0"),),
        ("tests/unit/test_systemic.py::test_the_biggest_shop_is_not_the_cause_because_it_is_the_biggest",),
    ),
    Mutant(
        "the switch hears of a patrol before its commit",
        "P16",
        (
            Edit(
                WORKER,
                "        if self._patrol.go_round():\n            self._patrolled.work_is_done()\n",
                "        self._patrolled.work_is_done()\n        self._patrol.go_round()\n",
            ),
        ),
        (f"{DEAD_MAN}::test_a_round_whose_commit_fails_is_told_to_nobody",),
    ),
    Mutant(
        "a patrol waits until the switch has answered",
        "P16",
        (
            Edit(
                WORKER,
                "            watch=lambda: asyncio.to_thread(self._watch),\n",
                "            watch=self._watch_and_tell,\n",
            ),
            Edit(
                WORKER,
                "    def _watch(self) -> int:\n",
                "    async def _watch_and_tell(self) -> int:\n        await asyncio.to_thread(self._watch)\n"
                "        return await self._tell_dead_men()\n\n    def _watch(self) -> int:\n",
            ),
        ),
        (f"{DEAD_MAN}::test_a_switch_that_hangs_delays_no_work",),
    ),
    Mutant(
        "each web process tells of the worker's silence",
        "P16",
        (
            Edit(TELLER, "[message.as_row() for", '[{**message.as_row(), "once": self._holder + message.once} for'),
            Edit(
                TELLER,
                "            if uow.outbox_of_alerts.claim(alert, now=now):\n",
                "            if uow.outbox_of_alerts.claim(alert, now=now) or True:\n",
            ),
        ),
        ("tests/engines/watch/test_telling_of_silence.py::test_a_web_process_tells_the_group_once[sqlite]",),
    ),
)
