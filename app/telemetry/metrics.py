"""Figures of one process, in a registry of their own so that tests and processes never share counters."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_COMMIT_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Every figure the door keeps; those about rows are read from the store when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.accepted = Counter("lifeboat_orders_accepted", "Orders accepted for the first time", registry=r)
        self.replays = Counter(
            "lifeboat_orders_replayed", "Repeated requests answered with the first answer", registry=r
        )
        self.refusals = Counter("lifeboat_orders_refused", "Requests refused, by stable code", ["code"], registry=r)
        self.handed_over = Counter(
            "lifeboat_orders_handed_over",
            "Orders that a proxy passed on, by whether it had sent them to the main system",
            ["sent"],
            registry=r,
        )
        self.spooled = Counter("lifeboat_orders_spooled", "Orders accepted into the local spool", registry=r)
        self.drained = Counter("lifeboat_orders_drained", "Orders brought from the spool into the store", registry=r)
        self.commit_size = Histogram(
            "lifeboat_commit_orders", "Orders in one commit", buckets=_COMMIT_SIZES, registry=r
        )
        self.commit_seconds = Histogram("lifeboat_commit_seconds", "Time of one commit", buckets=_SECONDS, registry=r)
        self.queue_depth = Gauge("lifeboat_queue_orders", "Orders waiting for their commit", registry=r)
        self.store_up = Gauge(
            "lifeboat_store_up", "1 while the store takes commits, 0 while the spool does", registry=r
        )

    def page(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        return generate_latest(self.registry)
