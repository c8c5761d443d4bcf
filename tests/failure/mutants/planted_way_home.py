"""Mistakes by which an order is settled on a guess, sent twice, or forgotten on its way home."""

from tests.failure.mutants.mutant import Edit, Mutant

LOOK_UP = "app/orders/look_up.py"
LOOK_UPS = "app/store/repositories/look_ups.py"
CONCLUDE = "app/handback/replay/conclude.py"
RUN = "app/handback/replay/run.py"
SETTLED = "tests/engines/orders/test_look_up.py"
REPLAYED = "tests/engines/handback/test_replay.py"

MUTANTS = (
    Mutant(
        "an order is looked up at once, while a slow main system still stores it",
        "P2",
        (
            Edit(
                "app/domain/look_up.py",
                "return min(handed_over_at, now) + NOT_BEFORE",
                "return min(handed_over_at, now)",
            ),
        ),
        (f"{SETTLED}::test_a_no_is_believed_late_and_not_at_once",),
    ),
    Mutant(
        "the first no lets an order go",
        "P2",
        (Edit("app/domain/way_home.py", "BELIEVED_AFTER = 3", "BELIEVED_AFTER = 1"),),
        (f"{SETTLED}::test_a_no_is_believed_late_and_not_at_once",),
    ),
    Mutant(
        "its no is believed while it is still away",
        "P2",
        (
            Edit(
                LOOK_UP,
                "if absent and not is_back(uow.passed_on.newest_sent_at(since=now - QUIET), now=now):",
                "if False:",
            ),
        ),
        (f"{SETTLED}::test_while_orders_that_were_sent_first_still_come_its_no_is_not_believed",),
    ),
    Mutant(
        "a no from before another attempt still counts",
        "P2",
        (Edit(LOOK_UP, "if absent and noted.times != look.times:", "if False:"),),
        (f"{SETTLED}::test_a_further_attempt_makes_the_answers_before_it_worthless",),
    ),
    Mutant(
        "a look that was taken over is heard all the same",
        "P2",
        (
            Edit(
                LOOK_UP,
                "if look is None or not look.is_open or look.leased_until != asked.until:",
                "if look is None or not look.is_open:",
            ),
        ),
        (f"{SETTLED}::test_a_late_answer_of_a_look_that_was_taken_over_is_not_heard",),
    ),
    Mutant(
        "who asks again and again makes a no believed",
        "P2",
        (Edit(LOOK_UPS, "LookUp.asked_at <= now - LEAST_APART", "LookUp.asked > 0"),),
        (f"{SETTLED}::test_who_asks_again_and_again_does_not_make_a_no_believed_sooner",),
    ),
    Mutant(
        "orders of a drill are asked about",
        "P11",
        (
            Edit(
                LOOK_UPS,
                ".where(UNSETTLED.query, OrderRow.state == OrderState.HELD, OrderRow.drill.is_(False))",
                ".where(UNSETTLED.query, OrderRow.state == OrderState.HELD)",
            ),
        ),
        (f"{SETTLED}::test_drills_and_orders_that_went_on_are_never_asked_about",),
    ),
    Mutant(
        "that an order is sent is not written down before it is",
        "P2",
        (
            Edit(
                CONCLUDE,
                "row.state, row.sends, row.due_at = SentState.SENT, row.sends + 1, one.now + RESTS[0]",
                "row.due_at = one.now + RESTS[0]",
            ),
        ),
        (f"{REPLAYED}::test_an_answer_that_never_comes_is_looked_for_and_not_sent_again",),
    ),
    Mutant(
        "the others leave before the first order has been found",
        "P2",
        (Edit(RUN, "alone=not replay.proven", "alone=False"),),
        (f"{REPLAYED}::test_nothing_more_leaves_before_the_first_order_has_been_found_there",),
    ),
    Mutant(
        "a paused replay goes on",
        "P2",
        (
            Edit(
                RUN,
                "if replay is None or replay.state != ReplayState.RUNNING:",
                "if replay is None:",
            ),
        ),
        (f"{REPLAYED}::test_paused_nothing_leaves_and_given_up_what_is_unknown_is_a_persons",),
    ),
    Mutant(
        "an order that a file brought home is sent all the same",
        "P2",
        (
            Edit(
                CONCLUDE,
                "if order is None or order.state != OrderState.BATCHED or order.batch_id != row.batch_id:",
                "if order is None:",
            ),
        ),
        (f"{REPLAYED}::test_what_a_file_brought_home_meanwhile_is_not_sent",),
    ),
    Mutant(
        "a limit uses up an attempt",
        "P2",
        (Edit(CONCLUDE, "            row.sends -= 1\n", ""),),
        (f"{REPLAYED}::test_a_limit_charges_no_order_and_is_waited_out",),
    ),
)
