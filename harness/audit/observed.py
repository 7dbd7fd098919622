"""What runs and replays showed to be wrong, read from evidence folders and from JSON reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.records.files import read_json
from harness.records.plan import Plan, parse
from harness.records.replay_result import NondeterministicCall
from harness.records.store import RUNS, is_judged, load_verdict
from harness.records.verdict import Finding, Outcome, Verdict
from harness.temporal.payload import value_of

AS_RECORDED = "replays-as-recorded"

_ON_WORKFLOWS = {"workflow-ends-as-baseline", "no-workflow-task-failure", "replays"}
"""Checks whose subject begins with the type of a workflow."""

_EXECUTED = re.compile(r"\b([A-Za-z_][\w.-]*) \d+\b")
_COUNTED = re.compile(r"(attempt|nth)-\d+$")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")


@dataclass(frozen=True, kw_only=True)
class ObservedFailure:
    """One thing that a run or a replay showed.

    Attributes:
        check: Name of the check that found it.
        message: What was expected and what was seen.
        subject: What it is about.
        source: The trial or the histories that show it.
        names: What it names that may be a type of an activity or workflow.
        near: Types of activities and workflows that took part.
        workflows: Types of the workflows that took part.
        line: Source line where a command was issued or a call was made: ``path.py:123 in run``; empty if not known.
        conditions: Under which conditions a replay differs; empty: under all, or it is no replay.
        witnesses: Non-deterministic calls that were seen.
    """

    check: str
    message: str
    subject: str = ""
    source: str = ""
    names: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    line: str = ""
    conditions: tuple[str, ...] = ()
    witnesses: tuple[NondeterministicCall, ...] = ()


def happened(run: str, *, cwd: Path) -> tuple[ObservedFailure, ...]:
    """Return what a run showed to be wrong, each thing once.

    Args:
        run: An evidence folder of ``crashproof run``, its id or ``latest``; or a file with what ``crashproof run -o
            json`` or ``crashproof replay -o json`` printed.
        cwd: The folder that a relative path begins in.

    Raises:
        UsageError: It is none of these, or cannot be read.
    """
    place = cwd / run
    if not place.exists() and (cwd / RUNS / run).is_dir():
        place = cwd / RUNS / run
    if not place.exists():
        raise UsageError(f"there is no {run}: name an evidence folder, or a file with a report as JSON")
    occurrences = _of_folder(place, run) if place.is_dir() else _of_document(place, run)
    return tuple(
        {(each.check, each.subject, each.workflows, each.line): each for each in reversed([*occurrences])}.values()
    )[::-1]


def failures_of(finding: Finding, verdict: Verdict, *, trial: Path) -> Iterator[ObservedFailure]:
    """Yield what a finding of a trial shows, then, where it is one of replays, what each of them shows.

    Args:
        finding: The finding.
        verdict: The verdict of the trial.
        trial: Folder of the trial; what took part is not known where it is gone.
    """
    cast = _cast(trial)
    yield _failure(finding, verdict, cast)
    if finding.check == "replays":
        yield from _of_replays(trial, cast[0])


def _of_folder(folder: Path, shown: str) -> Iterator[ObservedFailure]:
    if not (folder / "run.json").is_file():
        raise UsageError(
            f"{shown} is no evidence folder: it has no run.json; `crashproof run` writes them below {RUNS}"
        )
    for trial in sorted((folder / "trials").iterdir()) if (folder / "trials").is_dir() else ():
        if not is_judged(trial):  # it was interrupted
            continue
        verdict = load_verdict(trial)
        workflows, activities = _cast(trial)
        for finding in verdict.findings:
            yield _failure(finding, verdict, (workflows, activities))
        if verdict.outcome is Outcome.FAIL:
            yield from _of_replays(trial, workflows)


def _of_document(file: Path, shown: str) -> Iterator[ObservedFailure]:
    document = read_json(file, dict)
    findings = document.get("findings")
    if not isinstance(findings, list) or not document.keys() & {"against", "scenarios"}:
        raise UsageError(f"{shown} is no report of `crashproof run -o json` or `crashproof replay -o json`")
    if "against" in document:
        yield from map(_replayed, findings)
        return
    workflows = _by_scenario(document)
    for each in findings:
        trial, scenario = str(each.get("trial", "")), str(each.get("scenario", ""))
        took_part, activities = _cast(Path(str(document.get("folder", ""))) / "trials" / trial)
        cast = (took_part | workflows.get(scenario, frozenset()), activities)
        yield _happened(each, scenario=scenario, plan=_read(str(each.get("plan", ""))), trial=trial, cast=cast)


def _by_scenario(document: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the types of the workflows of each scenario of a report, as far as it tells them."""
    types: dict[str, frozenset[str]] = {}
    for each in document["findings"]:
        if each.get("check") in _ON_WORKFLOWS:
            scenario = str(each.get("scenario", ""))
            types[scenario] = types.get(scenario, frozenset()) | set(_WORD.findall(str(each.get("subject", "")))[:1])
    for each in (document.get("trials") or {}).get("verdicts") or ():
        scenario = str(each.get("scenario", ""))
        types[scenario] = types.get(scenario, frozenset()) | _planned(_read(str(each.get("plan", ""))))[0]
    return types


