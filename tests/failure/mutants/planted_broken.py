"""Mistakes about orders and rows that break what works on them."""

from tests.failure.mutants.mutant import Edit, Mutant

CLAIM = "app/batch/claim.py"
PUBLISH = "app/batch/publish.py"
BATCHES = "tests/engines/batch/test_batches.py"
BREAK = "tests/engines/batch/test_orders_that_break.py"
DOOR = "tests/integration/test_times_at_the_door.py"

MUTANTS = (
    Mutant(
        "one order that breaks the layout ends the claim",
        "P14",
        (
            Edit(
                CLAIM,
                "                decisions[row.id or 0] = trouble_of(error)\n",
                "                raise RuntimeError from error\n",
            ),
        ),
        (f"{BREAK}::test_one_order_in_a_thousand_is_held_and_the_others_come_out[sqlite]",),
    ),
    Mutant(
        "one order that breaks while its batch is written ends the batch",
        "P14",
        (
            Edit(
                PUBLISH,
                "                    tried.note({row.id or 0: trouble_of(error)})\n",
                "                    raise RuntimeError from error\n",
            ),
        ),
        (f"{BREAK}::test_an_order_that_breaks_when_its_batch_is_written_leaves_it[sqlite]",),
    ),
    Mutant(
        "a layout that breaks has all orders held",
        "P14",
        (
            Edit(
                "app/batch/one_order.py",
                "return len(self.breaking) > A_FEW and 2 * len(self.breaking) > self.orders",
                "return False",
            ),
        ),
        (
            f"{BREAK}::test_where_more_than_a_few_and_more_than_half_break_it_is_the_layout_and_no_order_is_held[sqlite]",
        ),
    ),
    Mutant(
        "the counts of a batch stay as they were when an order leaves it",
        "P7",
        (
            Edit(
                PUBLISH,
                "if (orders, total) != (batch.orders, batch.total_fen):",
                "if not orders and total != batch.total_fen:",
            ),
        ),
        (f"{BREAK}::test_an_order_that_breaks_when_its_batch_is_written_leaves_it[sqlite]",),
    ),
    Mutant(
        "an order that a person cancels stays in the batch that cannot be finished",
        "P14",
        (Edit(PUBLISH, "            orders.let_closed_ones_leave()\n", "            pass\n"),),
        (f"{BREAK}::test_an_order_that_is_cancelled_while_its_batch_cannot_be_finished_leaves_it[sqlite]",),
    ),
    Mutant(
        "an order that a late result brings home leaves its repair for nowhere",
        "P7",
        (Edit(PUBLISH, "if batch.repairs_id is None:", "if batch.id:"),),
        (
            f"{BATCHES}::test_an_order_settled_by_a_late_result_goes_back_to_its_batch_out_of_a_repair_that_has_no_file_yet[sqlite]",
        ),
    ),
    Mutant(
        "an order leaves a file that somebody may have read",
        "P7",
        (Edit(PUBLISH, 'if not exports.path_of(facts.incident, facts.name, "csv").exists():', "if facts.name:"),),
        (f"{BREAK}::test_an_order_that_is_cancelled_after_its_file_could_be_read_stays_in_it[sqlite]",),
    ),
    Mutant(
        "a maker that fails again and again is not counted",
        "P14",
        (Edit("app/batch/lease.py", "failures=batch.failures + 1,", "failures=batch.failures,"),),
        (f"{BREAK}::test_a_mistake_of_ours_puts_off_its_own_batch_and_no_other_incidents[sqlite]",),
    ),
    Mutant(
        "a maker that is killed each time is not counted",
        "P14",
        (
            Edit(
                "app/domain/batch_failure.py",
                "return (code or BatchFailure.DIED + UNDERWAY), failures + 1",
                "return (code or BatchFailure.DIED + UNDERWAY), failures",
            ),
        ),
        (f"{BREAK}::test_a_maker_that_is_killed_each_time_fails_as_well[sqlite]",),
    ),
    Mutant(
        "an order that cannot be composed takes its page along",
        "P9 P14",
        (
            Edit(
                "app/notify/trouble.py",
                "        if is_the_stores_fault(error):\n            raise\n        return error\n",
                "        raise RuntimeError from error\n",
            ),
        ),
        (
            "tests/engines/notify/test_compose.py::test_an_order_that_cannot_be_composed_is_told_by_its_row_and_the_others_as_ever[sqlite]",
        ),
    ),
    Mutant(
        "any year is a time",
        "P14",
        (
            Edit(
                "app/domain/times.py",
                "return moment >= EARLIEST and moment - AHEAD <= now",
                "return moment.year > 0 or now.year > 0",
            ),
        ),
        (f"{DOOR}::test_a_moment_that_can_be_no_time_is_refused_with_its_place",),
    ),
    Mutant(
        "a retry of what an earlier release took is refused",
        "P2 P3",
        (
            Edit(
                "app/bootstrap/order_path.py",
                "        earlier=EarlierOrders(boat.store),\n",
                "        earlier=None if boat.store else EarlierOrders(boat.store),\n",
            ),
        ),
        (f"{DOOR}::test_a_retry_of_an_order_that_was_taken_once_is_answered_with_its_number",),
    ),
    Mutant(
        "one damaged time ends the whole query",
        "P14",
        (Edit("app/store/database/sqlite.py", "    read_leniently(engine)\n", "    read_leniently  # noqa: B018\n"),),
        ("tests/integration/test_a_hostile_database.py::test_no_page_of_the_console_breaks_over_a_bad_row",),
    ),
)
