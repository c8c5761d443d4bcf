"""Mistakes about orders that wait for a person, and about those that look alike."""

from tests.failure.mutants.mutant import Edit, Mutant

COMPLETE = "app/orders/complete.py"
COMPLETED = "tests/engines/orders/test_complete.py"
DECIDE = "app/orders/decide.py"
TWINS = "app/batch/shop_twins.py"
NUMBERS = "tests/engines/batch/test_same_shop_number.py"
DECISIONS = "tests/engines/orders/test_held_decisions.py"
DISCRETION = "tests/engines/orders/test_discretion.py"

MUTANTS = (
    Mutant(
        "an order released without pre-flight",
        "P15",
        (Edit(DECIDE, "    fitness = preflight(row)\n", "    fitness = Fitness()\n"),),
        (f"{DECISIONS}::test_what_the_importing_program_would_refuse_is_not_released[sqlite]",),
    ),
    Mutant(
        "one answer taken for all: no duplicate, so shipped unpaid",
        "P15",
        (Edit(DECIDE, "row.held_kind not in (None, fitness.kind)", "row.held_kind is None"),),
        (f"{DECISIONS}::test_one_question_is_answered_at_a_time[sqlite]",),
    ),
    Mutant(
        "a completed order goes out whatever it still lacks",
        "P15",
        (Edit(COMPLETE, "    fitness = preflight(row)\n", "    fitness = Fitness()\n"),),
        (f"{COMPLETED}::test_what_is_still_missing_is_said_and_keeps_it[sqlite]",),
    ),
    Mutant(
        "a completed order has another fingerprint",
        "P2",
        (
            Edit(
                COMPLETE,
                "    uow.held.amend(row, {**amended.columns, ",
                '    uow.held.amend(row, {**amended.columns, "fingerprint": row.phone_index, ',
            ),
        ),
        (f"{COMPLETED}::test_its_total_priority_and_marks_follow_and_the_shops_retry_is_still_a_replay[sqlite]",),
    ),
    Mutant(
        "what a completed order said first is forgotten with the second change",
        "P15",
        (Edit(COMPLETE, "row.sealed_original or row.sealed", "row.sealed"),),
        (f"{COMPLETED}::test_what_it_said_first_is_kept_sealed_and_the_audit_holds_no_value[sqlite]",),
    ),
    Mutant(
        "two look-alikes wait for each other",
        "P8",
        (Edit("app/store/look_alike_index.py", "AND number <> ? AND alike <> ? ", "AND number <> ? AND mark <> ? "),),
        (f"{COMPLETED}::test_a_completed_order_is_judged_anew_by_the_batch[sqlite]",),
    ),
    Mutant(
        "closed as a duplicate of nothing",
        "P15",
        (
            Edit(
                DECIDE,
                "    other = _other(uow, row, of or row.looks_like)\n",
                "    other = of or row.looks_like\n    if other:\n        other = _other(uow, row, other)\n",
            ),
        ),
        (f"{DECISIONS}::test_an_order_that_is_like_no_other_is_no_duplicate_of_nothing[sqlite]",),
    ),
    Mutant(
        "closed for an order that is not shipped either",
        "P15",
        (Edit(DECIDE, "    if at.state in _CLOSED:\n", "    if other.state == OrderState.ACCEPTED:\n"),),
        (f"{DECISIONS}::test_an_order_is_not_closed_for_one_that_will_not_be_shipped_either",),
    ),
    Mutant(
        "a shop's number remembered for ten minutes",
        "P15",
        (
            Edit(
                TWINS,
                "    return one.state not in _UNDECIDED or",
                "    if abs(one.received_at - row.received_at).total_seconds() > 600:\n        return False\n"
                "    return one.state not in _UNDECIDED or",
            ),
        ),
        (f"{NUMBERS}::test_it_is_held_however_long_ago_and_wherever_the_first_is",),
    ),
    Mutant(
        "a shop's number looked for among waiting orders alone",
        "P15",
        (
            Edit(
                TWINS,
                "        return cls([*uow.look_alikes.of_shop_numbers(asking), *map(_waiting, named)])",
                "        return cls(map(_waiting, named))",
            ),
        ),
        (f"{NUMBERS}::test_it_is_found_across_the_pages_of_one_claim[sqlite]",),
    ),
    Mutant(
        "of two orders under one number the one that was written first is the first",
        "P15",
        (
            Edit(
                TWINS,
                "(one.received_at, one.id) < (row.received_at, row.id or 0)",
                "one.id < (row.id or 0)",
            ),
        ),
        (f"{NUMBERS}::test_the_one_received_first_is_the_first_though_it_was_drained_later[sqlite]",),
    ),
    Mutant(
        "another client's order named to whoever looks like it",
        "security",
        (Edit("app/orders/timeline.py", "    if told_to is None:\n", "    if told_to != '':\n"),),
        (f"{DISCRETION}::test_a_look_alike_names_the_other_order_only_to_the_client_it_belongs_to[sqlite]",),
    ),
)
