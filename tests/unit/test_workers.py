"""The parts of the workers that need no database: hints, retries, what a log line and a scrape say."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Event as Signal

import orjson
import pytest
import structlog
from prometheus_client import generate_latest

from adapters import logging as logs
from adapters.db import errors
from adapters.db.tasks import TaskId
from adapters.db.views import Owed, RefusedAlike
from adapters.metrics import Metrics, new_metrics
from adapters.settings import Settings
from tests.support.builders import MORNING, moved, opened
from workers.broker import build_broker, close_broker
from workers.hints import MOST_IN_A_MESSAGE, MOST_WAITING, Hints
from workers.tasks import retry_after


def nothing_owed() -> Owed:
    return Owed(
        at=MORNING,
        overdue_timers=3,
        oldest_timer=None,
        open_cases=5,
        late_cases=2,
        set_aside=1,
        tasks={"ready": 4, "leased": 0, "dead": 1},
        beats={},
        refused=[
            RefusedAlike("list", "invalid_data", "示例一", 3),
            RefusedAlike("list", "invalid_data", "示例二", 2),
        ],
    )


@pytest.fixture
def metrics() -> Metrics:
    return new_metrics(nothing_owed)


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


# Retries


def test_a_failed_task_waits_twice_as_long_each_time_and_ten_minutes_at_most() -> None:
    waits = [retry_after(attempts).total_seconds() for attempts in range(1, 9)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600]


# Hints


class Wire:
    """Keeps what was sent; answers only once it is told to, if it was told to wait."""

    def __init__(self, *, open: bool = True) -> None:
        self.sent: list[list[TaskId]] = []
        self.let_through = Signal()
        if open:
            self.let_through.set()

    def enqueue(self, batch: Sequence[TaskId]) -> None:
        self.let_through.wait()
        self.sent.append(list(batch))

    @property
    def tasks(self) -> list[TaskId]:
        return [task for batch in self.sent for task in batch]


def test_a_hint_names_the_tasks_of_each_event(metrics: Metrics) -> None:
    wire = Wire()
    hints = Hints(wire.enqueue, metrics)
    first = opened("A-1", effects=[{"kind": "notify"}, {"kind": "open"}])
    second = moved(first.case, [], effects=[{"kind": "notify"}])
    hints.send([*first.events, *second.events])
    hints.close(10)
    assert wire.tasks == ["A-1.1.0", "A-1.1.1", "A-1.2.0"]


def test_events_that_ask_for_nothing_send_nothing(metrics: Metrics) -> None:
    wire = Wire()
    hints = Hints(wire.enqueue, metrics)
    hints.send(opened("A-1").events)
    hints.close(10)
    assert wire.sent == []


def test_what_waits_is_sent_together_but_no_message_grows_without_end(metrics: Metrics) -> None:
    wire = Wire(open=False)
    hints = Hints(wire.enqueue, metrics)
    for n in range(200):
        hints.send(opened(f"A-{n}", effects=[{"kind": "notify"}]).events)
    wire.let_through.set()
    hints.close(10)
    assert len(set(wire.tasks)) == len(wire.tasks) == 200
    assert len(wire.sent) <= 1 + 200 // MOST_IN_A_MESSAGE
    assert max(map(len, wire.sent)) == MOST_IN_A_MESSAGE


def test_hints_that_find_no_room_or_no_redis_are_dropped_and_counted(metrics: Metrics) -> None:
    wire = Wire(open=False)
    hints = Hints(wire.enqueue, metrics)
    events = opened("A-1", effects=[{"kind": "notify"}]).events
    for _ in range(MOST_WAITING + 1 + MOST_IN_A_MESSAGE + 7):
        hints.send(events)
    assert sample(metrics, "bihuan_hints_dropped_total") >= 7
    wire.let_through.set()
    hints.close(10)

    def away(_: Sequence[TaskId]) -> None:
        raise ConnectionError("away")

    before = sample(metrics, "bihuan_hints_dropped_total")
    hints = Hints(away, metrics)
    hints.send(events)
    hints.close(10)
    assert sample(metrics, "bihuan_hints_dropped_total") == before + 1


def test_closing_does_not_wait_for_ever_for_a_redis_that_does_not_answer(metrics: Metrics) -> None:
    wire = Wire(open=False)
    hints = Hints(wire.enqueue, metrics)
    hints.send(opened("A-1", effects=[{"kind": "notify"}]).events)
    hints.close(0.01)
    assert wire.sent == []
    wire.let_through.set()


# The broker


@pytest.mark.parametrize("redis_url", [None, "redis://127.0.0.1:1/0"])
def test_a_broker_is_built_without_connecting_and_never_retries_or_delays(redis_url: str | None) -> None:
    broker = build_broker(Settings(redis_url=redis_url))
    assert broker.middleware == []
    close_broker(broker)


# Logs


@pytest.fixture
def lines() -> Iterator[io.BytesIO]:
    """What is written as JSON, at level info."""
    before = structlog.get_config()
    root, handlers, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw)
    logs.configure(level="info", form="json", to=stream)
    yield raw
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level
    stream.close()


def test_a_log_line_is_one_json_object_with_the_ids_bound_at_the_entrance(lines: io.BytesIO) -> None:
    with logs.bound(case_id="202600000015", correlation_id="k-1"):
        structlog.get_logger().info("step_taken", step="找到")
    structlog.get_logger().debug("not_shown")
    structlog.get_logger().info("later")
    line, later = map(orjson.loads, lines.getvalue().splitlines())
    assert datetime.fromisoformat(line.pop("at")).tzinfo == UTC
    assert line == {
        "event": "step_taken",
        "level": "info",
        "case_id": "202600000015",
        "correlation_id": "k-1",
        "step": "找到",
    }
    assert later.keys() == {"event", "level", "at"}


def test_what_libraries_say_is_passed_on_from_warnings_upwards(lines: io.BytesIO) -> None:
    logging.getLogger("some.library").info("quiet")
    logging.getLogger("some.library").warning("lost %s of %d", "one", 2)
    (line,) = map(orjson.loads, lines.getvalue().splitlines())
    assert (line["event"], line["level"], line["logger"]) == ("lost one of 2", "warning", "some.library")
    assert not logging.getLogger("transitions.core").isEnabledFor(logging.INFO)


def test_an_error_is_logged_with_its_traceback_in_the_same_line(lines: io.BytesIO) -> None:
    try:
        raise ValueError("示例")
    except ValueError:
        structlog.get_logger().exception("sweep_failed")
    (line,) = map(orjson.loads, lines.getvalue().splitlines())
    assert line["exception"].endswith("ValueError: 示例")


# Metrics


def test_a_scrape_counts_what_the_database_owes(metrics: Metrics) -> None:
    assert sample(metrics, "bihuan_obligations_unfired") == 3
    assert sample(metrics, "bihuan_cases_set_aside") == 1
    assert sample(metrics, "bihuan_tasks_now", state="dead") == 1
    assert sample(metrics, "bihuan_programme_refused", kind="list", code="invalid_data") == 5


def test_a_scrape_answers_even_while_the_database_does_not() -> None:
    def away() -> Owed:
        raise errors.unavailable(TimeoutError("示例"))

    text = generate_latest(new_metrics(away).registry).decode()
    assert "bihuan_obligations_unfired" not in text
    assert "bihuan_hints_dropped_total 0.0" in text


def test_commands_are_counted_by_their_answer(metrics: Metrics) -> None:
    metrics.committed(opened("A-1").events)
    metrics.committed(())
    metrics.refused("blocked")
    assert sample(metrics, "bihuan_steps_total", code="accepted", type="case.opened") == 1
    assert sample(metrics, "bihuan_steps_total", code="blocked", type="") == 1
    assert sample(metrics, "bihuan_group_size_count") == 1


def test_settings_refuse_a_sweep_that_never_comes() -> None:
    with pytest.raises(ValueError, match="sweep_seconds"):
        Settings(sweep_seconds=0)
    assert timedelta(seconds=Settings().sweep_seconds) <= timedelta(seconds=15)
