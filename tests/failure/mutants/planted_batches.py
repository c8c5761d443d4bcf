"""Mistakes about batches, clocks and flushes."""

from tests.failure.mutants.mutant import Edit, Mutant

FILES = "app/files/export_folder.py"
DISK = "app/files/disk.py"
GROUPS = "app/notify/dispatch/group.py"
MAKERS = "tests/failure/test_makers_of_batches.py"
WORKER = "tests/engines/worker/test_worker.py"
CALENDAR = "tests/engines/worker/test_calendar.py"
GUARD = "tests/engines/worker/test_calendar_guard.py"
LEASES = "tests/engines/store/test_leases.py"
LOGS = "tests/engines/store/test_durability_sqlite.py"

MUTANTS = (
    Mutant(
        "a code that a spreadsheet took for a number is the same code",
        "P15",
        (
            Edit(
                "app/files/compare_sheets.py",
                "        if place in self._sheet.numeric and written and found:\n",
                "        if written and found:\n",
            ),
        ),
        ("tests/integration/test_cli_check_file.py::test_what_a_spreadsheet_makes_of_a_csv_is_named_cell_by_cell",),
    ),
    Mutant(
        "an unpaid order in a file that cannot tell so",
        "P15",
        (
            Edit(
                "app/batch/checks.py",
                "    return Ship() if payment_due is None else Unpaid(program, payment_due)\n",
                "    return Ship()\n",
            ),
        ),
        (
            "tests/engines/batch/test_payments.py::test_an_unpaid_order_is_held_where_the_file_could_not_tell_and_the_rest_ships[sqlite]",
        ),
    ),
    Mutant(
        "whoever releases a look-alike says that it is paid",
        "P15",
        (
            Edit(
                "app/batch/judge.py",
                "        if released and row.held_kind in (None, HeldKind.UNPAID):\n",
                "        if released:\n",
            ),
        ),
        ("tests/engines/batch/test_payments.py::test_a_release_of_a_look_alike_does_not_say_that_it_is_paid[sqlite]",),
    ),
    Mutant(
        "the end of a line kept in a cell",
        "P15",
        (Edit("app/files/layouts/layout.py", "        return on_one_line(value)\n", "        return value\n"),),
        ("tests/unit/test_batch_columns.py::test_an_address_over_several_lines_is_one_line_in_every_cell",),
    ),
    Mutant(
        "a file that does not tell unpaid orders from paid ones",
        "P15",
        (
            Edit(
                "app/files/layouts/layout.py",
                "            if marked and row.export.payment.status in marked:\n",
                "            if marked and row.export.payment.status == 'cod':\n",
            ),
        ),
        ("tests/unit/test_batch_columns.py::test_who_packs_the_goods_reads_that_an_order_is_not_paid",),
    ),
    Mutant(
        "province and city written before an address that has them",
        "P15",
        (Edit("app/domain/address.py", "    lead = _lead_of(street, parts, strangers=unknown)\n", "    lead = []\n"),),
        ("tests/unit/test_address.py::test_no_division_stands_twice_and_no_street_is_lost",),
    ),
    Mutant(
        "a batch file visible before it is complete",
        "P7",
        (
            Edit(
                FILES,
                '        return self.folder(incident) / f".{batch}.{secrets.token_hex(4)}{_ENDING[kind]}.part"\n',
                "        self.folder(incident)\n        return self.path_of(incident, batch, kind)\n",
            ),
            Edit(
                FILES,
                "        if final.exists() and sha256_of(final) == sha256_of(draft):\n",
                "        if final == draft:\n            pass\n"
                "        elif final.exists() and sha256_of(final) == sha256_of(draft):\n",
            ),
            Edit(DISK, "os.O_CREAT | os.O_EXCL |", "os.O_CREAT | os.O_TRUNC |"),
        ),
        (f"{MAKERS}::test_a_maker_killed_at_any_step_is_followed_by_one_that_ends_its_work",),
    ),
    Mutant(
        "a batch published without a flush",
        "P7",
        (Edit(DISK, "            os.fsync(handle)\n", "            pass\n"),),
        (f"{MAKERS}::test_a_batch_whose_file_was_not_flushed_is_not_published",),
    ),
    Mutant(
        "a failed flush of a batch file taken for a good one",
        "P7",
        (
            Edit(
                DISK,
                "            os.fsync(handle)\n",
                "            os.fsync(handle)\n        except OSError:\n            pass\n",
            ),
        ),
        (f"{MAKERS}::test_a_batch_whose_file_was_not_flushed_is_not_published",),
    ),
    Mutant(
        "a failed flush of the spool taken for a good one",
        "P1 P12",
        (
            Edit(
                "app/store/spool/file.py",
                '            connection.execute("COMMIT")\n        except BaseException as error:\n',
                "            with suppress(sqlite.OperationalError):\n"
                '                connection.execute("COMMIT")\n        except BaseException as error:\n',
            ),
        ),
        ("tests/failure/test_a_flush_fails.py::test_what_was_answered_while_flushes_fail_is_stored",),
    ),
    Mutant(
        "what a crash left in the log trusted as it is",
        "P1",
        (Edit("app/store/database/sqlite.py", '"PRAGMA wal_checkpoint(PASSIVE)"', '"PRAGMA user_version"'),),
        (
            f"{LOGS}::test_what_a_crash_left_in_the_log_is_in_the_database_once_the_store_is_prepared",
            f"{LOGS}::test_what_a_crash_left_in_the_log_of_the_spool_is_in_its_file_once_it_is_open",
        ),
    ),
    Mutant(
        "batches by window: received after the last one",
        "P7 P11",
        (
            Edit(
                "app/store/repositories/orders.py",
                ".where(UNBATCHED.query, OrderRow.incident_id == incident_id, OrderRow.id <= up_to)",
                ".where(UNBATCHED.query, OrderRow.incident_id == incident_id, OrderRow.id <= up_to, OrderRow.received_at > "
                "select(func.coalesce(func.max(OrderRow.received_at), datetime.fromisoformat('2000-01-01T00:00:00+00:00')))"
                ".where(OrderRow.batch_id.is_not(None)).scalar_subquery())",
            ),
        ),
        (
            "tests/engines/batch/test_durability.py::test_an_order_that_commits_after_a_batch_was_made_is_in_the_next_one[postgresql]",
            "tests/failure/test_the_clock_jumps.py::test_a_clock_that_is_set_forward_and_back_loses_and_repeats_nothing",
        ),
    ),
    Mutant(
        "a worker that was away makes up for it in silence",
        "P8",
        (
            Edit(
                "app/worker/main.py",
                "self._watch()  # a worker that was away tells that batches are late before it makes them\n",
                "pass\n",
            ),
        ),
        (f"{WORKER}::test_a_worker_that_was_away_makes_up_for_it_once_and_says_so",),
    ),
    Mutant(
        "due by the last look: a batch only where a boundary has just passed",
        "P8",
        (
            Edit(
                "app/domain/batch_window.py",
                "    return oldest_waiting_at < window_start(now, every=every, zone=zone)\n",
                "    start = window_start(now, every=every, zone=zone)\n"
                "    return oldest_waiting_at < start and now - start < timedelta(minutes=1)\n",
            ),
        ),
        (f"{WORKER}::test_a_worker_that_was_away_makes_up_for_it_once_and_says_so",),
    ),
    Mutant(
        "a firing that comes a second late is dropped",
        "P8",
        (Edit("app/worker/calendar.py", '"misfire_grace_time": None', '"misfire_grace_time": 1'),),
        (f"{GUARD}::test_a_clock_that_is_set_skips_nothing_and_repeats_nothing",),
    ),
    Mutant(
        "each missed firing is made up for by a run of its own",
        "P8",
        (Edit("app/worker/calendar.py", '"coalesce": True', '"coalesce": False'),),
        (f"{GUARD}::test_a_clock_that_is_set_skips_nothing_and_repeats_nothing",),
    ),
    Mutant(
        "nobody listens to the scheduler",
        "P8",
        (Edit("app/worker/guard.py", "if stepped or self._too_silent():", "if stepped:"),),
        (
            f"{GUARD}::test_a_scheduler_whose_loop_broke_once_is_woken_up",
            f"{GUARD}::test_a_scheduler_that_does_not_wake_up_is_given_up_after_five_minutes",
        ),
    ),
    Mutant(
        "a scheduler is woken up after the clock was set back, and its jobs keep the times of tomorrow",
        "P11",
        (
            Edit(
                "app/worker/calendar.py",
                "if afresh is not None and job.next_run_time > afresh:",
                "if afresh is not None and job.next_run_time > afresh and not self:",
            ),
        ),
        (f"{GUARD}::test_a_clock_that_is_set_skips_nothing_and_repeats_nothing",),
    ),
    Mutant(
        "a job without a limit",
        "P8",
        (Edit("app/worker/calendar.py", "asyncio.timeout(limit) as cut_off", "asyncio.timeout(None) as cut_off"),),
        (f"{CALENDAR}::test_a_job_that_hangs_is_cut_off_and_the_next_run_comes",),
    ),
    Mutant(
        "no net under the calendar",
        "P8",
        (
            Edit(
                "app/worker/timetable.py",
                '        Job("batch", steps.batch, rest=10.0, leader_only=True),  # the net under the calendar; idempotent\n',
                "",
            ),
        ),
        ("tests/unit/test_loops.py::test_only_the_leader_makes_batches_sweeps_and_watches",),
    ),
    Mutant(
        "the audit chained by a range of ids",
        "audit",
        (
            Edit(
                "app/store/repositories/audit.py",
                "query = select(Audit).where(UNCHAINED.query).order_by(Audit.id).limit(limit)",
                "chained = select(func.coalesce(func.max(Audit.id), 0)).where(Audit.block_id.is_not(None))\n"
                "        after = chained.scalar_subquery()\n"
                "        query = select(Audit).where(Audit.id > after).order_by(Audit.id).limit(limit)",
            ),
        ),
        ("tests/engines/store/test_audit_chain.py::test_a_deed_that_commits_late_is_in_the_next_block",),
    ),
    Mutant(
        "a lease judged by the wall clock alone",
        "P11",
        (
            Edit(
                "app/store/repositories/leases.py",
                "or_(Lease.holder == holder, Lease.until < now, Lease.until > longest)",
                "or_(Lease.holder == holder, Lease.until < now)",
            ),
        ),
        (f"{LEASES}::test_a_lease_from_before_the_clock_was_set_back_is_as_good_as_expired",),
    ),
    Mutant(
        "a dead maker's lease judged by the wall clock alone",
        "P11",
        (
            Edit(
                "app/store/repositories/batches.py",
                "or_(Batch.lease_until < now, Batch.lease_until > longest)",
                "or_(Batch.lease_until < now)",
            ),
        ),
        (f"{LEASES}::test_a_batch_begun_before_the_clock_was_set_back_is_ended_by_the_next_maker",),
    ),
    Mutant(
        "sends dated ahead of the clock count until it has caught up",
        "P11",
        (Edit(GROUPS, "        if newest is not None:\n", "        if newest == -1:\n"),),
        ("tests/engines/notify/test_groups.py::test_each_time_the_clock_is_set_back_one_window_is_waited_out[sqlite]",),
    ),
    Mutant(
        "what was due before the clock was set back waits for it",
        "P11",
        (
            Edit(
                "app/store/repositories/messages.py",
                "Message.due_at > longest_retry), due_when_written)",
                "Message.due_at > longest_retry))",
            ),
        ),
        (
            "tests/engines/notify/test_messages.py::test_what_was_due_before_the_clock_was_set_back_does_not_wait_for_it[sqlite]",
        ),
    ),
)
