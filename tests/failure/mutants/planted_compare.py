"""Mistakes of the comparison, by which a discrepancy stays unseen, or a guess becomes a fact."""

from tests.failure.mutants.mutant import Edit, Mutant

EVIDENCE = "app/domain/evidence.py"
DISCREPANCY = "app/domain/discrepancy.py"
FILE = "app/store/compare_file.py"
UNITS = "app/reconcile/compare/main_units.py"
JUDGE = "app/reconcile/compare/judge.py"
END = "app/reconcile/compare/statement_end.py"
CELLS = "app/reconcile/compare/foreign_cells.py"
KEEP_OUT = "app/reconcile/compare/before_export.py"
LAY = "app/reconcile/compare/lay.py"
LADDER = "tests/unit/test_compare_ladder.py"
LISTS = "tests/unit/test_foreign_lists.py"
SAID = "tests/unit/test_discrepancy.py"
WHOSE = "tests/unit/test_evidence.py"
ENGINES = "tests/engines/reconcile/test_compare.py"

MUTANTS = (
    Mutant(
        "of several orders that a row may be, one is taken",
        "P15",
        (Edit(EVIDENCE, "    if len(standing) == 1 and not against:\n", "    if not against:\n"),),
        (f"{LADDER}::test_two_orders_of_ours_under_one_shop_number_are_for_a_person",),
    ),
    Mutant(
        "a weaker number that contradicts the stronger one is not looked at",
        "P15",
        (Edit(EVIDENCE, "    if len(standing) == 1 and not against:\n", "    if len(standing) == 1:\n"),),
        (f"{WHOSE}::test_the_strongest_number_decides_unless_a_weaker_one_contradicts_it",),
    ),
    Mutant(
        "what looks the same is nobody's",
        "P15",
        (Edit(EVIDENCE, "    return compared or same_amount\n", "    return False\n"),),
        (f"{LADDER}::test_look_alikes_are_for_a_person_with_both_sides",),
    ),
    Mutant(
        "an order that stands there twice is matched",
        "P7",
        (Edit(DISCREPANCY, "        yield Discrepancy.DOUBLED\n", "        return\n"),),
        (f"{LADDER}::test_a_second_order_under_the_shops_number_is_found_beside_the_one_under_ours",),
    ),
    Mutant(
        "an order that was cancelled there counts as there",
        "P10",
        (
            Edit(
                DISCREPANCY,
                "MainOrderState.UNPAID, MainOrderState.UNCLEAR})",
                "MainOrderState.UNPAID, MainOrderState.UNCLEAR, MainOrderState.CANCELLED})",
            ),
        ),
        (f"{SAID}::test_an_order_is_held_against_the_list",),
    ),
    Mutant(
        "a day that no statement tells of counts as a day without payments",
        "P15",
        (Edit(JUDGE, "since <= at < until - MIDNIGHT", "since <= until"),),
        (f"{ENGINES}::test_a_day_that_no_statement_tells_of_is_not_money_that_is_missing[sqlite]",),
    ),
    Mutant(
        "a row that two files have counts twice",
        "P7",
        (Edit(FILE, '"WHERE copy = 1 ORDER BY', '"ORDER BY'),),
        (f"{LADDER}::test_equal_rows_in_one_file_are_two_and_in_two_files_one",),
    ),
    Mutant(
        "of two equal rows in one file one is dropped",
        "P7",
        (Edit(FILE, "PARTITION BY hash, nth ORDER BY file DESC", "PARTITION BY hash ORDER BY file DESC"),),
        (f"{LADDER}::test_equal_rows_in_one_file_are_two_and_in_two_files_one",),
    ),
    Mutant(
        "what is no number of ours is taken for one",
        "P15",
        (Edit(UNITS, "if is_number(one)), None)", "if one), None)"),),
        (f"{LADDER}::test_what_main_systems_append_is_taken_off_a_number_of_ours_alone",),
    ),
    Mutant(
        "a statement that was cut off is taken as whole",
        "P15",
        (Edit(END, 'rows not in (None, self._rows["all"], self._rows["payment"])', "rows is None"),),
        (f"{LISTS}::test_a_statement_that_its_summary_contradicts_is_refused_and_one_without_is_named",),
    ),
    Mutant(
        "a number that a spreadsheet has rounded is a number",
        "P15",
        (
            Edit(
                CELLS,
                "if number.isdigit() and len(tail) >= ROUNDED and not tail.strip",
                "if not tail.strip and tail.strip",
            ),
        ),
        (f"{LISTS}::test_what_cannot_be_read_is_named_by_its_column_and_its_code",),
    ),
    Mutant(
        "what disagrees with the list is closed all the same",
        "P15",
        (Edit(KEEP_OUT, 'one["order"] not in disagree', "True"),),
        (f"{ENGINES}::test_what_the_list_has_by_its_number_is_closed_and_what_is_like_it_is_held[sqlite]",),
    ),
    Mutant(
        "a person who has released an order is asked again",
        "P15",
        (Edit(KEEP_OUT, " or row.released_at is not None or decided", ""),),
        (f"{ENGINES}::test_a_person_who_has_decided_is_not_asked_again_and_what_is_in_a_file_stays_there[sqlite]",),
    ),
    Mutant(
        "a phone that is masked is compared",
        "P15",
        (
            Edit(
                LAY,
                '    except NotAPhone:\n        return ""\n',
                '    except NotAPhone:\n        plain = "13800000001"\n',
            ),
        ),
        (f"{ENGINES}::test_a_row_without_a_number_of_ours_that_looks_like_an_order_goes_to_a_person[sqlite]",),
    ),
)
