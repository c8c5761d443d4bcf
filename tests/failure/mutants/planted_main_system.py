"""Mistakes on the way home: a guess that becomes a fact, an order that is there twice, a key that locks itself out."""

from tests.failure.mutants.mutant import Edit, Mutant

HOME = "app/domain/way_home.py"
HTTP = "app/main_system/http_answers.py"
TABLES = "app/main_system/http_tables.py"
JST = "app/main_system/jushuitan.py"
WDT = "app/main_system/wangdiantong.py"
PURE = "tests/unit/test_way_home.py"
EVERY = "tests/contract/test_main_systems.py"
VENDORS = "tests/contract/test_main_vendors.py"
PROFILE = "tests/contract/test_main_by_profile.py"
TOKENS = "tests/engines/access/test_main_tokens.py"

MUTANTS = (
    Mutant(
        "an order that may be there is believed absent after one look",
        "P15",
        (Edit(HOME, "BELIEVED_AFTER = 3\n", "BELIEVED_AFTER = 1\n"),),
        (f"{PURE}::test_an_order_that_may_be_there_is_believed_absent_after_three_looks_with_growing_rests",),
    ),
    Mutant(
        "an order is sent again where that makes two of it",
        "P2",
        (Edit(HOME, "doubles=may_be_there and same_number is SameNumber.DOUBLES", "doubles=False"),),
        (f"{EVERY}::test_where_a_second_sending_doubles_a_person_decides",),
    ),
    Mutant(
        "what lies there with another content is home",
        "P15",
        (
            Edit(
                HOME,
                "    if different := difference(order, found):\n",
                "    if different := difference(order, found) and '':\n",
            ),
        ),
        (f"{EVERY}::test_an_order_that_a_person_changed_there_is_not_overwritten",),
    ),
    Mutant(
        "no answer is a refusal, and the order is sent again",
        "P3",
        (
            Edit(
                HOME,
                "        case MainUnknown():\n            return AskFirst(RESTS[0])\n",
                "        case MainUnknown():\n            return WaitThenGoOn(RESTS[0])\n",
            ),
            Edit(HOME, "if may_be_there and absent < BELIEVED_AFTER:", "if may_be_there and absent < 0:"),
        ),
        (f"{EVERY}::test_an_index_that_lags_is_waited_for",),
    ),
    Mutant(
        "a mark is there where anything is found",
        "P15",
        (Edit(TABLES, "return self.found(name, document) is True", "return bool(self.found(name, document))"),),
        (f"{PROFILE}::test_a_mark_that_only_resembles_true_is_none",),
    ),
    Mutant(
        "a success of another order is this one's",
        "P15",
        (Edit(HTTP, 'if "reference" in marks.compiled and word_of(', "if not marks.compiled and word_of("),),
        (f"{PROFILE}::test_a_success_that_does_not_name_the_order_is_unknown",),
    ),
    Mutant(
        "two marks that contradict are read by the first",
        "P15",
        (Edit(HTTP, "    if len(held) != 1:\n", "    if not held:\n"),),
        (f"{PROFILE}::test_two_marks_that_contradict_are_unknown",),
    ),
    Mutant(
        "an answer without the order is 'no such order'",
        "P15",
        (Edit(HTTP, 'if marks.holds("absent", document) else MainUnknown("unmarked", words)', ""),),
        (f"{PROFILE}::test_a_look_that_is_not_marked_absent_is_unknown",),
    ),
    Mutant(
        "a line of the answer is taken by its place and not by our number",
        "P15",
        (
            Edit(
                JST,
                'ours = [line for line in lines or () if word_of(line.get("so_id")) == order.names.ours]',
                "ours = list(lines or ())",
            ),
        ),
        (f"{VENDORS}::test_what_jushuitan_does_not_say_clearly_is_unknown",),
    ),
    Mutant(
        "code 0 without a list is 'no such order'",
        "P15",
        (
            Edit(
                JST,
                '        if rows is None:\n            return MainUnknown("bad_answer", "data.orders")\n        if not rows:\n',
                "        if not rows:\n",
            ),
        ),
        (f"{VENDORS}::test_a_look_that_does_not_answer_the_question_is_never_absent",),
    ),
    Mutant(
        "status 0 is a success whatever stands in the error list",
        "P15",
        (Edit(WDT, "            case (1, 0, 0):\n", "            case (1, _, _):\n"),),
        (f"{VENDORS}::test_status_0_alone_proves_nothing",),
    ),
    Mutant(
        "the archive is not looked through",
        "P2",
        (Edit(WDT, "sought(names, (LIVE, ARCHIVE), search)", "sought(names, (LIVE,), search)"),),
        (f"{EVERY}::test_an_archived_order_is_found",),
    ),
    Mutant(
        "an unknown member is a wrong address, and stops everybody",
        "P14",
        (
            Edit(
                "app/main_system/vendors/refusal.py",
                'return text in lower if not text.isascii() else re.search(rf"(?<![a-z]){text}(?![a-z])", lower) is not None',
                "return text in lower",
            ),
        ),
        (f"{VENDORS}::test_an_unknown_member_is_this_orders_refusal_and_not_an_address_that_is_wrong",),
    ),
    Mutant(
        "a refusal repeats the customer's name and address",
        "P14",
        (Edit("app/main_system/told_words.py", "        words = words.replace(value, _HIDDEN)\n", "        pass\n"),),
        (f"{EVERY}::test_a_refusal_has_the_main_systems_own_words_and_nothing_of_the_customer",),
    ),
    Mutant(
        "everybody renews a token that has run out",
        "P14",
        (
            Edit(
                "app/bootstrap/main_tokens.py",
                "            if await asyncio.to_thread(self._take_turn, holder):\n",
                "            if holder:\n",
            ),
        ),
        (f"{TOKENS}::test_while_another_process_renews_it_is_waited_for_and_not_for_ever[sqlite]",),
    ),
    Mutant(
        "a refused token has the one renewed that came meanwhile",
        "P14",
        (
            Edit(
                "app/main_system/tokens.py",
                "await self._keeper.renew(self._used, self._get)",
                "await self._keeper.renew(await self._keeper.current(), self._get)",
            ),
        ),
        (f"{VENDORS}::test_a_token_that_somebody_renewed_during_the_call_is_used_and_not_renewed_again",),
    ),
    Mutant(
        "an order that is not paid goes home as paid",
        "P15",
        (
            Edit(
                "app/main_system/order_fields.py",
                'if payment is None or payment.status != "paid":',
                "if payment is None:",
            ),
        ),
        (f"{VENDORS}::test_what_cannot_be_written_whole_is_refused_before_anything_is_sent",),
    ),
)
