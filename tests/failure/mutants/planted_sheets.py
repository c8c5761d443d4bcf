"""Mistakes in the reading of uploads: sheets, rows and columns that are not looked at, readers that hurt others."""

from tests.failure.mutants.mutant import Edit, Mutant

FOUND = "tests/unit/test_find_results.py::"
READ = "tests/unit/test_sheet_reader.py::"
UPLOADS = "tests/integration/test_uploads.py::"
APART = "tests/unit/test_reading_process.py::"

MUTANTS = (
    Mutant(
        "a second sheet is not read",
        "P15",
        (
            Edit(
                "app/handback/find_results.py",
                "        for sheet in visible:\n            self._look_at(",
                "        for sheet in visible[:1]:\n            self._look_at(",
            ),
        ),
        (f"{FOUND}test_row_errors_on_two_sheets_are_all_read",),
    ),
    Mutant(
        "a hidden sheet is passed over without a word",
        "P15",
        (
            Edit(
                "app/handback/find_results.py",
                "            if sheet.hidden:\n",
                "            if False and sheet.hidden:\n",
            ),
        ),
        (f"{FOUND}test_every_visible_sheet_is_read_and_the_others_are_named",),
    ),
    Mutant(
        "a row with a blank number is skipped",
        "P15",
        (Edit("app/handback/find_results.py", "            number = above\n", "            continue\n"),),
        (f"{FOUND}test_a_blank_number_belongs_to_the_order_above",),
    ),
    Mutant(
        "a blank number below a gap belongs to the order above it",
        "P15",
        (
            Edit(
                "app/handback/find_results.py",
                "            above = None\n        last",
                "            pass\n        last",
            ),
        ),
        (f"{FOUND}test_a_blank_number_below_a_gap_belongs_to_nobody",),
    ),
    Mutant(
        "a formula that nobody calculated is read as nothing",
        "P15",
        (
            Edit(
                "app/files/sheet_reader/sheet_xml.py",
                'return Formula("".join(cell.formula))',
                "return None",
            ),
        ),
        (f"{FOUND}test_a_formula_without_a_value_is_a_bad_line_and_never_a_word",),
    ),
    Mutant(
        "columns are counted when all rows are in memory",
        "P14",
        (
            Edit(
                "app/files/sheet_reader/sheet_xml.py",
                "        if cell.column >= self.limits.columns:\n",
                "        if cell.column >= self.limits.columns * 1000:\n",
            ),
        ),
        (f"{APART}test_columns_far_to_the_right_cost_nothing",),
    ),
    Mutant(
        "a reader may take all the memory there is",
        "P14",
        (
            Edit(
                "app/files/reading_process.py",
                "        resource.setrlimit(resource.RLIMIT_AS, (to.memory, to.memory))",
                "        pass",
            ),
        ),
        (f"{APART}test_a_file_that_needs_too_much_memory_is_refused",),
    ),
    Mutant(
        "keys are read again on a thread that others may hold",
        "P14",
        (
            Edit(
                "app/web/auth.py",
                'await on_a_thread("keys", self._load)',
                "await asyncio.to_thread(self._load)",
            ),
        ),
        (f"{UPLOADS}test_nothing_of_the_web_process_asks_for_one_of_the_shared_threads",),
    ),
    Mutant(
        "health checks ask on threads that others may hold",
        "P14",
        (
            Edit(
                "app/web/threads.py",
                "asyncio.create_task(on_a_thread(self._name, self._ask))",
                "asyncio.create_task(asyncio.to_thread(self._ask))",
            ),
        ),
        (f"{UPLOADS}test_nothing_of_the_web_process_asks_for_one_of_the_shared_threads",),
    ),
    Mutant(
        "nobody looks at the clock of an upload",
        "P14",
        (
            Edit(
                "app/web/runtime.py",
                "self.bodies = (parts.door.bodies, parts.uploads.bodies)",
                "self.bodies = (parts.door.bodies,)",
            ),
        ),
        (f"{UPLOADS}test_the_process_looks_at_the_clock_of_uploads_too",),
    ),
    Mutant(
        "any number of uploads is taken into memory",
        "P14",
        (
            Edit(
                "app/web/uploads.py",
                "        if self._under_way >= MOST:",
                "        if self._under_way >= MOST * 1000:",
            ),
        ),
        (f"{UPLOADS}test_one_upload_too_many_is_asked_to_wait",),
    ),
    Mutant(
        "what stands on a sheet that was not read is called imported",
        "P15",
        (Edit("app/handback/read_results.py", '    if rest == "imported":  # of what', "    if False:  # of what"),),
        (f"{FOUND}test_a_sheet_that_was_not_read_forbids_to_call_the_rest_imported",),
    ),
    Mutant(
        "a reader that broke off is taken to have found nothing more",
        "P15",
        (
            Edit(
                "app/handback/found_results.py",
                "            case _:\n                return None\n    return None",
                "            case _:\n                return FoundResults()\n    return FoundResults()",
            ),
        ),
        (f"{FOUND}test_what_breaks_off_is_nothing",),
    ),
    Mutant(
        "the tables of a web page lose their columns under a cell that reaches down",
        "P15",
        (
            Edit(
                "app/files/sheet_reader/html_table.py", "                row[column] = text\n", "                pass\n"
            ),
        ),
        (f"{READ}test_a_web_page_that_is_called_xls_is_read",),
    ),
)
