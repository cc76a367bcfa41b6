"""The broker that carries wake-up hints: Redis where there is one, else a queue inside the process.

Nothing depends on a message. A hint that is lost, doubled, late or dead changes when a task is done, never whether.
"""

from __future__ import annotations

from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters.settings import Settings

__all__ = ["QUEUE", "build_broker", "close_broker"]

QUEUE = "tasks"
_NAMESPACE = "bihuan"
_HEARTBEAT_MS = 60_000
_MAINTENANCE_PER_MILLION = 100_000  # the default needs minutes to notice a killed worker
_DEAD_MS = 3_600_000
_CONNECT_SECONDS = 2
_ANSWER_SECONDS = 5  # a half-open connection must not hold a thread for ever


def build_broker(settings: Settings) -> Broker:
    """Nothing is connected yet; a Redis that is away is looked for again every few seconds.

    Without middleware: retries belong to the table, and a time limit that is raised inside a thread could cut a
    transaction in two.
    """
    broker = _redis(settings.redis_url) if settings.redis_url else StubBroker(middleware=[])
    broker.declare_queue(QUEUE)
    return broker


def close_broker(broker: Broker) -> None:
    if isinstance(broker, RedisBroker):
        broker.client.close()
    broker.close()


def _redis(url: str) -> RedisBroker:
    client = Redis.from_url(
        url,
        socket_connect_timeout=_CONNECT_SECONDS,
        socket_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=client,
        middleware=[],
        namespace=_NAMESPACE,
        heartbeat_timeout=_HEARTBEAT_MS,
        maintenance_chance=_MAINTENANCE_PER_MILLION,
        dead_message_ttl=_DEAD_MS,
    )
