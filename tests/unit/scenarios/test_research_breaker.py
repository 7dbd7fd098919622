"""The breaker opens after failures in a row, and is half open after a while of the workflow's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scenarios.research.breaker import Breaker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_it_opens_after_that_many_failures_in_a_row() -> None:
    breaker = Breaker(opens_after=2, stays_open_s=60)
    breaker.failed(NOW)
    breaker.succeeded()
    breaker.failed(NOW)
    assert breaker.state(NOW) == "closed"
    breaker.failed(NOW)
    assert breaker.state(NOW) == "open"


def test_it_is_half_open_after_its_time_and_a_failure_opens_it_again() -> None:
    breaker = Breaker(opens_after=1, stays_open_s=60)
    breaker.failed(NOW)
    assert breaker.state(NOW + MINUTE - timedelta(microseconds=1)) == "open"
    assert breaker.state(NOW + MINUTE) == "half-open"
    breaker.failed(NOW + MINUTE)
    assert breaker.state(NOW + MINUTE) == "open"


def test_an_answer_closes_it() -> None:
    breaker = Breaker(opens_after=1, stays_open_s=60)
    breaker.failed(NOW)
    breaker.succeeded()
    assert breaker.state(NOW) == "closed"
