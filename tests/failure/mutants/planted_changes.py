"""Mistakes about changes of storefronts, by which one is lost between the file and the note, and about their lists."""

from tests.failure.mutants.mutant import Edit, Mutant

CHANGE = "app/orders/change.py"
FOLLOW = "app/store/follow_changes.py"
CLAIM = "app/batch/claim.py"
PUBLISH = "app/batch/publish.py"
MAKER = "app/batch/maker.py"
SHEETS = "app/batch/publish_changes.py"
SHEET = "app/files/change_sheet.py"
ROWS = "app/store/repositories/changes.py"
FEED = "app/store/repositories/order_feed.py"
ORDERS = "app/store/repositories/orders.py"
HAND = "app/web/api/at_hand.py"
LIST = "app/web/api/own_orders.py"
UPLOAD = "app/handback/upload.py"
CLIENT = "examples/clients/place_order.py"
VERBS = "tests/engines/orders/test_changes.py"
MEETS = "tests/engines/batch/test_changes_meet_the_maker.py"
FEEDS = "tests/engines/orders/test_order_feed.py"
HTTP = "tests/integration/test_changes_over_http.py"
CLIENTS = "tests/integration/test_example_clients.py"

MUTANTS = (
    Mutant(
        "a change of an order in a file is made in the order and told nobody",
        "P7",
        (Edit(CHANGE, "done = there_already or (not _is_out(row) and follow(", "done = there_already or (follow("),),
        (f"{VERBS}::test_once_a_file_has_the_order_the_change_is_noted_and_the_order_left_alone[sqlite-paid]",),
    ),
    Mutant(
        "an order that leaves its batch leaves its change behind",
        "P7",
        (
            Edit(
                PUBLISH,
                "        follow_noted(change.uow, self._keys, list(breaking), now=self._lease.now)\n",
                "",
            ),
        ),
        (f"{MEETS}::test_an_order_that_leaves_its_batch_before_there_is_a_file_takes_its_change_along[sqlite]",),
    ),
    Mutant(
        "a repair brings a cancelled order again",
        "P7",
        (Edit(MAKER, "            follow_noted(uow, self._keys, failed, now=now)\n", ""),),
        (f"{VERBS}::test_a_repair_brings_what_was_paid_and_leaves_out_what_was_cancelled[sqlite]",),
    ),
    Mutant(
        "an order that is paid is held for a payment that was judged before",
        "P8",
        (Edit(CLAIM, "again = change.uow.changes.resealed([row for row in rows if row.id in held])", "again = []"),),
        (f"{MEETS}::test_an_order_that_is_paid_while_a_maker_is_about_to_hold_it_for_that_goes_out[sqlite]",),
    ),
    Mutant(
        "the order is read without its lock",
        "P7",
        (
            Edit(
                ROWS,
                "return self._session.scalars(query.with_for_update()).first()",
                "return self._session.scalars(query).first()",
            ),
        ),
        (f"{MEETS}::test_a_change_waits_for_the_maker_that_has_the_order_and_is_noted",),
    ),
    Mutant(
        "a retry told otherwise is answered like the first",
        "P2",
        (
            Edit(
                CHANGE,
                "        if open_wish(keyring, earlier, row.number) != wish:\n            raise ChangeConflict\n",
                "",
            ),
        ),
        (f"{VERBS}::test_the_same_change_told_otherwise_is_refused",),
    ),
    Mutant(
        "told before the file is on disk",
        "P7",
        (Edit(SHEETS, "            keep_changes(self._exports, manifest, data)\n", ""),),
        (f"{MEETS}::test_a_publisher_that_dies_at_any_step_is_followed_by_one_that_tells_everything[sqlite]",),
    ),
    Mutant(
        "an edition is kept whatever was published meanwhile",
        "P7",
        (
            Edit(
                ROWS,
                "mine = and_(ChangeSheet.batch_id == sheet.batch_id, ChangeSheet.edition == after)",
                "mine = and_(ChangeSheet.batch_id == sheet.batch_id)",
            ),
        ),
        (f"{MEETS}::test_two_that_publish_at_once_end_with_the_newest_edition",),
    ),
    Mutant(
        "a storefront's reason executes in ops' spreadsheet",
        "security",
        (Edit(SHEET, "word, at, defuse(reason))", "word, at, reason)"),),
        (f"{MEETS}::test_a_hostile_reason_reaches_the_file_as_text[sqlite]",),
    ),
    Mutant(
        "results of changes are taken for results of orders",
        "P10",
        (Edit(UPLOAD, "    if is_about_changes(upload.data, raw.unused_columns):\n", "    if False:\n"),),
        (f"{HTTP}::test_changes_of_a_batch_come_in_a_file_and_its_results_go_back",),
    ),
    Mutant(
        "an order in the spool is unknown",
        "P3",
        (Edit(HAND, "raise StoreAway if kept else NotFound(NOT_FOUND)", "raise NotFound(NOT_FOUND)"),),
        (f"{HTTP}::test_an_order_that_is_only_in_the_spool_is_away_and_never_unknown[waiting]",),
    ),
    Mutant(
        "what changes keeps its place in the list",
        "P3",
        (Edit(ORDERS, "            take_places(self._session, [row.id for row in rows], now=now)\n", ""),),
        (f"{FEEDS}::test_orders_come_as_they_came_in_and_again_when_they_change[sqlite]",),
    ),
    Mutant(
        "the list goes by the time that an order tells",
        "P3",
        (Edit(FEED, "floor = max(changed_at, floor) if floor is not None else changed_at", "floor = changed_at"),),
        (f"{FEEDS}::test_whoever_lists_by_time_misses_nothing_that_was_committed_late[sqlite]",),
    ),
    Mutant(
        "a cursor is believed without its mark",
        "security",
        (Edit(LIST, "if packed[:MARK_LENGTH] == _mark(marker, client_id, said):", "if packed:"),),
        (f"{HTTP}::test_a_cursor_is_ours_or_refused_and_is_nobody_elses",),
    ),
    Mutant(
        "the example makes a new key for each try",
        "P2",
        (Edit(CLIENT, 'headers["Idempotency-Key"] = order_id', 'headers["Idempotency-Key"] = str(random.random())'),),
        (f"{CLIENTS}::test_whatever_happens_there_is_one_order[python-cut-busy]",),
    ),
    Mutant(
        "the example comes back before it was asked to",
        "P2",
        (Edit(CLIENT, "wait = retry_after(headers) + jittered", "wait = jittered"),),
        (f"{CLIENTS}::test_whatever_happens_there_is_one_order[python-cut-busy]",),
    ),
)
