"""Mistakes of messages that tell of several alerts: an end that is hidden, a word told twice, a day with two summaries."""

from tests.failure.mutants.mutant import Edit, Mutant

DOMAIN = "app/domain/alert_group.py"
GROUPS = "app/notify/group_alerts.py"
CASES = "tests/unit/test_alert_group.py"
TOLD = "tests/engines/notify/test_group_alerts.py"

MUTANTS = (
    Mutant(
        "what ended while others go on is not told",
        "P16",
        (
            Edit(
                DOMAIN,
                "waits = [one.owed_since for one in new] + [one.ended_at for one in ended]",
                "waits = [one.owed_since for one in new]",
            ),
        ),
        (
            f"{CASES}::test_no_sequence_of_looks_loses_a_first_or_a_last_word_or_tells_one_twice",
            f"{TOLD}::test_a_mail_says_which_have_ended_and_which_go_on[sqlite]",
        ),
    ),
    Mutant(
        "an end is told of what nobody heard of",
        "P16",
        (
            Edit(
                DOMAIN,
                "ended = [one for one in members if one.ended_at is not None and one.heard]",
                "ended = [one for one in members if one.ended_at is not None]",
            ),
        ),
        (
            f"{CASES}::test_each_case_of_the_table",
            f"{CASES}::test_no_sequence_of_looks_loses_a_first_or_a_last_word_or_tells_one_twice",
        ),
    ),
    Mutant(
        "what an owner has heard is not written down",
        "P16",
        (Edit(GROUPS, "uow.alert_groups.note_told(group, word.new, first=unheard, once=once)", "len(unheard)"),),
        (f"{TOLD}::test_what_comes_within_five_minutes_is_one_mail_to_each_owner[sqlite]",),
    ),
    Mutant(
        "of two workers that see the same both tell",
        "P16",
        (
            Edit(
                "app/store/repositories/alert_groups.py",
                "mine = (AlertGroup.id == group.id, AlertGroup.version == group.version)",
                "mine = (AlertGroup.id == group.id,)",
            ),
        ),
        (f"{TOLD}::test_of_two_workers_that_see_the_same_one_tells[sqlite]",),
    ),
    Mutant(
        "a restart tells the day's summary again",
        "P16",
        (
            Edit(
                "app/notify/summary.py",
                "if uow.roster.told({key}):",
                "if not key:",
            ),
            Edit("app/notify/summary.py", "if not uow.roster.tell_once({key}, now=now):", "if not key:"),
            Edit("app/notify/summary.py", 'once=f"{key}:{channel}:{target}"', 'once=f"{key}:{channel}:{target}:{now}"'),
        ),
        (f"{TOLD}::test_the_day_after_it_comes_again_and_where_nothing_is_open_it_does_not[sqlite]",),
    ),
)
