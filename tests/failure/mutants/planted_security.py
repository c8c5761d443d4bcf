"""Mistakes that leave a door open: each a control of ``docs/security.md`` taken away, and the test that misses it."""

from tests.failure.mutants.mutant import Edit, Mutant

BOUNDS = "tests/integration/test_fast_path_bounds.py"
DOOR = "tests/integration/test_door.py"
SIGN_IN = "tests/integration/test_console_sign_in.py"
ODD = "tests/integration/test_odd_requests.py"
ANY = "tests/failure/test_any_sequence.py::test_whatever_happens_in_whatever_order_every_order_is_in_one_place[sqlite]"
OPENAPI = "tests/failure/test_the_openapi_document.py"
LETTERS = "app/notify/dispatch/sms.py"

MUTANTS = (
    # ---- who may come in ---------------------------------------------------------------------------------------------
    Mutant(
        "storefront keys stored as they are and compared with ==",
        "security",
        (
            Edit("app/access/clients.py", "hashlib.sha256(secret.encode()).digest()", "secret.encode()"),
            Edit(
                "app/web/auth.py",
                "not hmac.compare_digest(known[0], hashlib.sha256(secret.encode()).digest())",
                "known[0] != secret.encode()",
            ),
        ),
        ("tests/unit/test_keys.py",),
    ),
    Mutant(
        "only the id of a key is looked at",
        "security",
        (
            Edit(
                "app/web/auth.py",
                "if known is None or not hmac.compare_digest(known[0], hashlib.sha256(secret.encode()).digest()):",
                "if known is None:",
            ),
        ),
        (f"{DOOR}::test_the_right_id_with_another_secret_is_not_let_in",),
    ),
    Mutant(
        "a screen's link that opens again and again",
        "security",
        (Edit("app/store/repositories/kiosks.py", "unused = (Kiosk.taken_at.is_(None), Kiosk", "unused = (Kiosk"),),
        ("tests/engines/access/test_kiosks.py::test_a_link_connects_one_screen[sqlite]",),
    ),
    Mutant(
        "a stream that outlives the session",
        "security",
        (
            Edit(
                "app/web/console/lookout.py",
                "if glance is not None and not stream.entitled(glance):",
                "if glance is None and False:",
            ),
        ),
        ("tests/integration/test_console_live.py::test_a_stream_ends_with_what_entitles_to_it",),
    ),
    Mutant(
        "a page that asks by itself keeps its session alive on a quiet day",
        "security",
        (
            Edit(
                "app/web/console/auth.py",
                "click = not _asked_by_a_page(request) or self._gate.taking_orders()",
                "click = True",
            ),
        ),
        ("tests/integration/test_console_live.py::test_without_an_incident_asking_by_itself_is_no_use",),
    ),
    Mutant(
        "a look-up of keys that is on its way taken for an answer",
        "security",
        (
            Edit(
                "app/web/auth.py",
                "        began = time.monotonic()\n",
                "        self._looked_at = began = time.monotonic()\n",
            ),
        ),
        ("tests/integration/test_door_access.py::test_who_waits_for_the_next_look_up_waits_for_its_answer_too",),
    ),
    Mutant(
        "a revoked key still opens",
        "security",
        (
            Edit(
                "app/store/repositories/access.py",
                "            .where(ClientKey.revoked_at.is_(None))\n        )\n",
                "        )\n",
            ),
        ),
        (f"{DOOR}::test_a_revoked_key_is_refused",),
    ),
    Mutant(
        "a look-up not scoped by client",
        "security",
        (
            Edit(
                "app/web/api/orders.py",
                'told_to = None if caller.scope == "ops" else caller.client_id',
                "told_to = None",
            ),
        ),
        (f"{DOOR}::test_a_client_sees_its_order_and_nobody_elses",),
    ),
    Mutant(
        "an idempotency key not scoped by client",
        "P2 security",
        (
            Edit(
                "app/intake/accept.py",
                "derive(keys.number, caller.client_id, idempotency_key,",
                'derive(keys.number, "", idempotency_key,',
            ),
        ),
        (f"{DOOR}::test_two_clients_with_the_same_key_have_two_orders",),
    ),
    Mutant(
        "a storefront's key opens batches",
        "security",
        (Edit("app/web/callers.py", 'Depends(scoped("ops"))', 'Depends(scoped("ops", "intake"))'),),
        (
            "tests/integration/test_batches_over_http.py::test_a_storefronts_key_opens_no_batch_and_nothing_unknown_is_there",
        ),
    ),
    # ---- the console -------------------------------------------------------------------------------------------------
    Mutant(
        "forms without a CSRF token",
        "security",
        (
            Edit(
                "app/web/console/routing.py",
                "if session is None or not await carries_token(request, gate.forms, session):",
                "if session is None:",
            ),
        ),
        (f"{SIGN_IN}::test_a_form_without_its_token_is_refused",),
    ),
    Mutant(
        "a session that is the same at each sign-in",
        "security",
        (Edit("app/web/console/session.py", "secrets.token_urlsafe(12)", '""'),),
        (f"{SIGN_IN}::test_signing_in_gives_another_session_each_time",),
    ),
    Mutant(
        "a session without an idle limit",
        "security",
        (Edit("app/web/console/session.py", " or now - session.used_at >= IDLE", ""),),
        (f"{SIGN_IN}::test_a_session_ends_two_hours_after_the_last_click",),
    ),
    Mutant(
        "a session that outlives its account",
        "security",
        (Edit("app/web/console/auth.py", " or user.session_epoch != session.epoch", ""),),
        (f"{SIGN_IN}::test_another_password_ends_the_other_sessions_and_keeps_this_one",),
    ),
    Mutant(
        "passwords guessed without a wait",
        "security",
        (Edit("app/access/throttle.py", "    if failures < free:", "    if failures < free + 1000:"),),
        (
            f"{SIGN_IN}::test_after_five_failures_the_account_has_to_wait_and_each_failure_doubles_it",
            f"{SIGN_IN}::test_one_address_cannot_try_many_accounts",
        ),
    ),
    Mutant(
        "a viewer sees personal data",
        "security",
        (Edit("app/web/console/roles.py", "return role in ALLOWED.get(route, frozenset())", "return True"),),
        ("tests/integration/test_console_orders.py::test_a_viewer_can_neither_unmask_nor_download_nor_decide",),
    ),
    # ---- personal data -----------------------------------------------------------------------------------------------
    Mutant(
        "personal data stored unsealed",
        "security",
        (
            Edit(
                "app/store/sealing.py",
                "self._head + nonce + self._cipher.encrypt(nonce, plain, bound_to.encode())",
                "self._head + nonce + plain",
            ),
        ),
        ("tests/failure/test_what_rests_on_disk.py",),
    ),
    Mutant(
        "the log as it comes",
        "security",
        (Edit("app/telemetry/logging.py", "event[name] = redacted(value)", "event[name] = value"),),
        ("tests/unit/test_telemetry.py",),
    ),
    Mutant(
        "batch files that everybody may read",
        "security",
        (Edit("app/files/disk.py", "os.O_CLOEXEC, 0o600)", "os.O_CLOEXEC, 0o644)"),),
        ("tests/unit/test_batch_files.py::test_a_csv_file_opens_in_excel_and_its_free_text_is_defused",),
    ),
    Mutant(
        "a download nobody hears of",
        "security",
        (
            Edit(
                "app/batch/download.py",
                "uow.audit.record(DOWNLOADED, by=by,",
                'uow.audit.record("seen", by=by,',
            ),
        ),
        (ANY,),
    ),
    Mutant(
        "cells that a spreadsheet executes",
        "security",
        (Edit("app/domain/csv_cell.py", 'return "\'" + text if _DEFUSE.match(text) else text', "return text"),),
        ("tests/unit/test_csv_cell.py",),
    ),
    # ---- what comes in, what goes out --------------------------------------------------------------------------------
    Mutant(
        "unknown fields ignored",
        "security",
        (
            Edit("app/intake/schemas.py", 'ConfigDict(extra="forbid")', 'ConfigDict(extra="ignore")'),
            Edit("app/intake/schemas.py", '        extra="forbid",\n', '        extra="ignore",\n'),
        ),
        (f"{DOOR}::test_wrong_fields_are_pointed_at",),
    ),
    Mutant(
        "a page shows a stranger's text as it is",
        "security",
        (
            Edit(
                "app/web/console/templates/console/urgent.html",
                "{{ p.said(goods[o.id], 80) }}",
                "{{ goods[o.id]|safe }}",
            ),
        ),
        ("tests/integration/test_console_planted.py::test_no_page_brings_it_to_life",),
    ),
    Mutant(
        "a request head without a bound",
        "P12 security",
        (Edit("app/web/door/bounded.py", "if self._beside_body > LARGEST_HEAD:", "if self._beside_body < -9e9:"),),
        ("tests/failure/test_a_hostile_client.py::test_a_request_head_without_end_is_cut_off",),
    ),
    Mutant(
        "a key from a trailer",
        "security",
        (
            Edit(
                "app/web/door/bounded.py",
                "        if self.in_head:\n            self.headers",
                "        if True:\n            self.headers",
            ),
        ),
        (f"{BOUNDS}::test_fields_after_the_body_say_nothing",),
    ),
    Mutant(
        "requests sent ahead pile up",
        "P12 security",
        (
            Edit(
                "app/web/door/fast_path.py",
                "if self.flow.read_paused and not self.pipeline:",
                "if self.flow.read_paused:",
            ),
        ),
        (f"{BOUNDS}::test_what_is_sent_ahead_waits_in_the_kernel_and_not_with_us",),
    ),
    Mutant(
        "an answer nobody reads holds its connection",
        "P12 security",
        (
            Edit(
                "app/web/door/fast_path.py",
                "        if self.is_unread(now):\n",
                "        if self.is_unread(now) and False:\n",
            ),
        ),
        (f"{BOUNDS}::test_an_answer_that_nobody_reads_ends_the_connection",),
    ),
    Mutant(
        "one commit more is called a store that is back",
        "P6 P12",
        (
            Edit(
                "app/store/commit/order_writer.py",
                "self._room(self._engine) < TO_RETURN",
                "self._room(self._engine) < 0",
            ),
        ),
        ("tests/engines/store/test_durability_sqlite.py::test_a_database_with_room_for_one_commit_alone_is_not_back",),
    ),
    Mutant(
        "a NUL in an address",
        "P12",
        (
            Edit(
                "app/web/request_id.py",
                "answer(NotFound(), request_id=request_id) if nowhere else self._app",
                "self._app",
            ),
        ),
        (f"{ODD}::test_nothing_has_a_nul_in_its_name",),
    ),
    Mutant(
        "addresses mended by a redirect to the host that was named",
        "security",
        (Edit("app/web/application.py", "redirect_slashes=False,", "redirect_slashes=True,"),),
        (f"{ODD}::test_no_address_is_mended_by_a_redirect_to_whatever_host_was_named",),
    ),
    Mutant(
        "the framework's own refusals in the OpenAPI document",
        "P12",
        (Edit("app/web/application.py", "        _refuse_in_our_shape(document)\n", ""),),
        (OPENAPI,),
    ),
    Mutant(
        "outgoing calls follow redirects",
        "security",
        (Edit("app/outbound/client.py", "follow_redirects=False", "follow_redirects=True"),),
        ("tests/house/test_container_and_locks.py::test_outgoing_calls_follow_no_redirect_and_ask_no_proxy",),
    ),
    Mutant(
        "one client spends the day's text messages of all",
        "security",
        (Edit(LETTERS, "min(room, self._per_client - spent.get(client, 0))", "min(room, self._per_client)"),),
        (
            "tests/engines/notify/test_sms_and_email.py::test_a_stolen_key_spends_its_own_days_limit_and_not_that_of_the_others[sqlite]",
        ),
    ),
    # ---- any sequence ------------------------------------------------------------------------------------------------
    Mutant(
        "an order that came home is cancelled",
        "P10",
        (
            Edit(
                "app/domain/states.py",
                "dict.fromkeys(FINAL, frozenset())",
                "dict.fromkeys(FINAL, frozenset({OrderState.CANCELLED}))",
            ),
            Edit(
                "app/orders/decide.py",
                "open_states = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED)",
                "open_states = (OrderState.ACCEPTED, OrderState.HELD, OrderState.BATCHED, OrderState.IMPORTED)",
            ),
        ),
        (ANY,),
    ),
    Mutant(
        "a second upload of the same results counts again",
        "P10",
        (
            Edit(
                "app/handback/verdict.py",
                "    return Unchanged() if known_already else Apply(moves=False)",
                "    return Apply(moves=False)",
            ),
        ),
        (ANY,),
    ),
)
