"""Mistakes around several processes and servers: failover, lost answers to a commit, leadership, migrations."""

from tests.failure.mutants.mutant import Edit, Mutant

COMMIT = "app/store/commit/group_commit.py"
DRAIN = "app/intake/drain.py"
DURABILITY = "app/store/database/durability.py"
MIGRATE = "app/store/database/migrate.py"

TEST_DURABILITY = "tests/engines/store/test_durability.py"
TEST_HOSTS = "tests/engines/store/test_several_hosts.py"
TEST_MIGRATIONS = "tests/integration/test_migrations.py"
TEST_AWAY = "tests/unit/test_group_commit_away.py"

MUTANTS = (
    Mutant(
        "a row found on one host called safe before the standby has it",
        "P5",
        (Edit("app/store/commit/order_writer.py", '"" if self._sqlite else " FOR SHARE"', '""'),),
        ("tests/engines/store/test_standby.py::test_a_replay_waits_for_the_standby_as_the_order_did",),
    ),
    Mutant(
        "readers shut out by target_session_attrs=read-write",
        "P5 P6",
        (Edit("app/store/database/postgresql.py", '(asked == "read-write" and read_only)', "False"),),
        (f"{TEST_HOSTS}::test_readers_and_writers_find_the_host_that_took_over",),
    ),
    Mutant(
        "of several hosts the first that answers, standby or not",
        "P6",
        (Edit("app/store/database/postgresql.py", "(asked is None and several)", "False"),),
        (f"{TEST_HOSTS}::test_of_several_hosts_only_the_primary_is_asked_unless_told_otherwise",),
    ),
    Mutant(
        "synchronous_commit=local taken for synchronous",
        "P5",
        (Edit(DURABILITY, 'if settings["synchronous_commit"] == "local":', "if False:"),),
        (f"{TEST_DURABILITY}::test_a_commit_that_waits_for_less_than_a_standby_says_so",),
    ),
    Mutant(
        "an empty list of standbys taken for synchronous",
        "P5",
        (Edit(DURABILITY, 'if not settings["synchronous_standby_names"].strip():', "if False:"),),
        (f"{TEST_DURABILITY}::test_a_postgresql_that_does_not_flush_and_stands_alone_says_so",),
    ),
    Mutant(
        "an asynchronous standby taken for a synchronous one",
        "P5",
        (Edit(DURABILITY, "WHERE sync_state IN ('sync', 'quorum')", "WHERE sync_state IS NOT NULL"),),
        (f"{TEST_DURABILITY}::test_a_standby_whose_state_we_may_not_see_is_not_called_away",),
    ),
    Mutant(
        "an error during COMMIT answered as not stored",
        "P3 P6",
        (
            Edit(
                COMMIT,
                "            if not batch.is_probe:\n                self._to_spool(batch)\n        elif",
                "            if not batch.is_probe:\n                self._spool_fails(batch, 'COMMIT')\n        elif",
            ),
        ),
        (f"{TEST_AWAY}::test_a_store_that_refuses_sends_the_same_orders_to_the_spool",),
    ),
    Mutant(
        "an order spooled under another number",
        "P2 P3",
        (
            Edit(
                COMMIT,
                "        self._in_flight = batch\n        if self._spool_hung",
                "        batch.orders = [order._replace(number=order.number[::-1]) for order in batch.orders]\n"
                "        self._in_flight = batch\n        if self._spool_hung",
            ),
        ),
        (f"{TEST_AWAY}::test_a_store_that_refuses_sends_the_same_orders_to_the_spool",),
    ),
    Mutant(
        "a lost connection blamed on the record that was being drained",
        "P3 P6",
        (
            Edit(
                DRAIN,
                "            if is_the_stores_fault(error):  # gone meanwhile",
                "            if False:  # gone meanwhile",
            ),
        ),
        ("tests/unit/test_drain.py::test_a_connection_lost_during_a_commit_is_no_records_fault",),
    ),
    Mutant(
        "a number by chance instead of a derived one",
        "P2 P4",
        (
            Edit(
                "app/domain/order_number.py",
                "_keyed(secret).copy()",
                "_keyed(os.urandom(32)).copy()",
            ),
            Edit("app/domain/order_number.py", "import hmac\n", "import hmac\nimport os\n"),
        ),
        ("tests/unit/test_order_number.py::test_the_body_is_the_first_sixty_bits_of_the_keyed_hash",),
    ),
    Mutant(
        "a leader without a lease",
        "P8",
        (
            Edit(
                "app/store/repositories/leases.py",
                "update(Lease).where(Lease.name == name, free)",
                "update(Lease).where(Lease.name == name)",
            ),
        ),
        (
            "tests/engines/store/test_transactions.py::test_one_worker_of_two_is_the_leader_and_the_other_follows_when_it_dies",
        ),
    ),
    Mutant(
        "an older program that stops at a newer shape",
        "P13",
        (Edit(MIGRATE, " or before not in known", ""),),
        (f"{TEST_MIGRATIONS}::test_a_program_leaves_alone_what_a_newer_one_has_migrated",),
    ),
    Mutant(
        "a migration cut off by the limit of a question",
        "P13",
        (Edit(MIGRATE, '"SET LOCAL statement_timeout = 0"', '"SELECT 1"'),),
        (f"{TEST_MIGRATIONS}::test_a_migration_may_take_longer_than_a_question",),
    ),
)
