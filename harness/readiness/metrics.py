"""Metrics: whether what a worker process serves to Prometheus moves for each fault that it hears of."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from harness.checks.check import Check, NothingToLookAt, check
from harness.faults import Fault
from harness.records.act_facts import MetricsScraped
from harness.records.evidence import Evidence
from harness.records.tape import Entry, acts
from harness.records.verdict import Finding, Severity

_OF_FAILURES = re.compile(r"fail|error|refus|reject|retr|timeout|timed_out|unavailable|outage", re.IGNORECASE)
"""What a metric is called by that counts something going wrong: ``temporal_activity_execution_failed``."""


@check(
    "faults-move-metrics",
    severity=Severity.RISKY,
    why="An outage that no metric shows is noticed by users first.",
    fix="Give the worker's Runtime a PrometheusConfig with the address of METRICS_ADDRESS, and let failures fail: an "
    "error that an activity swallows moves nothing.",
)
def faults_move_metrics(evidence: Evidence, baselines: Sequence[Evidence]) -> Generator[Finding, None, str]:
    """For each fault that the worker hears of its metrics move; a process that was killed serves them again."""
    struck = [fault for fault in evidence.faults if _is_heard(fault)]
    if not struck:
        raise NothingToLookAt("no fault was made that the worker hears of")
    scrapes = list(acts(evidence.tape, "metrics"))
    fault = struck[-1]
    if not scrapes:
        yield _finding(fault, "the worker serves no metrics at the address of METRICS_ADDRESS")
        return ""
    first, last = scrapes[0], scrapes[-1]
    if fault.stops_worker and not _followed(first, evidence):  # it may have served them once more while it ended
        raise NothingToLookAt("the worker process was stopped, and no other was at work before all was over")
    if len(scrapes) == 1:
        yield _finding(fault, f"the metrics of worker process {first.worker} were served once, and then no more")
        return ""
    if first.worker != last.worker:
        return "begun anew by the next process"
    moved = _moved(first, last)
    if not moved:
        yield _finding(fault, f"no metric of failures moved under {fault.name}, though the worker heard of it")
    return f"moved: {', '.join(moved)}"


def _followed(scrape: Entry, evidence: Evidence) -> bool:
    """Tell whether another worker process was ready to work after the one that was scraped."""
    return any(each.at > scrape.at and each.worker != scrape.worker for each in acts(evidence.tape, "worker-ready"))


def _is_heard(fault: Fault) -> bool:
    return fault.family != "client" and fault.heard == "no answer"


def _moved(first: Entry, last: Entry) -> list[str]:
    """Return the metrics of failures that have grown between two scrapes."""
    before, after = first.facts_as(MetricsScraped), last.facts_as(MetricsScraped)
    assert before
    assert after
    return [
        name
        for name, total in sorted(after.totals.items())
        if _OF_FAILURES.search(name) and total > before.totals.get(name, 0.0)
    ]


def _finding(fault: Fault, message: str) -> Finding:
    return Finding(check="faults-move-metrics", subject=fault.family, message=message)


CHECKS: tuple[Check, ...] = (faults_move_metrics,)
"""The checks of metrics."""
