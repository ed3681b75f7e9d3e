"""What Prometheus reads: how fast routes answer, and the store's totals."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from automl.core.errors import Unavailable
from automl.core.ports import Store

_METHODS = ("GET", "HEAD", "POST", "DELETE")
_NAMES = {
    "queue": ("queue_depth", "What waits for a worker", "kind"),
    "attempts": ("attempts", "Attempts at trials: begun, and how some of them ended", "outcome"),
    "phases": ("phase_seconds", "Seconds that studies spent in each phase", "phase"),
}
"""Name, meaning and label of totals that are no mere counts by state."""
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)


class Telemetry:
    """The measures of one application, in a registry of its own."""

    def __init__(self, store: Store) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Totals(store))
        self._seconds = Histogram(
            "automl_http_request_seconds",
            "Seconds until a response starts",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=self._registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        self._seconds.labels(method, route, str(status)).observe(seconds)

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class Timed:
    """Measures each request until its response starts: a stream may last for hours."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and note when the answer begins or fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._note(scope, status, started)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            if not status:
                self._note(scope, 500, started)
            raise

    def _note(self, scope: Scope, status: int, started: float) -> None:
        # Labels are bounded: routes by their template, and methods as far as we know them.
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._telemetry.observe(method, route, status, time.perf_counter() - started)


class _Totals(Collector):
    """The store's totals, read at each scrape."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @override
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("automl_store_up", "Whether the store answers")
        try:
            with self._store.unit() as unit:
                gauges = unit.gauges()
        except Unavailable:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for kind, totals in gauges.items():
            name, meaning, label = _NAMES.get(kind, (kind, f"{kind} by state", "state"))
            family = GaugeMetricFamily(f"automl_{name}", meaning, labels=[label])
            for state, total in totals.items():
                family.add_metric([state], total)
            yield family

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: registering must not read the store."""
        return iter(())
