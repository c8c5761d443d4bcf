"""Mistakes of the roster and of people's addresses: the wrong one is woken, nobody is, or a stranger is."""

from tests.failure.mutants.mutant import Edit, Mutant

ROSTER = "app/domain/roster.py"
DUTY = "app/notify/duty.py"
CONTACTS = "app/store/contacts.py"
VERBS = "app/access/contacts.py"
UNIT = "tests/unit/test_roster.py"
TOLD = "tests/engines/notify/test_duty.py"
PHONES = "tests/engines/access/test_contacts.py"

ESCALATE = "app/notify/escalate.py"
STEPS = "tests/engines/notify/test_escalate.py"
CLAIM_PAGE = "tests/integration/test_claim.py"

MUTANTS = (
    Mutant(
        "a step of an escalation is not written down",
        "P16",
        (
            Edit(
                ESCALATE,
                "if not uow.outbox_of_alerts.escalate(alert, step=step + 1, next_step_at=now + escalation.step(step + 1).after):",
                "if not escalation.step(step + 1):",
            ),
        ),
        (f"{STEPS}::test_orange_goes_from_the_first_to_the_second_to_the_fallback_and_then_repeats[sqlite]",),
    ),
    Mutant(
        "a step that reaches nobody is waited for",
        "P16",
        (
            Edit(
                ESCALATE,
                "step(step), now)).exits and not call.groups:",
                "step(step), now)).exits and not call.groups and step < 0:",
            ),
        ),
        (f"{STEPS}::test_a_step_that_reaches_nobody_is_passed_over_at_once[sqlite]",),
    ),
    Mutant(
        "a silenced alert wakes people",
        "P16",
        (
            Edit(
                "app/store/alert_steps.py",
                "return alert.inhibited_why is not None or silenced(alert, now=now)",
                "return alert.inhibited_why is not None",
            ),
        ),
        (f"{STEPS}::test_while_it_is_silenced_nobody_is_asked[sqlite]",),
    ),
    Mutant(
        "what has not left when somebody takes an alert on leaves",
        "P16",
        (
            Edit(
                "app/watch/attend.py",
                '    uow.outbox_of_alerts.take_back(alert.id or 0, now=now, reason=f"{by.name} 已认领，不再发送")\n',
                "",
            ),
        ),
        (f"{STEPS}::test_what_has_not_left_when_somebody_takes_it_on_does_not_leave[sqlite]",),
    ),
    Mutant(
        "an alert's end is told to nobody who was woken",
        "P16",
        (
            Edit(
                "app/notify/compose.py",
                "told = uow.outbox_of_alerts.told_alone(alert.id or 0)",
                "told: list[Exit] = []",
            ),
        ),
        (f"{STEPS}::test_its_end_is_told_to_exactly_those_who_heard_of_it[sqlite]",),
    ),
    Mutant(
        "opening a link takes an alert on",
        "P16",
        (
            Edit(
                "app/web/console/pages/claim.py",
                'return self._shown(request, await self._looked(self._by_link, request.path_params["token"]))',
                "return await self.take(request)",
            ),
        ),
        (f"{CLAIM_PAGE}::test_a_link_that_a_program_opens_takes_nothing_on",),
    ),
    Mutant(
        "wrong codes of alerts are not counted",
        "P16",
        (
            Edit(
                "app/web/console/pages/claim.py",
                "if wait := self._guesses.begin(address):",
                "if wait := 0.0:",
            ),
        ),
        (f"{CLAIM_PAGE}::test_guessing_ends_in_waiting_also_for_the_right_code",),
    ),
    Mutant(
        "the code of an alert is anybody's",
        "P16",
        (
            Edit(
                "app/store/ack.py",
                'f"{what}\\x1f{claimant.alert_id}\\x1f{claimant.user_id}"',
                'f"{what}\\x1f{claimant.alert_id}"',
            ),
        ),
        (f"{CLAIM_PAGE}::test_codes_are_of_six_characters_that_nobody_takes_for_one_another",),
    ),
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
