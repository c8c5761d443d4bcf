from pathlib import Path

from tests.failure.reference_outage import Plan, reference_outage


def test_no_order_is_lost_or_doubled_while_web_and_worker_are_killed(tmp_path: Path):
    """P1–P4, P7, P9: the reference outage, shortened."""
    reference_outage(tmp_path, Plan(orders=300, rate=20, kill_every=4, cut_every=4, to_the_end=False)).prove()
