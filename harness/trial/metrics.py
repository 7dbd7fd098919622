"""Metrics of worker processes: their Prometheus endpoint is scraped as a strike is made, and when the trial is over.

A worker process is given a free address of the loopback interface in ``METRICS_ADDRESS``. Where it serves metrics
there, what they say is put on the tape; where nobody answers, nothing is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from harness.records.act_facts import MetricsScraped
from harness.records.plan import Plan
from harness.records.point import Point, meets
from harness.trial.live_tape import LiveTape

_LIMIT = 20.0  # seconds for one answer, on a busy machine too
_KINDS = ("counter", "histogram", "summary")
"""Kinds of metrics that only grow, and are set back by nothing but a new process."""


class MetricsScraping:
    """Scrapes the metrics of one trial's worker processes.

    Args:
        plan: The strikes to make.
        tape: Where the metrics are put down.
        worker: Returns the number of the worker process that is at work.
        address: Returns where a worker process of a number serves its metrics.
    """

    def __init__(self, plan: Plan, *, tape: LiveTape, worker: Callable[[], int], address: Callable[[int], str]) -> None:
        self._left = [strike.point for strike in plan.strikes]
        self._struck = bool(plan.strikes)
        self._tape = tape
        self._worker = worker
        self._address = address

    async def reached(self, point: Point) -> None:
        """Scrape if the next strike is made at this point, whose message is held meanwhile."""
        if self._left and meets(point.id, self._left[0]):
            self._left.pop(0)
            await self._scrape()

    async def at_end(self) -> None:
        """Scrape once more, where anything was struck, before the worker processes end."""
        if self._struck and not self._left:
            await self._scrape()

    async def _scrape(self) -> None:
        worker = self._worker()
        address = self._address(worker)
        try:
            text = await asyncio.to_thread(_get, address)
        except (OSError, HTTPException):
            return
        self._tape.note("metrics", worker=worker, facts=MetricsScraped(totals=totals(text.splitlines())))


def _get(address: str) -> str:
    """Return what is served there. No proxy is asked for it, whatever the environment says.

    Raises:
        OSError, HTTPException: Nobody serves metrics there.
    """
    with contextlib.closing(HTTPConnection(address, timeout=_LIMIT)) as connection:
        connection.request("GET", "/metrics")
        reply = connection.getresponse()
        if reply.status != HTTPStatus.OK:
            raise HTTPException(f"status {reply.status}")
        return reply.read().decode(errors="replace")


def totals(lines: Iterable[str]) -> dict[str, float]:
    """Return what each metric that only grows has come to, over all its labels; of a histogram how often it was told.

    Args:
        lines: Lines of Prometheus's text format.
    """
    kinds: dict[str, str] = {}
    sums: dict[str, float] = {}
    for line in lines:
        words = line.split()
        if words[:2] == ["#", "TYPE"] and len(words) > 3:
            kinds[words[2]] = words[3]
        for name, value in _sample(line):
            metric = name if name in kinds else name.removesuffix("_count")
            if kinds.get(metric) in _KINDS and (metric == name or kinds[metric] != "counter"):
                sums[metric] = sums.get(metric, 0.0) + value
    return sums


def _sample(line: str) -> Iterator[tuple[str, float]]:
    """Yield name and value of a line that is a sample."""
    if not line or line.startswith("#"):
        return
    name = line.partition("{")[0].split()[0]
    rest = line.rpartition("}")[2] if "{" in line else line.partition(" ")[2]
    try:
        yield name, float(rest.split()[0])
    except (IndexError, ValueError):
        return
