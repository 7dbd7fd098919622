"""Makes one finding of what many histories show: for each rule, workflow type and subject, with how many show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.audit.histories.catalogue import ALSO, RECORDED
from harness.audit.histories.history_facts import HistoryFacts, rank
from harness.audit.histories.retries import unmatched
from harness.audit.histories.sighting import Sighting
from harness.records.audit_result import AuditFinding, AuditResult, CodePlace, FileReport

_SHOWN = 5

_Key = tuple[str, str, str, str]
_At = tuple[HistoryFacts, Sighting]


def audited(seen: Iterable[HistoryFacts], *, seconds: float = 0.0) -> AuditResult:
    """Return what all histories together tell.

    A finding stands at the history that shows it best: line 1, the workflow type as its function, the event in
    ``what``. Its ``evidence`` names the histories.

    Args:
        seen: What was seen in each history; those that could not be read have a reason.
        seconds: How long it took.
    """
    ordered = sorted(seen, key=lambda each: each.file)
    groups: dict[_Key, list[_At]] = {}
    for each in ordered:
        for sighting in (*each.sightings, *_unmatched(each, ordered)):
            key = (sighting.rule, each.workflow, sighting.subject, sighting.aspect)
            groups.setdefault(key, []).append((each, sighting))
    of_type = {
        name: sum(1 for each in ordered if each.workflow == name) for name in {each.workflow for each in ordered}
    }
    findings = [_finding(shown, of_type[workflow]) for (_, workflow, _, _), shown in groups.items()]
    return AuditResult(
        findings=tuple(sorted(findings, key=lambda each: (each.place.file, each.rule, each.message))),
        files=tuple(FileReport(file=each.file, reason=each.reason, lines=each.events) for each in ordered),
        rules=len(ALSO) + len(RECORDED),
        workflows=len({each.workflow for each in ordered if each.workflow}),
        activities=len({name for each in ordered for name in each.activities}),
        seconds=seconds,
    )


def _unmatched(each: HistoryFacts, histories: Sequence[HistoryFacts]) -> Iterator[Sighting]:
    """Yield listed names of a history that no history's failures match, though some come near."""
    listed = [named for named in each.failed if named.listed]
    if not listed:
        return
    failed = [named for other in histories if other.workflow == each.workflow for named in other.failed]
    yield from (sighting for named in listed if (sighting := unmatched(named, failed)))


def _finding(shown: Sequence[_At], of_type: int) -> AuditFinding:
    best, sighting = max(shown, key=lambda at: rank(at[1]))
    count = f"{len(shown)} of {of_type} histories of {best.workflow}" if of_type > 1 else ""
    lines = [f"{each.file}: event {seen.event}" for each, seen in shown[:_SHOWN]]
    if len(shown) > _SHOWN:
        lines.append(f"and {len(shown) - _SHOWN} more histories")
    return AuditFinding(
        rule=sighting.rule,
        certainty=sighting.certainty,
        message=" ".join(part for part in (sighting.message, count and f"Seen in {count}.", sighting.fix) if part),
        place=CodePlace(file=best.file, line=1, function=best.workflow, what=f"event {sighting.event}"),
        workflow=best.workflow,
        evidence=tuple(lines),
        text=" ".join(part for part in (sighting.subject, sighting.aspect) if part),
        recorded=True,
    )
