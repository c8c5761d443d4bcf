"""Mistakes about how the main system stands and who is switched, by which orders go where nobody meant them to."""

from tests.failure.mutants.mutant import Edit, Mutant

DOMAIN = "app/domain/main_health.py"
TELL = "app/notify/main_system.py"
NAMES = "app/domain/switch.py"
FOLDER = "app/files/switch_folder.py"
WORKER = "app/worker/failover.py"
RULE = "app/watch/rules/orders_unsettled.py"
NGINX = "examples/nginx/lifeboat-failover.conf"
STANDS = "tests/unit/test_main_health.py"
TOLD = "tests/engines/notify/test_main_system.py"
FILES = "tests/unit/test_switch_folder.py"
SWITCHED = "tests/failure/test_nginx_switches.py"
LUA, BY_LUA = "examples/nginx/lifeboat-failover-lua.conf", "tests/failure/test_nginx_with_lua_hands_over.py"
HAPROXY, BY_HAPROXY = "examples/haproxy/lifeboat-failover.cfg", "tests/failure/test_haproxy_hands_over.py"

MUTANTS = (
    Mutant(
        "a health address that answers outweighs orders that hang",
        "P15",
        (Edit(DOMAIN, "    if is_recent(sent_at, window=window, now=now):\n", "    if False:\n"),),
        (f"{STANDS}::test_an_order_that_had_been_sent_outweighs_a_health_address_that_answers_at_once",),
    ),
    Mutant(
        "back with the first look that is well",
        "P15",
        (Edit(DOMAIN, "    if since is None or now - since < window:\n        return seen\n", ""),),
        (f"{STANDS}::test_it_counts_as_up_once_all_of_it_has_answered_for_a_window",),
    ),
    Mutant(
        "a look-up that fails is forgotten where its health address answers",
        "P15",
        (Edit(DOMAIN, "return Answers.UNCLEAR if lookup", "return Answers.WELL if lookup"),),
        (f"{STANDS}::test_what_one_look_found",),
    ),
    Mutant(
        "a time without looks counts as time of health",
        "P15",
        (Edit(DOMAIN, "timedelta() <= now - looked_at <= GAP", "timedelta() <= now - looked_at"),),
        (f"{STANDS}::test_a_time_without_looks_is_no_time_of_health",),
    ),
    Mutant(
        "a rehearsal's order says that the living main system is down",
        "P18",
        (Edit("app/store/repositories/passed_on.py", ".where(OrderRow.drill.is_(False))", ""),),
        (f"{TOLD}::test_an_order_of_a_rehearsal_says_nothing_of_the_living[sqlite]",),
    ),
    Mutant(
        "what was told of the main system is not remembered",
        "P16",
        (Edit(TELL, "row.told, row.told_since, row.edge = state, now, row.edge + 1", "row.edge += 1"),),
        (f"{TOLD}::test_each_change_is_told_once_to_each_group[sqlite]",),
    ),
    Mutant(
        "a switch may be called like a path",
        "P14",
        (Edit(NAMES, "[A-Za-z0-9][A-Za-z0-9_-]{0,47}", "[A-Za-z0-9./][A-Za-z0-9./_-]{0,47}"),),
        (f"{FILES}::test_a_name_that_could_lead_elsewhere_is_none",),
    ),
    Mutant(
        "a file that somebody left stays a switch",
        "P15",
        (Edit(FOLDER, "            if name not in texts:\n", "            if name in texts:\n"),),
        (f"{FILES}::test_a_file_that_somebody_made_by_hand_is_no_switch",),
    ),
    Mutant(
        "a switch whose time is over stays while the store is away",
        "P6",
        (Edit(WORKER, "                folder.drop_run_out(now)\n", "                pass\n"),),
        ("tests/engines/worker/test_failover.py::test_whose_time_is_over_goes_home_although_the_store_is_away",),
    ),
    Mutant(
        "unsettled orders cry while the main system is down",
        "P16",
        (Edit(RULE, "main.told == MainState.DOWN:", "main.told == MainState.UNKNOWN:"),),
        (
            "tests/engines/watch/test_orders_unsettled.py::test_while_the_main_system_is_down_nobody_could_look_there[sqlite]",
        ),
    ),
    Mutant(
        "nginx that takes an order which was switched for one that was sent",
        "P2",
        (Edit(NGINX, '    " " 0;\n', ""),),
        (SWITCHED,),
    ),
    Mutant(
        "nginx that switches every storefront with the first",
        "P2",
        (Edit(NGINX, "lifeboat-switch/$lifeboat_channel.on", "lifeboat-switch/tmall.on"),),
        (SWITCHED,),
    ),
    Mutant(
        "nginx whose limits end where a storefront is switched",
        "P12",
        (
            Edit(
                NGINX,
                "算过，nginx 不会再算一次。\n        limit_req zone=order_rate burst=200 nodelay;\n",
                "算过，nginx 不会再算一次。\n",
            ),
        ),
        (SWITCHED,),
    ),
    Mutant(
        "nginx with Lua that shows the error inside a 200 to the customer",
        "P1",
        (Edit(LUA, ' or (answer.status == 200 and could_not[code or ""])', ""),),
        (BY_LUA,),
    ),
    Mutant(
        "nginx with Lua that hands over what the main system refused for good",
        "P15",
        (Edit(LUA, 'could_not[code or ""]', 'code ~= "0"'),),
        (BY_LUA,),
    ),
    Mutant(
        "nginx with Lua that never says that an order was sent",
        "P2",
        (Edit(LUA, 'attempt == "unsent" and "0" or (attempt == "sent" and "1" or "unknown")', '"0"'),),
        (BY_LUA,),
    ),
    Mutant(
        "HAProxy that says of what it may have sent that it was not",
        "P2",
        (Edit(HAPROXY, "str(unknown) if main_up", "str(0) if main_up"),),
        (BY_HAPROXY,),
    ),
    Mutant(
        "HAProxy that retries at the main system",
        "P2",
        (Edit(HAPROXY, "    option redispatch 1\n", ""),),
        (BY_HAPROXY,),
    ),
    Mutant(
        "HAProxy that shows the error inside a 200 to the customer",
        "P1",
        (
            Edit(
                HAPROXY,
                "if !from_lifeboat error_inside { status 200 }",
                "if !from_lifeboat error_inside { status 299 }",
            ),
        ),
        (BY_HAPROXY,),
    ),
)