def _failure(finding: Finding, verdict: Verdict, cast: tuple[frozenset[str], frozenset[str]]) -> ObservedFailure:
    entry = {"check": finding.check, "message": finding.message, "subject": finding.subject}
    return _happened(entry, scenario=verdict.scenario, plan=verdict.plan, trial=verdict.trial, cast=cast)


def _happened(
    entry: Mapping[str, Any],
    *,
    scenario: str,
    plan: Plan | str,
    trial: str,
    cast: tuple[frozenset[str], frozenset[str]],
) -> ObservedFailure:
    message, subject = str(entry.get("message", "")), str(entry.get("subject", ""))
    workflows, near = (one | other for one, other in zip(cast, _planned(plan), strict=True))
    return ObservedFailure(
        check=str(entry.get("check", "")),
        message=message,
        subject=subject,
        source=f"trial {trial} of {scenario}, {plan}",
        names=frozenset([*_EXECUTED.findall(message), *_WORD.findall(subject)]),
        near=near | workflows,
        workflows=workflows,
    )


def _read(plan: str) -> Plan | str:
    """Return the plan of a document; the text itself where it is of a version that knew other faults."""
    try:
        return parse(plan)
    except UsageError:
        return plan


def _planned(plan: Plan | str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the types of the workflows at the points that a plan strikes, and those of the activities."""
    points = [strike.point.split("/")[2:] for strike in plan.strikes] if isinstance(plan, Plan) else []
    named = [[part for part in point if not _COUNTED.match(part)] for point in points]
    workflows = frozenset(name for point in named for part in point[:1] for name in _types(part))
    return workflows, frozenset(name for point in named for part in point[1:] for name in _types(part))


def _types(path: str) -> Iterator[str]:
    """Yield the workflow types of a path: ``Parent/Child.2``, ``Type+1``."""
    yield from (re.sub(r"[.+]\d+$", "", part) for part in path.split("/") if part)


def _cast(trial: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Return the types of workflows and activities in the histories of a trial; none where they are gone."""
    try:
        listed = read_json(trial / "trial.json", dict).get("histories") or ()
        workflows = frozenset(name for each in listed for name in _types(str(each["path"])))
        events = [read_json(trial / "history" / each["file"], dict)["events"] for each in listed]
    except (UsageError, KeyError, TypeError):
        return frozenset(), frozenset()
    return workflows, frozenset(_activities(event for history in events for event in history))


def _activities(events: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the types of activities, local ones included."""
    for event in events:
        if scheduled := event.get("activityTaskScheduledEventAttributes"):
            yield str((scheduled.get("activityType") or {}).get("name", ""))
        marker = event.get("markerRecordedEventAttributes") or {}
        for payload in ((marker.get("details") or {}).get("data") or {}).get("payloads") or ():
            marker = value_of(payload)
            if isinstance(marker, dict) and isinstance(marker.get("activity_type"), str):
                yield marker["activity_type"]


def _of_replays(trial: Path, workflows: frozenset[str]) -> Iterator[ObservedFailure]:
    """Yield the differences and calls that replays of a failed trial saw."""
    for replay in read_json(trial / "replays.json", list[dict[str, Any]] | None) or ():  # type: ignore[arg-type]
        witnesses = msgspec.convert(replay.get("witnesses") or [], tuple[NondeterministicCall, ...])
        for difference in replay.get("differences") or ():
            yield ObservedFailure(
                check=AS_RECORDED,
                message=f"{difference['kind']} {difference['subject']} is not as recorded",
                subject=f"{difference['kind']} {difference['subject']} {difference['field']}",
                source=f"trial {trial.name}",
                near=workflows,
                workflows=workflows,
                line=str(difference.get("line", "")),
                witnesses=witnesses,
            )


def _replayed(entry: Mapping[str, Any]) -> ObservedFailure:
    histories = [str(file) for file in entry.get("histories") or ()]
    types = frozenset({str(entry.get("workflow", ""))} - {""})
    more = f" and {len(histories) - 1} more" if len(histories) > 1 else ""
    return ObservedFailure(
        check=str(entry.get("check", "")),
        message=str(entry.get("message", "")),
        subject=str(entry.get("subject", "")),
        source=f"history {histories[0]}{more}" if histories else "a replay",
        near=types,
        workflows=types,
        line=str(entry.get("line", "")),
        conditions=tuple(entry.get("conditions") or ()),
        witnesses=msgspec.convert(entry.get("causes") or [], tuple[NondeterministicCall, ...]),
    )
