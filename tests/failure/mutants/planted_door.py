"""Mistakes at the door: in the fast lane, and in the log that is copied back beside the commits."""

from tests.failure.mutants.mutant import Edit, Mutant

LANE = "app/web/door/fast_path.py"
ORDER = "app/web/door/fast_order.py"
TESTS = "tests/integration/test_fast_path_connections.py::"

MUTANTS = (
    Mutant(
        "the lane answers before the commit",
        "P1",
        (
            Edit(
                ORDER,
                "idempotency_key=self._idempotency_key, waiter=self\n            )\n",
                "idempotency_key=self._idempotency_key, waiter=self\n            )\n"
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
