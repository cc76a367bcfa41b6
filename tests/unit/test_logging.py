"""What stands in a log line, for machines and for people."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from adapters import logging
from adapters.db.errors import unavailable


@pytest.fixture
def stream() -> Iterator[io.TextIOWrapper]:
    """A file, as opposed to a terminal; afterwards the settings are those of before."""
    before = structlog.get_config()
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) as made:
        yield made
    structlog.configure(**before)


def logged(stream: io.TextIOWrapper, form: Literal["console", "json"], error: Exception) -> str:
    logging.configure(form=form, to=stream)
    with logging.bound(case_id="C-1", correlation_id="r-1"):
        try:
            raise error
        except type(error):
            structlog.get_logger().exception("sweep_failed")
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode()


def test_a_line_carries_the_case_and_the_correlation_id(stream: io.TextIOWrapper) -> None:
    line = json.loads(logged(stream, "json", ValueError("x")))
    assert (line["case_id"], line["correlation_id"], line["level"]) == ("C-1", "r-1", "error")
    assert line["exception"].endswith("ValueError: x")


def test_in_a_file_the_console_form_has_no_colours_and_the_traceback_of_python(
    stream: io.TextIOWrapper,
) -> None:
    text = logged(stream, "console", ValueError("x"))
    assert "\x1b" not in text
    assert "Traceback (most recent call last):" in text
    assert "correlation_id=r-1" in text


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_database_that_is_away_is_said_in_one_line_with_the_reason(
    stream: io.TextIOWrapper, form: Literal["console", "json"]
) -> None:
    text = logged(stream, form, unavailable(OSError("Connection refused")))
    assert len(text.splitlines()) == 1
    assert "store_unavailable: Connection refused" in text
