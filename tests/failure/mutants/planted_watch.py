"""Mistakes of the watch: an order that nobody sees waiting, and a stage that stands still and looks well."""

from tests.failure.mutants.mutant import Edit, Mutant

FLOW = "app/domain/flow.py"
MARKS = "app/domain/marks.py"
SUMS = "app/store/repositories/flows.py"
CLOCK = "app/watch/stages/stage_clock.py"
UNIT = "tests/unit/test_flow.py"
EVENTS = "tests/engines/watch/test_take_events.py"
FIGURES = "tests/engines/watch/test_stage_clock.py"
HOURS = "tests/engines/watch/test_warehouse_hours.py"

MUTANTS = (
    Mutant(
        "the event that arrived last wins",
        "P16",
        (
            Edit(
                FLOW,
                "sorted(events, key=lambda one: (one.at, RANK[one.mark], one.source, one.event_id))",
                "list(events)",
            ),
        ),
        (f"{UNIT}::test_any_order_of_arrival_and_any_repetition_make_the_same_flow",),
    ),
    Mutant(
        "an order is collected once its waybill is filled in",
        "P16",
        (Edit(MARKS, "Mark.PACKED, Mark.COLLECTED,", "Mark.PACKED, Mark.SHIPPED,"),),
        (f"{UNIT}::test_a_finer_mark_proves_a_stage_and_tells_no_end_of_it",),
    ),
    Mutant(
        "a stage begins a little after the one before it has ended",
        "P16",
        (Edit(MARKS, "Mark.QUEUED, Mark.PICKING_PRINTED,", "Mark.ACCEPTED, Mark.PICKING_PRINTED,"),),
        (f"{UNIT}::test_the_five_stages_touch_each_other",),
    ),
    Mutant(
        "times that nobody told are in the mean",
        "P16",
        (Edit(SUMS, "        if not visit.inferred:\n", "        if visit:\n"),),
        (f"{FIGURES}::test_the_figures_are_those_of_the_visits[sqlite]",),
    ),
    Mutant(
        "only orders that have left tell how long a stage takes",
        "P16",
        (Edit(CLOCK, "flow_mean=flow_mean(_minutes(sums), exits),", "flow_mean=sum(left) / max(1, len(left)),"),),
        (f"{FIGURES}::test_a_stage_that_stops_is_seen_although_nobody_leaves_it[sqlite]",),
    ),
    Mutant(
        "a clock that is ahead is believed",
        "P16",
        (Edit(FLOW, "ahead = at > received_at + AHEAD", "ahead = at > received_at + AHEAD * 10**5"),),
        (f"{EVENTS}::test_a_clock_that_is_ahead_is_not_believed_and_its_event_is_known_again[sqlite]",),
    ),
    Mutant(
        "what an order's late event changes is added and what was before stays",
        "P16",
        (Edit(SUMS, "(one.row.channel, one.row.high), -1)", "(one.row.channel, one.row.high), 0)"),),
        (f"{EVENTS}::test_late_events_move_what_was_known_and_nothing_else[sqlite]",),
    ),
    Mutant(
        "an event that comes twice counts twice",
        "P16",
        (Edit("app/watch/stages/take_events.py", "        elif same == said:\n", "        elif same != said:\n"),),
        (f"{EVENTS}::test_an_event_is_stored_once_whoever_repeats_it[sqlite]",),
    ),
    Mutant(
        "the clock of a warehouse's stage runs through the night",
        "P16",
        (
            Edit(
                "app/store/repositories/stage_clocks.py",
                "return self.warehouse() if stage in OF_THE_WAREHOUSE else WALL_CLOCK",
                "return WALL_CLOCK",
            ),
        ),
        (f"{HOURS}::test_at_night_nothing_rings_and_in_the_morning_the_night_does_not_count[sqlite]",),
    ),
    Mutant(
        "a warehouse is judged from its first minute on, by the window of the evening",
        "P16",
        (Edit("app/watch/stages/resting.py", "return not clock.is_open(at) or ", "return not clock.is_open(at) and "),),
        (f"{HOURS}::test_an_alert_of_the_evening_rests_until_the_warehouse_has_been_open_for_a_while[sqlite]",),
    ),
    Mutant(
        "new hours hold from a moment at which somebody has been measured",
        "P16",
        (
            Edit(
                "app/watch/flow_map/warehouse_hours.py",
                "return max([now + NOT_BEFORE, *known])",
                "return max([now, *known[:0]])",
            ),
        ),
        (f"{HOURS}::test_hours_hold_from_a_moment_that_nobody_has_been_measured_at[sqlite]",),
    ),
)
