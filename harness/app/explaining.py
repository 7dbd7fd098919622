"""What `crashproof explain` knows beside checks, rules and faults: the checklist, replays, and explorations."""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.check import Check
from harness.readiness.fallback import CHECKS as FALLBACK
from harness.readiness.logs import log_checks
from harness.readiness.metrics import CHECKS as METRICS
from harness.readiness.points import POINTS, ReadinessPoint
from harness.replay.compare.judging import SENTENCES
from harness.replay.explore.properties import PROPERTIES
from harness.report.explain import Explained


def explained() -> Iterator[Explained]:
    """Yield what can be explained: points of the checklist, their own checks, those of replays and of explorations."""
    yield from map(_of_point, POINTS)
    yield from map(_of_check, (*FALLBACK, *METRICS, *log_checks({})))
    for name, sentence in SENTENCES.items():
        yield Explained(name=name, kind="of crashproof replay", sentence=sentence)
    for each in PROPERTIES:
        sections = {"Why": each.why, "Fix": each.fix}
        yield Explained(name=each.name, kind="of crashproof explore", sentence=each.sentence, sections=sections)


def _of_point(point: ReadinessPoint) -> Explained:
    sections = {
        "Judged by": ", ".join(point.checks) + (f"; rules {', '.join(point.rules)}" if point.rules else ""),
        "Faults that must be struck": ", ".join(point.faults) or "any",
        "Fix": point.remedy,
        "An agent that fails it": point.planted,
    }
    kind = f"{point.theme}, of the checklist of crashproof ready"
    return Explained(
        name=point.id,
        kind=kind,
        sentence=f"{point.title}: {point.promise[0].lower()}{point.promise[1:]}",
        sections=sections,
    )


def _of_check(check: Check) -> Explained:
    sections = {"Why": check.why, "Fix": check.fix}
    kind = f"{check.severity}, of crashproof ready"
    return Explained(name=check.name, kind=kind, sentence=check.property, sections=sections)
