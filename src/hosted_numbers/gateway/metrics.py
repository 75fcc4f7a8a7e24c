"""The gateway's metrics for Prometheus, served at an address of their own, not on the public port.

Labels are few and known: route templates, methods, statuses, outcomes. No number, no SID and no
customer is in one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hosted_numbers.errors import SettingsError
from hosted_numbers.gateway.figures import Counting, Figures
from hosted_numbers.order_census import Group
from hosted_numbers.order_lists import STATUSES
from hosted_numbers.sweeping import SweepReport

CALLBACKS: Final = ("told", "unknown", "coalesced", "owed", "foreign", "forged")
HINTS: Final = ("told", "known", "unknown", "owed", "told-late", "lost")
SIGN_INS: Final = ("signed-in", "wrong-password", "limited")

_PATIENCE: Final = timedelta(seconds=8)
"""A scrape waits so long for the figures; Prometheus gives up after ten seconds by default."""
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class GatewayMetrics:
    """What one gateway counts.

    Attributes:
        registry: all of it, for whoever serves it.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # it has no types
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "hosted_numbers_http_requests",
            "Requests to the gateway",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "hosted_numbers_http_request_duration_seconds",
            "Until the answer to a request began",
            ("route", "method"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._callbacks = Counter(
            "hosted_numbers_callbacks",
            "Twilio's callbacks, by what became of them",
            ("outcome",),
            registry=self.registry,
        )
        self._hints = Counter(
            "hosted_numbers_hints",
            "Hints to orders that callbacks led to, by what became of them",
            ("outcome",),
            registry=self.registry,
        )
        self._owed = Gauge(
            "hosted_numbers_hints_owed",
            "Orders that could not be told yet, as Temporal was away",
            registry=self.registry,
        )
        self._sign_ins = Counter(
            "hosted_numbers_sign_ins",
            "Operators' passwords, by whether they were right",
            ("outcome",),
            registry=self.registry,
        )

        # at nought from the beginning, so that the first of each is an increase
        for counter, outcomes in (
            (self._callbacks, CALLBACKS),
            (self._hints, HINTS),
            (self._sign_ins, SIGN_INS),
        ):
            for outcome in outcomes:
                counter.labels(outcome)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request: its route's template, its answer, and how long that took to begin."""
        method = method if method in _METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def callback(self, outcome: str) -> None:
        """Count a callback."""
        self._callbacks.labels(outcome).inc()

    def hint(self, outcome: str) -> None:
        """Count a hint."""
        self._hints.labels(outcome).inc()

    def sign_in(self, outcome: str) -> None:
        """Count a sign-in."""
        self._sign_ins.labels(outcome).inc()

    def owing(self, count: Callable[[], int]) -> None:
        """Tell how many orders are owed a hint, when somebody asks."""
        self._owed.set_function(count)

    @contextlib.contextmanager
    def counting(self, counting: Counting) -> Iterator[None]:
        """Show the figures of all orders, while the event loop runs that counts them."""
        collector = _OfOrders(counting, asyncio.get_running_loop())
        self.registry.register(collector)
        try:
            yield
        finally:
            self.registry.unregister(collector)


@contextlib.contextmanager
def served(metrics: GatewayMetrics, address: tuple[str, int] | None) -> Iterator[None]:
    """Serve ``/metrics`` at an IP address and a port, from a thread; not at all where it is None.

    Raises:
        SettingsError: nothing can listen there.
    """
    if address is None:
        yield
        return
    host, port = address
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise SettingsError(
            f"Metrics cannot be served at {host}:{port}: {error.strerror}.",
            "Set HOSTED_NUMBERS_METRICS_ADDRESS to an address that is free, or end what listens "
            "there.",
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _OfOrders(Collector):
    """Asks for the figures on the gateway's event loop, from the thread that serves metrics."""

    def __init__(self, counting: Counting, loop: asyncio.AbstractEventLoop) -> None:
        self._counting = counting
        self._loop = loop

    def describe(self) -> Iterable[Metric]:
        """Nothing: to be registered must not ask Temporal."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The figures; none where the event loop has no time for them."""
        asked = asyncio.run_coroutine_threadsafe(self._counting.figures(), self._loop)
        try:
            figures = asked.result(_PATIENCE.total_seconds())
        except TimeoutError:
            asked.cancel()
            return ()
        return list(_families(figures))


def _families(figures: Figures) -> Iterator[Metric]:
    yield _gauge("temporal_up", "Whether Temporal answered the last count", figures.temporal_up)
    yield _gauge("blob_store_up", "Whether files can be written", figures.blob_store_up)
    if (free := figures.blob_store_free_bytes) is not None:
        yield _gauge("blob_store_free_bytes", "Room for files", free)
    if (counted := figures.counted_at) is not None:
        yield _gauge("counted_timestamp_seconds", "When orders were counted", counted)
    if (troubled := figures.troubled) is not None:
        yield _gauge("reported_problems", "Workflows whose tasks fail again and again", troubled)
    if figures.groups is not None:
        yield from _of_groups(figures.groups)
    if figures.sweep is not None:
        yield from _of_sweep(figures.sweep)


def _of_groups(groups: Sequence[Group]) -> Iterator[Metric]:
    labels = ("status", "waiting_for")
    counts = GaugeMetricFamily("hosted_numbers_orders", "Open orders", labels=labels)
    oldest = GaugeMetricFamily(
        "hosted_numbers_orders_oldest_timestamp_seconds",
        "Since when the oldest order has stood there",
        labels=labels,
    )
    for group in groups:
        where = (group.status, group.waiting_for)
        counts.add_metric(where, group.count)
        oldest.add_metric(where, group.oldest_since.timestamp())
    yield counts
    yield oldest


def _of_sweep(report: SweepReport) -> Iterator[Metric]:
    if (at := report.complete_at) is not None:
        what = "When the last complete status sweep began"
        yield _gauge("swept_timestamp_seconds", what, at.timestamp())
    listed = GaugeMetricFamily(
        "hosted_numbers_swept_orders",
        "Orders at Twilio in the last status sweep, by status",
        labels=("status",),
    )
    for status in STATUSES:
        listed.add_metric((status,), report.listed.get(status, 0))
    yield listed
    for name, value, what in (
        ("open_orders", report.open_orders, "Orders with an open workflow"),
        ("orphans", report.orphans_total, "Orders at Twilio without a workflow"),
        ("strays", report.strays_total, "Workflows whose order Twilio lacks"),
        ("differing", report.differing, "Orders that moved without our hearing"),
        ("sweep_requests", report.requests, "Requests to Twilio of the last sweep"),
    ):
        yield _gauge(name, what, value)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hosted_numbers_{name}", what, value=float(value))
