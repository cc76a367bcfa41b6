"""What is counted of HTTP for Prometheus, beside the figures of `adapters/metrics.py`. No figure is about a case or a region."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds


class HttpMetrics:
    """One for each application, in the registry of its process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        labels = ("method", "route")
        self._requests = Counter(
            "bihuan_requests", "Answers, by status.", (*labels, "status"), registry=registry
        )
        self._seconds = Histogram(
            "bihuan_request_seconds", "Time to answer.", labels, buckets=_BUCKETS, registry=registry
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def exposed(self) -> tuple[bytes, str]:
        """The page and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
