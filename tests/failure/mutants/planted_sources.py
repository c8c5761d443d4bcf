"""Mistakes in reading ERPs and carriers: an order that slips through between two pages, and a state that nobody told."""

from tests.failure.mutants.mutant import Edit, Mutant

BACK = "app/watch/sources/read_back.py"
WINDOW = "app/watch/sources/reading_window.py"
POLL = "app/watch/sources/poll.py"
PAGES = "tests/unit/test_read_back.py"
SOURCES = "tests/engines/watch/test_sources.py"
PARCELS = "tests/engines/watch/test_parcels.py"
MAPS = "tests/unit/test_event_map.py"

MUTANTS = (
    Mutant(
        "pages are read from the first to the last",
        "P16",
        (Edit(BACK, "in reversed(range(", "in iter(range("),),
        (f"{PAGES}::test_every_row_is_met_or_has_left_for_a_later_window",),
    ),
    Mutant(
        "a page that is shorter than it should be is taken as it is",
        "P16",
        (Edit(BACK, "if len(page.rows) >= min(size, total - number * size):", "if total >= 0:"),),
        (f"{PAGES}::test_a_page_that_is_short_below_its_own_total_is_asked_again",),
    ),
    Mutant(
        "rows that come into a window while it is read are left alone",
        "P16",
        (Edit(BACK, "        if most <= head.total:\n", "        if most >= 0:\n"),),
        (f"{PAGES}::test_rows_that_come_into_a_window_have_it_read_again",),
    ),
    Mutant(
        "a log is believed when it says that nothing follows",
        "P16",
        (Edit(BACK, "(not page.more and len(page.rows) < size)", "not page.more"),),
        (f"{PAGES}::test_a_log_is_read_onwards_whatever_it_says_of_more",),
    ),
    Mutant(
        "a window ends now",
        "P16",
        (Edit(WINDOW, "    end = server_now - rules.margin\n", "    end = server_now\n"),),
        (f"{PAGES}::test_no_moment_is_between_two_windows",),
    ),
    Mutant(
        "a window begins where the last one ended",
        "P16",
        (Edit(WINDOW, "        since = stands_at - rules.overlap\n", "        since = stands_at\n"),),
        (f"{SOURCES}::test_a_row_that_was_committed_late_is_found_by_the_overlap[sqlite]",),
    ),
    Mutant(
        "where a source stands is stored before its events",
        "P16",
        (
            Edit(
                POLL,
                "    try:\n        taken = _take(store, sift(store, found.events), now=now)\n",
                "    with store.writing() as early:\n"
                '        early.sources.keep(source.name, kind=source.kind.name, values={"stands_at": window.until})\n'
                "    try:\n        taken = _take(store, sift(store, found.events), now=now)\n",
            ),
        ),
        (f"{SOURCES}::test_where_a_source_stands_moves_only_after_its_events_are_stored[sqlite]",),
    ),
    Mutant(
        "what nobody has tried is polled",
        "P16",
        (Edit(POLL, "if not one.untried or one.name in tried]", "if one.name]"),),
        (f"{SOURCES}::test_guanyi_is_read_once_it_was_tried_also_what_is_void[sqlite]",),
    ),
    Mutant(
        "a call is signed by our own clock whatever the other side's says",
        "P16",
        (
            Edit(
                "app/watch/sources/caller.py",
                "self._ask(write(self.server_now()))",
                "self._ask(write(self._clock.now()))",
            ),
        ),
        (f"{SOURCES}::test_a_clock_that_is_refused_is_made_good_by_the_time_that_the_refusal_tells[sqlite]",),
    ),
    Mutant(
        "a name that contains progress is progress",
        "P16",
        (
            Edit(
                "app/watch/sources/event_map.py",
                "return any(word in self.values for word in found)",
                "return any(value in word for word in found for value in self.values)",
            ),
        ),
        (f"{MAPS}::test_a_name_that_only_contains_progress_is_none",),
    ),
    Mutant(
        "a code that nobody knows is passed over",
        "P16",
        (
            Edit(
                "app/watch/sources/event_map.py",
                '                into.note(f"{name}={code}")\n',
                "                pass\n",
            ),
        ),
        (f"{SOURCES}::test_a_code_that_nobody_knows_is_counted_and_guessed_by_nobody[sqlite]",),
    ),
    Mutant(
        "an error that nobody foresaw looks like no news",
        "P16",
        (
            Edit(
                "app/watch/sources/generic.py",
                "if rows is None or (found is None and total != 0):",
                "if rows is None:",
            ),
        ),
        ("tests/engines/watch/test_generic_source.py::test_a_refusal_is_told_in_its_own_words",),
    ),
    Mutant(
        "a parcel that waits for its pickup was collected",
        "P16",
        (Edit("app/watch/sources/kuaidi100.py", 'COLLECTED_NODE = "103"', 'COLLECTED_NODE = "102"'),),
        (f"{PARCELS}::test_ordered_and_waiting_are_no_scan[sqlite]",),
    ),
    Mutant(
        "a push is believed whoever signed it",
        "P16",
        (Edit("app/watch/sources/push.py", '        return "not_signed"\n', "        pass\n"),),
        ("tests/integration/test_carrier_push.py::test_what_is_not_signed_is_refused",),
    ),
    Mutant(
        "a parcel is noted as asked for once its carrier has answered",
        "P16",
        (
            Edit(
                "app/watch/sources/parcels.py",
                "    await asyncio.to_thread(_note_asked, store, parcel.flow_id, now=now)\n    access = caller.access()\n",
                "    access = caller.access()\n",
            ),
        ),
        (f"{PARCELS}::test_that_it_was_asked_is_stored_before_it_is_asked[sqlite]",),
    ),
)
