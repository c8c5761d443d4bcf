"""Mistakes about messages, limits and the spool: each loses, doubles or hides something a person counts on."""

from tests.failure.mutants.mutant import Edit, Mutant

SPOOL = "app/store/spool/file.py"

MUTANTS = (
    Mutant(
        "a record set aside is dropped",
        "P6",
        (
            Edit(
                SPOOL,
                '"SELECT number, received_at, record, ?, ? FROM spooled WHERE id = ?"',
                '"SELECT number, received_at, record, ?, ? FROM spooled WHERE id = ? AND 0"',
            ),
        ),
        ("tests/unit/test_drain.py::test_damage_in_any_column_costs_its_own_order_its_place_and_no_other",),
    ),
    Mutant(
        "a record is believed without its digest",
        "P6",
        (Edit(SPOOL, "    if digest in {digest_of(record, received_at), digest_of(record)}:\n", "    if digest:\n"),),
        (
            "tests/unit/test_spool_recovery.py::test_a_changed_byte_of_a_record_names_its_order_and_spares_the_others",
            "tests/unit/test_drain.py::test_damage_in_any_column_costs_its_own_order_its_place_and_no_other",
        ),
    ),
    Mutant(
        "a full spool says that it has taken the order",
        "P6 P12",
        (
            Edit(
                SPOOL,
                "                raise SpoolFull(str(error)) from error\n",
                "                return [Stored(at, new.priority, replayed=False, same_body=True)\n"
                "                        for new, at in zip(batch, moments, strict=True)]\n",
            ),
        ),
        (
            "tests/unit/test_spool.py::test_a_full_spool_takes_all_of_a_batch_or_nothing_and_takes_again_when_there_is_room",
        ),
    ),
    Mutant(
        "a salvage calls a file done that it could not read",
        "P6",
        (Edit("app/intake/recover.py", "    if done.complete or accept_loss:\n", "    if found or accept_loss:\n"),),
        ("tests/integration/test_cli_spool.py::test_what_cannot_be_read_is_named_and_keeps_the_file_in_sight",),
    ),
    Mutant(
        "a salvage forgets the log",
        "P6",
        (
            Edit(
                "app/store/spool/recovery.py",
                'data, log = _bytes_of(path), _bytes_of(path.with_name(path.name + "-wal"))',
                "data, log = _bytes_of(path), _NOTHING",
            ),
        ),
        ("tests/unit/test_spool_recovery.py::test_what_is_in_the_log_alone_is_read_too",),
    ),
    Mutant(
        "a damaged file does not miss what was cut off",
        "P6",
        (Edit("app/store/spool/recovery.py", " - claimed) + reader.cut_off()\n", " - claimed)\n"),),
        ("tests/unit/test_spool_recovery.py::test_a_file_that_ends_too_early_is_never_called_whole",),
    ),
    Mutant(
        "a text whose sender was killed is sent again unasked",
        "P9",
        (Edit("app/channels/kinds.py", "after_death=MessageState.SETTLING", "after_death=MessageState.PENDING"),),
        (
            "tests/failure/test_messages.py::test_everybody_hears_of_an_order_whatever_happens_to_the_sender_and_the_providers",
        ),
    ),
    Mutant(
        "a group message whose sender was killed stays where it is",
        "P9",
        (
            Edit(
                "app/notify/dispatch/sweep.py",
                "for kind in KINDS.values()",
                "for kind in KINDS.values() if not kind.is_group",
            ),
        ),
        (
            "tests/failure/test_messages.py::test_everybody_hears_of_an_order_whatever_happens_to_the_sender_and_the_providers",
        ),
    ),
    Mutant(
        "a content that cannot be read stops the run",
        "P14",
        (
            Edit(
                "app/notify/dispatch/run.py",
                "        except UnreadableContent as error:\n            move_message(uow, message, GiveUp(str(error)), now=now, from_states=(MessageState.SENDING,))\n",
                "        except ZeroDivisionError:\n            pass\n",
            ),
        ),
        (
            "tests/engines/notify/test_group_failures.py::test_a_content_nobody_can_read_is_a_dead_letter_with_a_sentence_and_holds_up_nobody",
        ),
    ),
    Mutant(
        "a channel that raises stops the run",
        "P14",
        (
            Edit(
                "app/notify/dispatch/run.py",
                "        except Exception as error:\n",
                "        except ZeroDivisionError as error:\n",
            ),
        ),
        (
            "tests/engines/notify/test_group_failures.py::test_a_channel_that_breaks_is_an_unknown_outcome_and_the_message_is_tried_again",
        ),
    ),
    Mutant(
        "an alert is told at every look",
        "P16",
        (
            Edit(
                "app/store/repositories/alerts.py",
                "            alert.told_at = alert.told_at or now\n",
                "            alert.told_at = None\n",
            ),
        ),
        ("tests/engines/notify/test_compose.py::test_an_alert_is_told_once_when_it_begins_and_once_when_it_ends",),
    ),
    Mutant(
        "a drill's order fits into a live batch",
        "P18",
        (
            Edit(
                "migrations/versions/0003_rows_and_kinds.py",
                'double = f"FOREIGN KEY({column}, drill) REFERENCES {parent} (id, drill)"',
                'double = single if parent == "orders" else f"FOREIGN KEY({column}, drill) REFERENCES {parent} (id, drill)"',
            ),
        ),
        ("tests/engines/store/test_transactions.py::test_no_mixture_of_live_and_drill_can_be_written[sqlite]",),
    ),
    Mutant(
        "the audit's blocks do not cover what was done",
        "security",
        (Edit("app/store/audit_chain.py", "deed.subject, deed.address, deed.detail]", "deed.subject, deed.address]"),),
        ("tests/engines/store/test_audit_chain.py",),
    ),
    Mutant(
        "the limit is not counted for bodies that announce no length",
        "P12",
        (Edit("app/web/door/body.py", "            if size > self.limit:\n", "            if size < 0:\n"),),
        ("tests/integration/test_door_bad_days.py::test_a_body_that_is_too_large_is_refused_whether_announced_or_not",),
    ),
    Mutant(
        "a refusal of a busy door names no time to come back",
        "P12",
        (
            Edit(
                "app/domain/problems.py",
                '"当前订单过多，请稍后用同一幂等键重试。"\n    retry_after = 1\n',
                '"当前订单过多，请稍后用同一幂等键重试。"\n',
            ),
        ),
        (
            "tests/failure/test_an_overloaded_door.py::test_an_overloaded_door_refuses_in_time_and_stays_open[queue_full]",
        ),
    ),
)
