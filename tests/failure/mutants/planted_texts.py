"""Mistakes about text messages and coupons: each lets one party's trouble, or one party's greed, reach everybody."""

from tests.failure.mutants.mutant import Edit, Mutant

RECORD = "app/notify/dispatch/record.py"
DISPATCH = "app/notify/dispatch/sms.py"
DRAW = "app/notify/dispatch/draw.py"
ONE_NUMBER = "tests/engines/notify/test_one_numbers_trouble.py"
DRAWS = "tests/engines/notify/test_coupon_draw.py"

MUTANTS = (
    Mutant(
        "a number's limit pauses the channel",
        "P14",
        (Edit(RECORD, "uow.pauses.pause(number_name(mark)", "uow.pauses.pause(pause_name(message)"),),
        (f"{ONE_NUMBER}::test_one_numbers_limit_is_waited_out_by_that_number_alone[sqlite-wait1]",),
    ),
    Mutant(
        "the table takes a number's limit for the provider's",
        "P14",
        (
            Edit(
                "app/channels/failures.py",
                "                        return Deferred(wait, reason)\n",
                "                        return Throttled(wait, reason)\n",
            ),
        ),
        (
            "tests/contract/test_channels_aliyun.py::test_the_text_of_a_flow_control_says_how_long_to_wait",
            "tests/contract/test_channels_tencent.py::test_each_code_of_the_table_has_its_outcome",
        ),
    ),
    Mutant(
        "a number's messages go on while it takes nothing",
        "P14",
        (Edit(DISPATCH, "            elif until is not None:\n", "            elif False and until is not None:\n"),),
        (f"{ONE_NUMBER}::test_whatever_else_goes_to_a_limited_number_waits_too_and_costs_no_call[sqlite]",),
    ),
    Mutant(
        "one number refused again and again pauses the channel",
        "P14",
        (
            Edit(
                RECORD,
                "alike = {failed.party for failed in row if failed.reason == reason}",
                "alike = [failed.party for failed in row if failed.reason == reason]",
            ),
        ),
        (f"{ONE_NUMBER}::test_one_number_that_is_refused_ever_again_is_its_own_trouble[sqlite-refused]",),
    ),
    Mutant(
        "several numbers refused alike are never the channel's trouble",
        "P14",
        (Edit(RECORD, "len(alike) >= ALIKE if refused", "len(alike) >= 10 * ALIKE if refused"),),
        (
            f"{ONE_NUMBER}::test_several_different_numbers_refused_alike_in_a_row_are_the_channels_trouble[sqlite-refused]",
            f"{ONE_NUMBER}::test_a_robot_that_refuses_several_messages_alike_rests_and_keeps_the_others[sqlite]",
        ),
    ),
    Mutant(
        "a success in between does not count",
        "P14",
        (
            Edit(
                "app/store/repositories/attempts.py",
                '            if outcome == "delivered":\n                break\n',
                '            if outcome == "delivered":\n                continue\n',
            ),
        ),
        (f"{ONE_NUMBER}::test_a_success_in_between_shows_that_the_channel_works[sqlite]",),
    ),
    Mutant(
        "a fault of the coupons' template silences the notices",
        "P14",
        (
            Edit(
                RECORD,
                "return COUPONS if message.subject == Subject.COUPON else pause_name(message)",
                "return pause_name(message)",
            ),
        ),
        (f"{ONE_NUMBER}::test_a_coupon_template_that_is_refused_silences_no_notice[sqlite]",),
    ),
    Mutant(
        "a limit that lasts is nobody's business",
        "P14 P16",
        (
            Edit(
                "app/watch/rules/channel_paused.py", "if pause.fault or _lasts(pause, situation.now)", "if pause.fault"
            ),
        ),
        ("tests/engines/watch/test_rules.py::test_a_limit_is_told_once_it_is_long_or_follows_another_one[sqlite]",),
    ),
    Mutant(
        "a coupon is drawn when its message is composed",
        "P9 P14",
        (
            Edit(
                "app/notify/compose.py",
                "        daytime = earliest_send(now, zone=self._policy.zone)\n        if self._policy.coupon ==",
                "        mine = {'incident_id': row.incident_id, 'phone_index': row.phone_index}\n"
                "        uow.coupons.give(**mine, order_id=row.id, client_id=row.client_id, now=now)\n"
                "        daytime = earliest_send(now, zone=self._policy.zone)\n        if self._policy.coupon ==",
            ),
        ),
        (
            f"{DRAWS}::test_what_a_cap_keeps_back_has_taken_no_code[sqlite]",
            "tests/engines/notify/test_compose.py::test_a_phone_gets_one_notice_and_one_coupon_in_an_incident[sqlite]",
        ),
    ),
    Mutant(
        "a client's coupons of the hour are not counted",
        "P14",
        (Edit(DRAW, "given = uow.coupons.given_to_client(client, since=now - HOUR)", "given = 0"),),
        (f"{DRAWS}::test_a_client_gives_no_more_than_its_hours_coupons_away_and_the_others_get_theirs[sqlite]",),
    ),
    Mutant(
        "a code that somebody may have read is given to another",
        "P9",
        (Edit(RECORD, "if all(attempt.outcome in NEVER_ARRIVED for", "if all(attempt.outcome for"),),
        (f"{DRAWS}::test_a_code_that_somebody_may_have_read_is_not_given_to_another[sqlite]",),
    ),
    Mutant(
        "coupons go out at night",
        "P9",
        (Edit(DRAW, "if earliest_send(now, zone=self.zone) != now:", "if earliest_send(now, zone=self.zone) < now:"),),
        (f"{DRAWS}::test_marketing_that_missed_the_day_waits_for_the_morning_and_the_notice_does_not[sqlite]",),
    ),
    Mutant(
        "a notice goes out however late it is",
        "P14",
        (Edit("app/domain/retry.py", "if until is not None and at > until:", "if until is None and at != at:"),),
        ("tests/unit/test_retry.py::test_nothing_is_tried_when_it_is_worth_nothing_any_more",),
    ),
)
