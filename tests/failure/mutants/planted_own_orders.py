"""Mistakes about our own orders in the flow, and about what is purged of it: an outage that rings, an order that is back."""

from tests.failure.mutants.mutant import Edit, Mutant

FLOW = "app/domain/flow.py"
OWN = "app/watch/stages/own_orders.py"
TAKE = "app/watch/stages/take_events.py"
PURGE = "app/store/repositories/lifecycle_purge.py"
NOTES = "app/store/repositories/flow_notes.py"
INHIBIT = "app/watch/inhibit.py"
UNIT = "tests/unit/test_flow.py"
TOLD = "tests/engines/watch/test_own_orders.py"
PURGED = "tests/engines/watch/test_purge.py"
HEALTH = "tests/engines/watch/test_order_health.py"

MUTANTS = (
    Mutant(
        "the hours of an outage count as the main system's",
        "P16",
        (Edit(FLOW, "if self.ours and visit.stage <= LAST_OF_OURS", "if False"),),
        (f"{UNIT}::test_an_order_of_ours_is_in_its_stage_and_in_no_mean_until_the_warehouse_has_it",),
    ),
    Mutant(
        "our cancelled order ends the one that the main system has taken itself",
        "P15",
        (Edit(FLOW, "self.our_end is not None and not self.told_elsewhere", "self.our_end is not None"),),
        (f"{TOLD}::test_what_the_main_system_has_taken_itself_is_not_ended_by_us",),
    ),
    Mutant(
        "a drill's order is in the figures",
        "P18",
        (
            Edit(NOTES, ".where(_ORDERS.c.drill == false(), exists", ".where(exists"),
            Edit(OWN, " if not row.drill]", "]"),
        ),
        (f"{TOLD}::test_a_drill_is_never_told",),
    ),
    Mutant(
        "an order that goes home goes on under the name it had with us alone",
        "P15",
        (Edit(OWN, "            for main in order.mains:\n", "            for main in ():\n"),),
        (f"{TOLD}::test_an_order_goes_on_under_the_number_that_the_main_system_gives_it",),
    ),
    Mutant(
        "we are a source that falls blind between outages",
        "P16",
        (Edit(TAKE, "for source, channel in heard if source != OWN_SOURCE]", "for source, channel in heard]"),),
        (f"{TOLD}::test_we_are_no_source_that_could_be_blind",),
    ),
    Mutant(
        "a gate that is open again rings because its incident is closed",
        "P16",
        (Edit(INHIBIT, "elif alert.inhibited_why and alert.told_at is None", "elif False"),),
        (f"{HEALTH}::test_what_recovers_unheard_while_an_incident_is_closed_is_not_told_unless_it_holds_again",),
    ),
    Mutant(
        "an order that is still on its way is purged for its age",
        "P16",
        (
            Edit(PURGE, "gone = (f.stage.is_(None), ", "gone = ("),
            Edit(PURGE, "f.stage.is_(None), f.standing", "f.standing"),
        ),
        (f"{PURGED}::test_an_order_that_is_still_on_its_way_stays_however_old",),
    ),
    Mutant(
        "a purged order comes back as a new one",
        "P16",
        (Edit(TAKE, "    if forgotten_before is None:\n", "    if True:\n"),),
        (f"{PURGED}::test_an_order_that_is_gone_is_not_taken_for_a_new_one",),
    ),
)
