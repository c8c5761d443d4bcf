"""Mistakes that were made with alerts and pauses elsewhere: a late click opens one again, a stop that nobody obeys."""

from tests.failure.mutants.mutant import Edit, Mutant

ATTEND = "tests/engines/watch/test_attend.py"
HOLD = "tests/engines/notify/test_retry_and_hold.py"

MUTANTS = (
    Mutant(
        "an alert that is over is claimed and opened again",
        "P16",
        (Edit("app/watch/attend.py", "if alert.ended_at is not None:", "if alert.ended_at is None and not alert.id:"),),
        (f"{ATTEND}::test_an_alert_that_is_over_is_claimed_by_nobody",),
    ),
    Mutant(
        "a silenced alert is told all the same",
        "P16",
        (Edit("app/store/repositories/alerts.py", "where(UNTOLD.query, not_(waits))", "where(UNTOLD.query)"),),
        (f"{ATTEND}::test_a_silenced_alert_is_told_to_nobody_and_is_told_at_once_when_the_silence_is_over",),
    ),
    Mutant(
        "what a person stopped goes on",
        "P9",
        (
            Edit(
                "app/store/repositories/pauses.py",
                'where(Pause.name.in_((name, f"{PERSON}{name}")))',
                "where(Pause.name == name)",
            ),
        ),
        (f"{HOLD}::test_a_stopped_channel_keeps_its_messages_until_it_goes_on",),
    ),
)
