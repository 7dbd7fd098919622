"""The totals of a page of Prometheus's text format, and when a worker process is scraped."""

from __future__ import annotations

import asyncio

from harness.processes.ports import IP, held_port
from harness.records.act_facts import MetricsScraped
from harness.records.plan import parse
from harness.records.point import Point
from harness.trial.live_tape import LiveTape
from harness.trial.metrics import MetricsScraping, totals
from tests.unit.report.samples import KILL, POINT

PAGE = """\
# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{kind="a b",le="}"} 2
calls_total{kind="c"} 3.5
# TYPE waiting gauge
waiting 9
# TYPE seconds histogram
seconds_bucket{le="1"} 4
seconds_bucket{le="+Inf"} 5
seconds_sum 7.25
seconds_count 5
# TYPE jobs_count counter
jobs_count 1
untyped 4
broken{
"""


def test_only_what_grows_is_summed_over_all_labels() -> None:
    assert totals(PAGE.splitlines()) == {"calls_total": 5.5, "seconds": 5.0, "jobs_count": 1.0}


def scraped(*points: Point, serves: bool = True, plan: str = KILL) -> list[MetricsScraped | None]:
    """Return what is on the tape after these points were reached and the trial ended."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + PAGE.encode())
        writer.close()

    async def trial() -> list[MetricsScraped | None]:
        tape = LiveTape()
        with held_port() as held:
            port = held.getsockname()[1]
            server = await asyncio.start_server(serve, IP, port) if serves else None
            scraping = MetricsScraping(
                parse(plan), tape=tape, worker=lambda: 1, address=lambda worker: f"{IP}:{port + worker - 1}"
            )
            for point in points:
                await scraping.reached(point)
            await scraping.at_end()
            if server:
                server.close()
                await server.wait_closed()
        return [entry.facts_as(MetricsScraped) for entry in tape.entries if entry.operation == "metrics"]

    return asyncio.run(trial())


def test_a_worker_is_scraped_at_the_strike_and_at_the_end() -> None:
    told = scraped(POINT.at("after"), POINT, POINT)
    assert [facts and facts.totals["seconds"] for facts in told] == [5.0, 5.0]


def test_where_nothing_was_struck_or_nobody_serves_nothing_is_told() -> None:
    assert scraped(POINT, plan="baseline") == []
    assert scraped(POINT.at("after")) == []
    assert scraped(POINT, serves=False) == []
