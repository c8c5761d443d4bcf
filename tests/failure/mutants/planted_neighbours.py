"""Mistakes by which one party's trouble becomes that of others: at the door, in the group commit, on the disk."""

from tests.failure.mutants.mutant import Edit, Mutant

COMMIT = "app/store/commit/group_commit.py"
LANE = "app/web/door/fast_path.py"
QUOTAS = "app/intake/quotas.py"
WAITERS = "tests/unit/test_group_commit_waiters.py::"
ENDS = "tests/integration/test_fast_path_ends.py::"
RESERVE = "tests/engines/batch/test_the_disk_reserve.py::"
SHARES = "tests/unit/test_quotas.py::"

MUTANTS = (
    Mutant(
        "a waiter that raises ends the telling of its commit",
        "P14",
        (Edit(COMMIT, "except (Exception, asyncio.CancelledError) as error:", "except ZeroDivisionError as error:"),),
        (f"{WAITERS}test_a_waiter_that_raises_is_passed_over_and_the_others_are_told",),
    ),
    Mutant(
        "a figure that cannot be kept ends the telling of a commit",
        "P14",
        (
            Edit(
                COMMIT,
                "    except Exception as error:\n        with suppress",
                "    except OSError as error:\n        with suppress",
            ),
        ),
        (f"{WAITERS}test_a_figure_that_cannot_be_kept_keeps_no_order_waiting",),
    ),
    Mutant(
        "a writer's answers are taken for as many as it was given",
        "P3 P14",
        (
            Edit(
                "app/store/commit/writer_thread.py",
                "if len(result) != len(batch.orders):",
                "if len(result) > len(batch.orders):",
            ),
        ),
        (f"{WAITERS}test_a_writer_that_tells_of_too_few_orders_is_not_believed",),
    ),
    Mutant(
        "the end of sending is taken for a hang-up",
        "P14",
        (Edit(LANE, "        return not self.transport.is_closing()\n", "        return False\n"),),
        (f"{ENDS}test_an_order_that_waits_for_its_commit_outlives_the_end_of_sending",),
    ),
    Mutant(
        "rubbish is answered before the order in front of it",
        "P14",
        (
            Edit(
                LANE,
                "        if self.turn is None or self.turn.response_complete or self.turn.disconnected:\n",
                "        if self.turn is not self:\n",
            ),
        ),
        (f"{ENDS}test_a_stored_order_is_answered_before_what_cannot_be_read",),
    ),
    Mutant(
        "of a lost connection only the newest request hears",
        "P14",
        (Edit(LANE, "            _abandon(cycle)\n        self.pipeline.clear()\n", "            pass\n"),),
        (f"{ENDS}test_a_lost_connection_is_heard_of_by_every_request_on_it",),
    ),
    Mutant(
        "trouble with one answer leaves its order",
        "P14",
        (
            Edit(
                "app/web/door/fast_order.py",
                "            self._answer(door.answers.refusal(problem, request_id), request_id)\n        except Exception",
                "            self._answer(door.answers.refusal(problem, request_id), request_id)\n        except OSError",
            ),
        ),
        (f"{ENDS}test_trouble_with_one_answer_is_not_that_of_the_whole_commit",),
    ),
    Mutant(
        "a connection that breaks under the clock ends the look at all others",
        "P14",
        (Edit(LANE, "            except Exception as error:\n", "            except OSError as error:\n"),),
        (f"{ENDS}test_a_connection_that_cannot_be_looked_at_keeps_no_other_from_being_looked_at",),
    ),
    Mutant(
        "repeats use up a client's share",
        "P14",
        (Edit(QUOTAS, "            if not stored.replayed:\n", "            if stored:\n"),),
        (f"{SHARES}test_repeats_and_contradictions_are_never_counted",),
    ),
    Mutant(
        "one share for all clients",
        "P14",
        (Edit(QUOTAS, "return order.client_id if", 'return "all" if'),),
        (f"{SHARES}test_a_client_may_send_its_share_at_once_and_then_waits_alone",),
    ),
    Mutant(
        "whoever floods a path without a key uses up the share of the client it names",
        "P14",
        (Edit(QUOTAS, "if profile is None or profile not in self._keyless else", "if order else"),),
        (f"{SHARES}test_a_path_without_a_key_has_a_share_of_its_own",),
    ),
    Mutant(
        "what has been stored is counted for nobody",
        "P14",
        (Edit(COMMIT, "                self._count(batch.orders, results)\n", "                pass\n"),),
        ("tests/integration/test_door_quotas.py::test_both_ways_draw_on_one_share",),
    ),
    Mutant(
        "batches are written into what is kept for orders",
        "P14",
        (Edit("app/batch/maker.py", "full, forced = self._no_room(), by", "full, forced = None, by"),),
        (
            "tests/engines/batch/test_the_disk_reserve.py::test_no_batch_begins_and_no_order_is_touched_until_there_is_room[sqlite]",
        ),
    ),
    Mutant(
        "uploads go into what is kept for orders",
        "P14",
        (Edit("app/handback/upload.py", "    exports.reserve.require()\n", ""),),
        (RESERVE + "test_an_upload_of_results_is_refused_with_a_sentence_and_taken_once_there_is_room[sqlite]",),
    ),
    Mutant(
        "a small disk is kept for orders as a whole",
        "P14",
        (Edit("app/files/disk_reserve.py", "min(self.size, usage.total // SMALL_DISK_SHARE)", "self.size"),),
        ("tests/unit/test_disk_reserve.py::test_the_default_shrinks_with_the_disk_and_a_chosen_size_does_not",),
    ),
)
