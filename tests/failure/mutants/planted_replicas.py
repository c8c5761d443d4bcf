"""Mistakes around several processes and servers: failover, lost answers to a commit, leadership, migrations."""

from tests.failure.mutants.mutant import Edit, Mutant

WRITER = "app/store/order_writer.py"
HOST_LOSS = "tests/failure/test_host_loss.py::test_a_lost_primary_costs_no_order"
DURABILITY = "tests/contract/test_store_durability.py"
HOSTS = "tests/contract/test_store_several_hosts.py"

MUTANTS = (
    Mutant(
        "a row found on one host called safe before the standby has it",
        "P5",
        (Edit(WRITER, '"" if self._sqlite else " FOR SHARE"', '""'),),
        (HOST_LOSS,),
    ),
    Mutant(
        "readers shut out by target_session_attrs=read-write",
        "P5 P6",
        (Edit("app/store/engine.py", '(asked == "read-write" and read_only)', "False"),),
        (f"{HOSTS}::test_readers_and_writers_find_the_host_that_took_over",),
    ),
    Mutant(
        "synchronous_commit=local taken for synchronous",
        "P5",
        (Edit("app/store/durability.py", 'if settings["synchronous_commit"] == "local":', "if False:"),),
        (f"{DURABILITY}::test_a_commit_that_waits_for_less_than_a_standby_says_so",),
    ),
    Mutant(
        "an empty list of standbys taken for synchronous",
        "P5",
        (
            Edit(
                "app/store/durability.py",
                'if not settings["synchronous_standby_names"].strip():',
                'if not settings["synchronous_standby_names"]:\n        pass\n    elif False:',
            ),
        ),
        (f"{DURABILITY}::test_a_postgresql_that_does_not_flush_and_stands_alone_says_so",),
    ),
)
