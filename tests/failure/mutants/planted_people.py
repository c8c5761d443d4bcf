"""Mistakes of the roster and of people's addresses: the wrong one is woken, nobody is, or a stranger is."""

from tests.failure.mutants.mutant import Edit, Mutant

ROSTER = "app/domain/roster.py"
DUTY = "app/notify/duty.py"
CONTACTS = "app/store/contacts.py"
VERBS = "app/access/contacts.py"
UNIT = "tests/unit/test_roster.py"
TOLD = "tests/engines/notify/test_duty.py"
PHONES = "tests/engines/access/test_contacts.py"

MUTANTS = (
    Mutant(
        "an override of the roster is ignored",
        "P16",
        (Edit(ROSTER, "return turn.override, turn.id if", "return False, turn.id if False and"),),
        (f"{UNIT}::test_an_override_wins_and_of_two_the_last_made",),
    ),
    Mutant(
        "a gap of the roster is not seen",
        "P16",
        (Edit(ROSTER, "able=able) if one.turn is None]", "able=able) if one.turn is None and one.ends_at < until]"),),
        (f"{UNIT}::test_gaps_are_exactly_the_time_nobody_covers",),
    ),
    Mutant(
        "a hand-over is told again after a restart",
        "P16",
        (Edit(DUTY, "{int(change.at.timestamp())}", "{int(now.timestamp())}"),),
        (f"{TOLD}::test_a_worker_that_dies_at_any_step_has_told_nothing_or_all_of_it[sqlite]",),
    ),
    Mutant(
        "what was told of the roster is not written down",
        "P16",
        (
            Edit(
                DUTY,
                "new = uow.roster.tell_once([*due, *(keys & {reminder})], now=now)",
                "new = {*due, *(keys & {reminder})}",
            ),
        ),
        (f"{TOLD}::test_messages_that_were_cleared_away_are_not_written_again[sqlite]",),
    ),
    Mutant(
        "an unverified phone is used",
        "P16",
        (
            Edit(
                CONTACTS,
                "if contact is not None and contact.verified_at is not None else",
                "if contact is not None else",
            ),
        ),
        (f"{PHONES}::test_an_unverified_address_is_never_used[sqlite-never verified]",),
    ),
    Mutant(
        "another phone stays verified",
        "P16",
        (Edit(VERBS, "if wanted else None, verified_at=None)", "if wanted else None, verified_at=now)"),),
        (f"{PHONES}::test_another_address_is_unverified_again[sqlite]",),
    ),
    Mutant(
        "a wrong code costs no try",
        "P16",
        (Edit("app/store/repositories/contacts.py", "tries=ContactCode.tries + 1", "tries=ContactCode.tries"),),
        (f"{PHONES}::test_a_wrong_code_counts_and_after_five_the_right_one_is_no_use[sqlite]",),
    ),
)
