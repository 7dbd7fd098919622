"""The report as text: a table of scenarios, then each finding with its evidence and the line that shows it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.plan import parse
from harness.report.document import reproduce
from harness.swept import Found, Swept, count, outcome
from harness.verdict import Outcome, Verdict

_EVIDENCE_SHOWN = 12
_WIDTH = 110


def text(swept: Sequence[Swept], *, folder: str = "") -> str:
    """Return the report of a run, ready for a terminal or a log.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    lines: list[str] = []
    for each in swept:
        for found in each.findings:
            lines += [*_finding(found, folder), ""]
        for verdict in _unexplained(each):
            lines += [*_unknown(each, verdict, folder), ""]
    lines += _table(swept)
    shared = [note for note in swept[0].notes if all(note in each.notes for each in swept)] if swept else []
    for each in swept:
        lines += _remarks(each, shared=shared)
    lines += ["", *shared] if shared else []
    lines += ["", _summary(swept, folder)]
    return "\n".join(lines)


def points(swept: Sequence[Swept]) -> str:
    """Return the list of points, one line each, as ``--list`` prints it."""
    lines: list[str] = []
    for each in swept:
        lines.append(f"{each.scenario}: {len(each.cuts)} points" + (f" ({each.reason})" if each.reason else ""))
        several = len({cut.fault for cut in each.cuts}) > 1
        lines += [f"  {cut.strike if several else cut.point.id}" for cut in each.cuts]
        lines += [f"  {place} (in one of two undisturbed runs: not struck)" for place in each.unsteady]
    return "\n".join(lines)


def plan_text(plan: str) -> str:
    """Return a plan as a phrase: ``kill-worker before RespondActivityTaskCompleted of book 1, attempt 1``."""
    parsed = parse(plan)
    if not parsed.strikes:
        return "undisturbed"
    words = ", then ".join(f"{strike.fault} {point_text(strike.point)}" for strike in parsed.strikes)
    return words + (" (in real time)" if parsed.real_time else "")


def point_text(point_id: str) -> str:
    """Return a point id as a phrase: ``before RespondActivityTaskCompleted of book 1, attempt 1``."""
    position, _, rest = point_id.partition("/")
    operation, *words = rest.split("/")
    told = f"{position} {operation}"
    named = [word for word in words if not word.startswith(("attempt-", "nth-"))]
    told += _whose(operation, named) if named else ""
    for word in words:
        if word.startswith("attempt-"):
            told += f", attempt {word.removeprefix('attempt-')}"
        elif word.startswith("nth-"):
            told += f", occurrence {word.removeprefix('nth-')}"
    return told


def _whose(operation: str, named: Sequence[str]) -> str:
    """Say whose message it is: that of an activity's execution, or that of a workflow and what it decided."""
    *workflow, last = named
    activity, dot, execution = last.rpartition(".")
    if not workflow or "WorkflowTask" in operation or not (dot and execution.isdigit()):
        decided = f" ({last})" if workflow else ""
        return f" of {'/'.join(workflow) or last}{decided}"
    path = "/".join(workflow)
    return f" of {activity} {execution}" + (f" in {path}" if "/" in path or "+" in path else "")


def _finding(found: Found, folder: str) -> Iterator[str]:
    finding, verdict = found.finding, found.verdict
    yield f"{found.scenario} · {plan_text(verdict.plan)}"
    yield f"  FAIL  {finding.check}"
    yield f"    {finding.message}"
    yield from (f"      {line}" for line in finding.evidence[:_EVIDENCE_SHOWN])
    if len(finding.evidence) > _EVIDENCE_SHOWN:
        yield f"      … and {len(finding.evidence) - _EVIDENCE_SHOWN} more lines in verdict.json"
    if len(found.trials) > 1:
        yield f"    Seen in {len(found.trials)} trials; this is the smallest plan."
    yield from _where(verdict.trial, folder)


def _unknown(swept: Swept, verdict: Verdict, folder: str) -> Iterator[str]:
    yield f"{swept.scenario} · {plan_text(verdict.plan)}"
    for line in verdict.reason.strip().splitlines():
        yield f"  UNKNOWN  {line}"
    for judgement in verdict.judgements:
        if judgement.outcome is Outcome.UNKNOWN:
            last = judgement.reason.strip().splitlines()[-1:] or ["no reason given"]
            yield f"  UNKNOWN  {judgement.check}: {last[0]}"
    yield from _where(verdict.trial, folder)


def _where(trial: str, folder: str) -> Iterator[str]:
    if folder:
        yield f"    Evidence:        {folder}/trials/{trial}/"
    yield f"    Reproduce with:  {reproduce(trial)}"


def _unexplained(swept: Swept) -> list[Verdict]:
    return [verdict for verdict in swept.verdicts if verdict.outcome is Outcome.UNKNOWN]


def _table(swept: Sequence[Swept]) -> Iterator[str]:
    width = max((len(each.scenario) for each in swept), default=8)
    width = max(width, len("scenario"))
    heads = f"{'trials':>7}{'passed':>8}{'failed':>8}{'unknown':>9}{'points':>9}{'time':>8}"
    yield f"{'scenario':<{width}}  {'outcome':<8}{heads}"
    for each in swept:
        if each.inapplicable:
            yield f"{each.scenario:<{width}}  not applicable: {each.inapplicable}"
            continue
        counts = [count(each.verdicts, kind) for kind in (Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN)]
        struck = f"{len(each.struck)}/{each.known}"
        yield (
            f"{each.scenario:<{width}}  {each.outcome:<8}{len(each.verdicts):>7}{counts[0]:>8}{counts[1]:>8}"
            f"{counts[2]:>9}{struck:>9}{each.seconds:>7.1f}s"
        )


def _remarks(swept: Swept, *, shared: Sequence[str]) -> Iterator[str]:
    """Yield what limits the verdict: gaps, what was left out, what was not compared."""
    told = [
        *([f"nothing was swept: {swept.reason}"] if swept.reason else []),
        *([f"{swept.not_run} trials were left out: a limit was reached"] if swept.not_run else []),
        *(f"coverage gap: {gap}" for gap in swept.gaps),
        *(f"not compared, since two undisturbed runs differ: {part}" for part in swept.masked),
        *(f"not struck, since only one of two undisturbed runs reached it: {place}" for place in swept.unsteady),
        *(f"unreachable: {point}" for point in swept.unreachable),
        *(f"not applicable: {name}: {reason}" for name, reason in swept.not_applicable.items()),
        *(note for note in swept.notes if note not in shared),
    ]
    if told:
        yield ""
        yield f"{swept.scenario}:"
        yield from (f"  - {line}" for line in told)


def _summary(swept: Sequence[Swept], folder: str) -> str:
    verdicts = [verdict for each in swept for verdict in each.verdicts]
    struck, known = sum(len(each.struck) for each in swept), sum(each.known for each in swept)
    whole = outcome(swept)
    findings = sum(len(each.findings) for each in swept)
    told = f"{whole}: {_number(len(verdicts), 'trial')}, {struck} of {_number(known, 'point')} struck"
    told += f", {_number(findings, 'finding')}"
    return told + (f". Evidence: {folder}" if folder else "")


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
