"""The mistakes: what is changed where, the promise it breaks, and the test that must see it."""

from tests.failure.mutants.mutant import Edit, Mutant

ORDERS = "app/store/repositories/orders.py"
ENGINE = "app/store/database/sqlite.py"
COMMIT = "app/store/commit/group_commit.py"
PRAGMAS = (
    "tests/engines/store/test_transactions.py::test_every_connection_flushes_at_each_commit_and_waits_for_its_turn"
)

MUTANTS = (
    Mutant(
        "synchronous=OFF",
        "P1",
        (Edit(ENGINE, '"synchronous=FULL"', '"synchronous=OFF"'), Edit(ENGINE, '"synchronous": 2', '"synchronous": 0')),
        (PRAGMAS,),
    ),
    Mutant(
        "synchronous=NORMAL, in the spool too",
        "P1",
        (
            Edit(ENGINE, '"synchronous=FULL"', '"synchronous=NORMAL"'),
            Edit(ENGINE, '"synchronous": 2', '"synchronous": 1'),
        ),
        ("tests/unit/test_spool.py::test_the_spool_is_as_durable_as_the_store",),
    ),
    Mutant(
        "pragmas on the first connection only",
        "P1",
        (Edit(ENGINE, 'listens_for(engine, "connect")', 'listens_for(engine, "first_connect")'),),
        (PRAGMAS,),
    ),
    Mutant(
        "answered before the writer reports",
        "P1",
        (
            Edit(
                COMMIT,
                "            self._store_thread.take(batch)\n        else:\n",
                "            self._store_thread.take(batch)\n"
                "            for one, order, at in zip(waiting, orders, batch.moments, strict=True):\n"
                "                one.set_result(Stored(at, order.priority, replayed=False, same_body=True))\n"
                "        else:\n",
            ),
        ),
        ("tests/unit/test_group_commit.py::test_nobody_is_answered_before_the_commit",),
    ),
    Mutant(
        "answered although neither store nor spool took it",
        "P6 P12",
        (
            Edit(
                COMMIT,
                "                        waiter.set_exception(word)\n",
                "                        told = Stored(self._clock.now(), 'normal', replayed=False, same_body=True)\n"
                "                        waiter.set_result(told)\n",
            ),
        ),
        ("tests/unit/test_group_commit_away.py::test_a_full_spool_is_said_and_never_called_accepted",),
    ),
    Mutant(
        "a store that hangs is waited for",
        "P6",
        (Edit(COMMIT, "max(batch.oldest + self._patience, self._loop.time() + 0.05)", "self._loop.time() + 3600"),),
        ("tests/unit/test_group_commit_away.py::test_a_store_that_hangs_is_given_up_within_its_patience",),
    ),
    Mutant(
        "patience begins again with each commit",
        "P6",
        (Edit(COMMIT, "max(batch.oldest + self._patience,", "max(self._loop.time() + self._patience,"),),
        ("tests/unit/test_group_commit_away.py::test_patience_counts_from_when_the_order_was_queued",),
    ),
    Mutant(
        "a queue without a bound",
        "P12",
        (Edit(COMMIT, "if len(self._orders) >= self._limit:", "if self._limit < 0:"),),
        ("tests/unit/test_group_commit.py::test_a_full_queue_is_busy_and_the_queue_recovers",),
    ),
    Mutant(
        "no unique index on orders.number",
        "P2 P4",
        (
            Edit("app/store/tables/order.py", '        Index("order_number", "number", unique=True),\n', ""),
            Edit(
                "migrations/versions/0001_the_first_tables.py",
                '    op.create_index("order_number", "orders", ["number"], unique=True)\n',
                '    op.create_index("order_number", "orders", ["number"])\n',
            ),
        ),
        ("tests/engines/store/test_orders.py::test_the_same_key_again_gets_the_first_answer[sqlite]",),
    ),
    Mutant(
        "deferred BEGIN in a unit of work",
        "P2",
        (Edit(ENGINE, '"BEGIN" if read_only else "BEGIN IMMEDIATE"', '"BEGIN"'),),
        ("tests/engines/store/test_transactions.py::test_a_writer_locks_before_it_reads",),
    ),
    Mutant(
        "deferred BEGIN where orders are written",
        "P2",
        (Edit(ENGINE, 'cursor.execute("BEGIN IMMEDIATE")', 'cursor.execute("BEGIN")'),),
        ("tests/engines/store/test_durability_sqlite.py::test_the_writer_of_orders_locks_before_it_reads",),
    ),
    Mutant(
        "a spool record dropped before its drain commits",
        "P6",
        (
            Edit(
                "app/intake/drain.py",
                "            taken = _write(store, whole)\n",
                "            spool.forget(whole)\n            taken = _write(store, whole)\n",
            ),
        ),
        ("tests/unit/test_drain.py::test_a_drain_cut_off_before_its_commit_keeps_every_record",),
    ),
    Mutant(
        "batching by range: id > last",
        "P7",
        (
            Edit(
                ORDERS,
                ".where(UNBATCHED.query, OrderRow.incident_id == incident_id, OrderRow.id <= up_to)",
                ".where(UNBATCHED.query, OrderRow.incident_id == incident_id, OrderRow.id <= up_to, OrderRow.id > "
                "select(func.coalesce(func.max(OrderRow.id), 0))"
                ".where(OrderRow.batch_id.is_not(None)).scalar_subquery())",
            ),
        ),
        (
            "tests/engines/batch/test_durability.py::test_an_order_that_waits_below_the_newest_batched_one_comes_out[sqlite]",
        ),
    ),
    Mutant(
        "claimed as read, whoever has moved it meanwhile",
        "P7",
        (
            Edit(
                ORDERS,
                "_STILL_WAITING = select(_ORDERS.c.id).where(UNBATCHED.query, _THESE)",
                "_STILL_WAITING = select(_ORDERS.c.id).where(_THESE)",
            ),
        ),
        (
            "tests/engines/batch/test_a_maker_dies.py::test_an_order_cancelled_between_the_look_and_the_claim_is_left_out[sqlite]",
        ),
    ),
    Mutant(
        "a look-alike dropped instead of held",
        "P7 P10",
        (
            Edit(
                ORDERS,
                "return self.move(order_ids, OrderState.HELD, only_from",
                "return self.move(order_ids, OrderState.CANCELLED, only_from",
            ),
        ),
        ("tests/engines/batch/test_held.py::test_the_later_of_two_look_alikes_is_held_and_the_file_goes_out[sqlite]",),
    ),
    Mutant(
        "a group message marked sent before it is sent",
        "P9",
        (
            Edit(
                "app/notify/dispatch/run.py",
                "            outcome = await answer\n",
                "            from app.domain.outcome import Delivered\n"
                "            from app.domain.retry import Sent\n"
                "            with self._store.writing() as uow:\n"
                '                record_outcome(uow, sending, Delivered(""), Sent(""), now=self._clock.now())\n'
                "            outcome = await answer\n",
            ),
        ),
        (
            "tests/engines/notify/test_group_failures.py::test_a_dispatcher_that_dies_between_send_and_record_costs_at_most_one_repeat[sqlite-False]",
        ),
    ),
    Mutant(
        "WeCom judged by its HTTP status",
        "P9",
        (
            Edit(
                "app/channels/group/wecom.py",
                "    if type(errcode) is not int:",
                "    if status == httpx.codes.OK:\n        return Delivered()\n    if type(errcode) is not int:",
            ),
        ),
        ("tests/contract/test_channels_wecom.py::test_each_errcode_of_the_table_has_its_outcome",),
    ),
    Mutant(
        "SMS sent again blindly after a time-out",
        "P9",
        (Edit("app/notify/dispatch/sms.py", "delays=SMS_DELAYS, settles=True)", "delays=SMS_DELAYS)"),),
        (
            "tests/engines/notify/test_sms_and_email.py::test_an_unknown_outcome_is_asked_about_before_anything_is_sent_again[sqlite]",
        ),
    ),
)
