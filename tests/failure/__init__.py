"""What breaks, and that nothing is lost by it: short forms here, long ones in ``python -m tests.failure.torture``."""
