"""Mistakes with what the main system answers: a guess that becomes a fact loses an order, or ships it twice."""

from tests.failure.mutants.mutant import Edit, Mutant

ROWS = "app/handback/row_reference.py"
LINES = "tests/unit/test_row_errors.py"
REST = "tests/engines/handback/test_the_rest.py"
DOUBTS = "tests/engines/handback/test_contradictions.py"

MUTANTS = (
    Mutant(
        "a row inside a reason is taken for one that failed",
        "P15",
        (
            Edit(
                ROWS,
                " or (found and _MENTIONS.search(before.rstrip())):\n            continue",
                ":\n            continue",
            ),
            Edit(ROWS, "if found and not _SEPARATED.search(before):", "if found and before is None:"),
        ),
        (f"{LINES}::test_rows_that_did_not_fail",),
    ),
    Mutant(
        "a list that counts its rows otherwise is applied to the neighbours",
        "P15",
        (Edit("app/handback/row_errors.py", "    if reader.astray:\n", "    if reader.astray and not found:\n"),),
        (
            "tests/unit/test_handback_read.py::test_a_row_that_the_file_does_not_have_proves_that_rows_are_counted_otherwise",
        ),
    ),
    Mutant(
        "the rest is imported although nobody has counted it",
        "P15",
        (
            Edit(
                "app/handback/rest.py",
                "return not self.unsure_because or not self.would_import or number == self.would_import",
                "return not self.unsure_because or self.would_import >= 0",
            ),
        ),
        (f"{REST}::test_without_counts_that_agree_a_person_is_asked_and_nothing_changes",),
    ),
    Mutant(
        "an order that is there already is called failed, and repaired",
        "P15 P10",
        (
            Edit(
                "app/handback/result_lines.py",
                'if there == "there":\n                return "duplicate"',
                'if there == "there":\n                return "failed"',
            ),
        ),
        (
            "tests/unit/test_handback_read.py::test_a_failure_because_the_order_is_there_is_a_duplicate_and_never_repaired",
        ),
    ),
    Mutant(
        "a contradiction is told once and forgotten",
        "P15",
        (
            Edit(
                "app/handback/import_results.py",
                "        self._uow.contradictions.add(self._queue)\n",
                "        self._queue.clear()\n",
            ),
        ),
        (f"{DOUBTS}::test_a_contradiction_waits_once_however_often_it_is_uploaded",),
    ),
    Mutant(
        "a second upload undoes what a person has corrected",
        "P15 P10",
        (
            Edit(
                "app/handback/verdict.py",
                "return Contradicts(position.known) if _was_taken_back(position, said) else Apply()",
                "return Apply()",
            ),
        ),
        (
            (
                "tests/engines/orders/test_corrections.py"
                "::test_an_order_put_back_can_fail_and_be_repaired_and_a_second_upload_does_not_undo_it"
            ),
        ),
    ),
    Mutant(
        "a success is believed although the import was rolled back",
        "P15",
        (
            Edit(
                "app/handback/check_results.py",
                '[line for line in lines if line.result != "imported"], bad',
                "list(lines), bad",
            ),
        ),
        (
            "tests/unit/test_handback_read.py::test_nothing_of_a_batch_that_was_rolled_back_is_imported_whatever_its_rows_say",
        ),
    ),
    Mutant(
        "what one sheet says of its rows holds for the next",
        "P15",
        (Edit("app/handback/row_errors.py", "        reader.begin()\n", ""),),
        ("tests/unit/test_find_results.py::test_what_one_sheet_says_of_its_rows_holds_for_no_other",),
    ),
    Mutant(
        "a success is believed although the reason beside it tells of a failure",
        "P15",
        (Edit("app/handback/result_lines.py", "if words.contradicts(said, reason):", "if not words:"),),
        ("tests/unit/test_handback_read.py::test_a_bad_line_is_named_and_the_others_are_taken",),
    ),
)
