"""The English twins of ``app.words.compare``: each table has the same codes."""

from app.words.compare import DiscrepancyWords, ToldDiscrepancy

DISCREPANCY_OWNERS = {"ops": "ops", "service": "service", "finance": "finance", "it": "IT"}

DISCREPANCIES = DiscrepancyWords(
    {
        "paid_nowhere": ToldDiscrepancy(
            "Paid, and not in the main system", "Import it by where it stands with us, or refund it.", "ops"
        ),
        "money_without_order": ToldDiscrepancy(
            "Money without an order",
            "Find the customer by its number: make the order, or refund.",
            "finance",
        ),
        "not_paid": ToldDiscrepancy(
            "Taken as paid, and not in the statement",
            "Do not ship; ask the shop, cancel what was not paid.",
            "finance",
        ),
        "double_payment": ToldDiscrepancy("Paid twice", "Refund one of the payments.", "finance"),
        "payment_differs": ToldDiscrepancy("Another amount was paid", "Collect or refund the difference.", "finance"),
        "refunded": ToldDiscrepancy(
            "Refunded", "Make sure that the main system has cancelled it too; do not ship.", "service"
        ),
        "paid_meanwhile": ToldDiscrepancy(
            "Taken as unpaid, and paid since", "Let the shop tell us, or release it.", "ops"
        ),
        "refund_due": ToldDiscrepancy("Paid, and closed here", "Nobody will ship it: refund.", "finance"),
        "lost": ToldDiscrepancy(
            "Said to be imported, and not in the list",
            "Look it up there; if it is gone, repair it.",
            "ops",
        ),
        "not_home": ToldDiscrepancy(
            "In a file, and not in the list", "Import the batch and upload its results; repair what failed.", "ops"
        ),
        "not_exported": ToldDiscrepancy("In no batch yet", "Wait for the next batch, or decide what holds it.", "ops"),
        "already_there": ToldDiscrepancy(
            "In no batch yet, and in the list", "Mark it as a duplicate; do not import it.", "ops"
        ),
        "doubled": ToldDiscrepancy("Twice in the main system", "Ship one, cancel the other there.", "ops"),
        "closed_but_there": ToldDiscrepancy(
            "Closed here, and in the list", "Cancel it there, or correct it here.", "ops"
        ),
        "cancelled_there": ToldDiscrepancy(
            "Cancelled in the main system", "Ask why: repair it, or close it here too.", "service"
        ),
        "passed_on_there": ToldDiscrepancy(
            "Merged or split there", "What it became is not in the list: export it again, or look there.", "ops"
        ),
        "unclear_state": ToldDiscrepancy(
            "A state that is not known", "Look there; the word can go into a map of your own.", "it"
        ),
        "amount_differs": ToldDiscrepancy("Amounts differ", "Check discounts, freight and changed prices.", "ops"),
        "goods_differ": ToldDiscrepancy("Goods differ", "Check goods and pieces before it is shipped.", "ops"),
        "unpaid_there": ToldDiscrepancy("Unpaid in the main system", "Note the payment there.", "finance"),
        "refunded_there": ToldDiscrepancy(
            "Refunded in the main system", "Make sure that it is so; do not ship.", "service"
        ),
        "likely_there": ToldDiscrepancy(
            "The list has one much like it", "Compare: mark it as a duplicate, or release it.", "ops"
        ),
        "ambiguous": ToldDiscrepancy(
            "It is not clear which", "Compare both sides and decide which row is which order.", "ops"
        ),
        "unknown_number": ToldDiscrepancy(
            "A number of ours that we do not have",
            "Look into every spool, then where the row came from.",
            "it",
        ),
        "not_ours": ToldDiscrepancy(
            "More in the list than ours", "--others passes over what the main system took itself; else find out.", "ops"
        ),
    }
)

RUNGS = {
    "our_number": "our number",
    "main_number": "the main system's number",
    "shop_number": "the shop's number",
    "payment_number": "payment number",
    "likeness": "phone, goods, amount, time",
}

MOVED = {"payment": "payment", "refund": "refund", "revoked": "revoked"}

PLACED = {
    "matched": "matched",
    "ambiguous": "for a person",
    "missing": "not in the list",
    "closed": "closed, and not in the list",
    "unexpected": "more in the list",
    "elsewhere": "of other incidents",
}
