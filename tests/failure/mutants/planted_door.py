"""Mistakes at the door: in the fast lane, and in the log that is copied back beside the commits."""

from tests.failure.mutants.mutant import Edit, Mutant

LANE = "app/web/door/fast_path.py"
ORDER = "app/web/door/fast_order.py"
TESTS = "tests/integration/test_fast_path_connections.py::"

QUEUE = "tests/unit/test_group_commit.py"
HEALTH = "tests/integration/test_health.py"

MUTANTS = (
    Mutant(
        "closing trusts the class of a loop's timer",
        "P13",
        (
            Edit(
                "app/store/commit/group_commit.py",
                "if isinstance(self._probe, CommitGroup):\n            self._probe.settle()\n        elif self._probe is not None:",
                "if not isinstance(self._probe, asyncio.TimerHandle | None):\n            self._probe.settle()\n        else:",
            ),
        ),
        (f"{QUEUE}::test_closing_while_the_store_is_away_comes_to_its_end_on_the_loop_that_the_door_runs_on",),
    ),
    Mutant(
        "a full disk is ready for orders",
        "P12",
        (
            Edit(
                "app/web/ops/health.py",
                "or (free is not None and free < ROOM_FOR_ORDERS)",
                "or (free is None and not free)",
            ),
        ),
        (f"{HEALTH}::test_where_the_last_order_was_refused_and_no_room_has_come_since_it_is_not_ready",),
    ),
    Mutant(
        "the lane answers before the commit",
        "P1",
        (
            Edit(
                ORDER,
                "passed_on=self._passed_on,\n            )\n",
                "passed_on=self._passed_on,\n            )\n"
                "            from datetime import UTC, datetime\n"
                '            self.set_result(Stored(datetime.now(UTC), "normal", replayed=False, same_body=True))\n',
            ),
        ),
        (f"{TESTS}test_nobody_is_answered_before_the_commit",),
    ),
    Mutant(
        "a chunked body is not counted in the lane",
        "P12",
        (Edit(ORDER, "        self._size += len(piece)\n", ""),),
        (f"{TESTS}test_a_chunked_body_is_refused_at_the_limit",),
    ),
    Mutant(
        "a head that drips is waited for",
        "P12",
        (Edit(LANE, "if self.in_head and waited > HEAD_WITHIN:", "if self.in_head and waited > 1e9:"),),
        (f"{TESTS}test_a_head_that_drips_is_cut_off",),
    ),
    Mutant(
        "a crowd is refused without a time to come back",
        "P12",
        (Edit(LANE, "        if not behind and self._crowded():", "        if False:"),),
        (f"{TESTS}test_where_too_many_are_connected_the_next_one_is_refused",),
    ),
    Mutant(
        "a reader of old pages makes the writers wait",
        "P12",
        (
            Edit(
                "app/store/database/checkpoint.py",
                "        if copied < pages:  # somebody still reads an old page",
                "        if pages < 0:  # somebody still reads an old page",
            ),
            Edit("app/store/database/checkpoint.py", "return not busy and copied == pages", "return True"),
        ),
        ("tests/engines/store/test_checkpoint.py::test_somebody_who_reads_an_old_page_keeps_no_order_waiting",),
    ),
)
