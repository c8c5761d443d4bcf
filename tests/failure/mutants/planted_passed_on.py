"""Mistakes about orders that a proxy passes on, by which the main system's copy and ours would both be shipped."""

from tests.failure.mutants.mutant import Edit, Mutant

DOMAIN = "app/domain/passed_on.py"
ROWS = "app/store/commit/passed_on_rows.py"
WRITER = "app/store/commit/order_writer.py"
SPOOL = "app/store/spool/file.py"
FAST = "app/web/door/fast_path.py"
PROXIES = "app/web/door/proxies.py"
DECIDE = "app/orders/decide.py"
ACCEPT = "app/intake/accept.py"
EXAMPLE = "examples/nginx/lifeboat-failover.conf"
SAID = "tests/unit/test_passed_on.py"
HELD = "tests/engines/orders/test_passed_on.py"
WAYS_IN = "tests/integration/test_passed_on.py"
NGINX = "tests/failure/test_nginx_hands_over.py::test_nginx_hands_orders_over_and_says_which_the_main_system_may_have"
STOREFRONTS = "tests/failure/test_nginx_hands_over.py::test_no_storefront_can_have_orders_held_lose_them_or_be_left_without_an_answer"

MUTANTS = (
    Mutant(
        "of a field that was added twice the last word alone counts",
        "P2",
        (
            Edit(
                PROXIES,
                'found[name] = b"%b, %b" % (found[name], value) if name in found else value',
                "found[name] = value",
            ),
        ),
        (f"{WAYS_IN}::test_a_field_that_was_added_twice_hides_no_word",),
    ),
    Mutant(
        "what a proxy says unclearly counts as not sent",
        "P2",
        (Edit(DOMAIN, "sent = SentBefore.UNKNOWN\n    elif said:", "sent = SentBefore.NO\n    elif said:"),),
        (f"{SAID}::test_what_the_fields_say",),
    ),
    Mutant(
        "the flag falls with a later attempt that was not sent",
        "P2",
        (Edit(DOMAIN, "return other if gravity.index(other.sent) > gravity.index(one.sent) else one", "return other"),),
        (f"{SAID}::test_the_gravest_of_some_is_the_same_in_any_order",),
    ),
    Mutant(
        "only a new order is flagged, not a retry that was sent",
        "P2",
        (
            Edit(
                WRITER,
                "for new in batch if new.passed_on is not None",
                "for new in batch if new.passed_on and new.number in won",
            ),
        ),
        (f"{HELD}::test_whichever_attempt_comes_first_it_is_held",),
    ),
    Mutant(
        "flagged and not held",
        "P2",
        (Edit(ROWS, "        cursor.execute(hold, (*_HELD, sentence_of(what), number))\n", ""),),
        (f"{HELD}::test_an_order_that_was_sent_before_is_held_and_in_no_batch[sqlite]",),
    ),
    Mutant(
        "a record in the spool stays as it was first written",
        "P6",
        (Edit(SPOOL, "            self._raise(earlier, earlier.order, new.passed_on)\n", "            pass\n"),),
        (f"{WAYS_IN}::test_the_spool_keeps_what_was_said_and_lets_it_rise",),
    ),
    Mutant(
        "the fast path does not ask the proxy",
        "P2",
        (Edit(FAST, "said = self.door.proxies.said(self.headers) if self.from_proxy else None", "said = None"),),
        (f"{WAYS_IN}::test_our_proxy_is_believed",),
    ),
    Mutant(
        "anybody is believed",
        "P2",
        (Edit(PROXIES, "return client is not None and client[0] in self._trusted", "return True"),),
        (f"{WAYS_IN}::test_a_strangers_word_is_ignored_and_never_refused",),
    ),
    Mutant(
        "a look-alike that is released goes out though the main system may have it",
        "P2",
        (Edit(DECIDE, "    if noted is not None and noted.is_open:\n", "    if False:\n"),),
        (f"{HELD}::test_one_that_is_held_for_another_doubt_is_asked_about_the_main_system_too[sqlite]",),
    ),
    Mutant(
        "nginx without the door that says 502: every order waits for the whole outage",
        "P1",
        (
            Edit(
                EXAMPLE,
                "    server unix:/run/lifeboat-nobody.sock backup max_fails=0;",
                "    # server unix:/run/lifeboat-nobody.sock",
            ),
        ),
        (NGINX,),
    ),
    Mutant(
        "nginx that gives up with an impatient storefront",
        "P1",
        (Edit(EXAMPLE, "        proxy_ignore_client_abort on;\n        # 这一行", "        # 这一行"),),
        (STOREFRONTS,),
    ),
    Mutant(
        "nginx that keeps a 500 for the customer",
        "P1",
        (Edit(EXAMPLE, "error_page 418 500 502 503 504 = @lifeboat;", "error_page 418 502 503 504 = @lifeboat;"),),
        (NGINX,),
    ),
)
