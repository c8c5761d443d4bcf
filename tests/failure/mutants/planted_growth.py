"""Mistakes that nobody feels before there is a long past: questions that walk what is done and over."""

from tests.failure.mutants.mutant import Edit, Mutant

BATCHES = "app/store/repositories/batches.py"
GROWTH = "tests/engines/store/test_growth.py"
STEPS = f"{GROWTH}::test_what_is_done_every_day_costs_the_same_after_a_long_past[sqlite]"
PLANS = f"{GROWTH}::test_no_everyday_question_walks_what_is_over[postgresql]"

MUTANTS = (
    Mutant(
        "growth: due messages sought without naming what is open",
        "growth",
        (
            Edit(
                "app/store/repositories/messages.py",
                "due = and_(OPEN.query, Message.channel",
                "due = and_(Message.channel",
            ),
        ),
        (STEPS,),
    ),
    Mutant(
        "growth: unfinished batches sought among all batches",
        "growth",
        (
            Edit(
                BATCHES,
                "orphan = and_(UNFINISHED.query, or_(",
                "orphan = and_(Batch.state.in_(('claiming', 'writing')), or_(",
            ),
            Edit(
                BATCHES,
                "and_(UNFINISHED.query, Batch.incident_id + 0",
                "and_(Batch.state.in_(('claiming', 'writing')), Batch.incident_id",
            ),
        ),
        (STEPS,),
    ),
    Mutant(
        "growth: an index of all orders by incident leads the planner astray",
        "growth",
        (
            Edit(
                "migrations/versions/0002_what_stays_small.py",
                'op.drop_index("order_received", table_name="orders")\n',
                "pass\n",
            ),
        ),
        (STEPS,),
    ),
    Mutant(
        "growth: the batches of an order without an index of those it has left",
        "growth",
        (
            Edit(
                "migrations/versions/0002_what_stays_small.py",
                '    ("left_batch_of_order",',
                '    # ("left_batch_of_order",',
            ),
        ),
        (PLANS,),
    ),
)
