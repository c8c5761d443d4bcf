"""Mistakes about orders that wait for a person, and about those that look alike."""

from tests.failure.mutants.mutant import Edit, Mutant

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
