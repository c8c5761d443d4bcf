"""Mistakes of the rules of order health: alarms in a quiet night, silence in a bad one, and a fault that becomes normal."""

from tests.failure.mutants.mutant import Edit, Mutant

LIFE = "app/domain/alert_life.py"
LINES = "app/domain/order_health.py"
HEALTH = "app/watch/stages/health.py"
HOURS = "app/watch/stages/hours.py"
PATROL = "app/watch/patrol.py"
HEARD = "app/store/repositories/health.py"
BY_FILE = "tests/engines/watch/test_import_events.py"
ROWS = "app/store/repositories/alerts.py"
UNIT = "tests/unit/test_order_health.py"
LIVED = "tests/unit/test_alert_life.py"
FLOWS = "tests/engines/watch/test_order_health.py"
STEPS = "app/store/alert_steps.py"
TURNED = "tests/engines/watch/test_lines_are_turned.py"
WHAT_IF = "tests/engines/watch/test_what_if.py"

MUTANTS = (
    Mutant(
        "a file that tells of a silent source makes it heard",
        "P16",
        (Edit(HEARD, "e.received_at < before, e.received_at.not_in(_by_file(source)))", "e.received_at < before)"),),
        (f"{BY_FILE}::test_a_file_of_a_source_that_has_fallen_silent_does_not_make_it_heard[sqlite]",),
    ),
    Mutant(
        "what only a file tells of is waited for",
        "P16",
        (Edit(HEALTH, "    figures, at = _fed(figures), figures.at\n", "    at = figures.at\n"),),
        (f"{BY_FILE}::test_a_channel_that_only_files_tell_of_is_waited_for_by_no_rule[sqlite]",),
    ),
    Mutant(
        "past orders stand in their last stage for ever",
        "P16",
        (Edit("app/domain/flow.py", "            if self.ended:", "            if self.ended and self.reworks:"),),
        (f"{BY_FILE}::test_past_orders_are_in_the_reports_and_in_no_stage_and_nobody_is_called[sqlite]",),
    ),
    Mutant(
        "hours that a file changes meanwhile count as written",
        "P16",
        (Edit("app/store/repositories/event_uploads.py", ", u.pieces == row.pieces)", ")"),),
        (f"{BY_FILE}::test_what_comes_of_a_file_while_its_hours_are_written_is_written_too[sqlite]",),
    ),
    Mutant(
        "a gate is blocked although nobody waits",
        "P16",
        (Edit(LINES, "if entered == 0 and somebody else", "if entered == 0 else"),),
        (f"{UNIT}::test_a_gate_is_blocked_only_where_somebody_waits",),
    ),
    Mutant(
        "a backlog grows only where every sample is higher",
        "P16",
        (
            Edit(
                LINES,
                "return (came - went) / math.sqrt(came + went) > self.significance and slope(samples) > 0",
                "return all(b > a for a, b in zip(samples, samples[1:]))",
            ),
        ),
        (f"{UNIT}::test_a_balanced_flow_hardly_ever_grows_and_ten_per_cent_more_are_found_in_every_run",),
    ),
    Mutant(
        "a backlog grows where it is more than ten minutes ago",
        "P16",
        (
            Edit(
                LINES,
                "return (came - went) / math.sqrt(came + went) > self.significance and slope(samples) > 0",
                "return True",
            ),
        ),
        (f"{UNIT}::test_growing_takes_three_signs",),
    ),
    Mutant(
        "what cannot be seen is well",
        "P16",
        (
            Edit(
                HEALTH,
                "seen=one.channel not in blind,\n    )\n\n\ndef _channels",
                "seen=True,\n    )\n\n\ndef _channels",
            ),
            Edit(HEALTH, "            seen=channel not in blind,\n", "            seen=True,\n"),
        ),
        (f"{FLOWS}::test_a_blind_feed_ends_nothing_and_begins_nothing_but_its_own_alert[sqlite]",),
    ),
    Mutant(
        "a recovering alert ends in the dark",
        "P16",
        (
            Edit(
                LIFE,
                "            return replace(life, clear_since=None)\n        case _:",
                "            return replace(life, state=AlertState.RESOLVED)\n        case _:",
            ),
        ),
        (f"{LIVED}::test_in_the_dark_nothing_begins_and_nothing_ends",),
    ),
    Mutant(
        "the hours of a fault become the new normal",
        "P16",
        (
            Edit(
                HOURS,
                "return not any(_overlaps(hour, one.firing_since or hour, one.ended_at) for one in alerts)",
                "return bool(alerts)",
            ),
        ),
        (f"{FLOWS}::test_an_hour_with_an_alert_does_not_become_the_new_normal[sqlite]",),
    ),
    Mutant(
        "a lower alert is inhibited only after it could be told",
        "P16",
        (
            Edit(
                PATROL,
                "        for alert, why in _wanted_inhibitions(uow, uow.alerts.open(), found, machine):\n",
                "        for alert, why in _wanted_inhibitions(uow, known, found, machine):\n",
            ),
        ),
        (f"{FLOWS}::test_a_red_alert_inhibits_the_lower_ones_of_its_stages_before_they_can_be_told[sqlite]",),
    ),
    Mutant(
        "how long a trouble has lasted is not in its row",
        "P16",
        (Edit(ROWS, '            "pending_since": life.pending_since,\n', '            "pending_since": None,\n'),),
        (f"{FLOWS}::test_a_stage_that_stops_is_a_bottleneck_and_a_restart_in_between_changes_nothing[sqlite]",),
    ),
    Mutant(
        "a clock set back an hour holds alerts for an hour",
        "P11 P16",
        (Edit(LIFE, "since = min(life.pending_since or now, now)", "since = life.pending_since or now"),),
        (f"{LIVED}::test_a_clock_set_back_delays_an_alert_by_its_patience_at_most",),
    ),
    Mutant(
        "an alert that trembles rings each minute",
        "P16",
        (Edit(LIFE, "return earlier + 1 >= FLAPS_AT", "return False"),),
        (f"{LIVED}::test_one_that_flaps_stays_until_it_has_been_quiet_for_long",),
    ),
    Mutant(
        "an alert by lines that somebody has raised goes on for good",
        "P16",
        (Edit(STEPS, "if judged_anew and _no_longer_applies(seen, sighting):", "if seen.fingerprint is None:"),),
        (f"{TURNED}::test_what_is_no_alert_by_the_new_lines_ends_at_the_next_look[sqlite]",),
    ),
    Mutant(
        "lines of one rule end the alerts of another",
        "P16",
        (Edit("app/watch/rule.py", "repr(self.part(lines))", "repr(lines)"),),
        (f"{TURNED}::test_lines_of_another_rule_end_nothing[sqlite]",),
    ),
    Mutant(
        "what clears may lie above what fires",
        "P16",
        (Edit("app/domain/health_lines.py", "mine >= other:", "mine > 1000 * other:"),),
        ("tests/unit/test_health_lines.py::test_a_line_that_cannot_be_used_is_named_with_the_reason",),
    ),
    Mutant(
        "what-if forgets orders that left days later",
        "P16",
        (Edit("app/watch/what_if/past_visits.py", "self._piece.inside[stage] - there) > 0:", "there - there) > 0:"),),
        (f"{WHAT_IF}::test_an_order_that_left_days_later_still_counts_as_having_waited[sqlite]",),
    ),
    Mutant(
        "what-if judges a warehouse that is closed",
        "P16",
        (Edit("app/watch/what_if/past.py", "resting = resting_at(self._clocks, at)", "resting = resting_at({}, at)"),),
        (f"{WHAT_IF}::test_it_goes_by_the_hours_of_the_warehouse_as_a_replay_does[sqlite-default]",),
    ),
    Mutant(
        "what-if slides the windows of a warehouse over its breaks",
        "P16",
        (
            Edit(
                "app/watch/what_if/past_sums.py",
                "return window_start(self._clock, self._length, end)",
                "return end - self._length",
            ),
        ),
        (f"{WHAT_IF}::test_the_sums_that_slide_are_those_that_are_read[sqlite-breaks]",),
    ),
    Mutant(
        "an incident rings for what it explains",
        "P16",
        (Edit("app/watch/rules/gate_blocked.py", "    inhibited_by_incident=True,\n", ""),),
        (f"{FLOWS}::test_an_incident_inhibits_what_it_explains_and_what_still_holds_is_told_when_it_is_over[sqlite]",),
    ),
)
