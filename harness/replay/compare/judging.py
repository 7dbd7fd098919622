"""Judges the replays of one history under all conditions: is the code changed, or does it depend on its process?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from temporalio.converter import DataConverter

from harness.records.replay_result import Difference, NondeterministicCall, Replay, ReplayedHistory, ReplayFinding
from harness.records.verdict import Outcome
from harness.replay.compare.comparison import OUTCOME, WHOLE
from harness.replay.compare.decisions import ConditionReplay
from harness.replay.compare.dependence import Dependence, dependence
from harness.replay.compare.payloads import shown_apart
from harness.replay.compare.sentences import about, apart, changed, first_line, listed_causes, named, subject_of
from harness.replay.conditions import AGAIN, EACH_TIME
from harness.temporal.task_failure import is_nondeterminism

_CONVERTER = DataConverter.default.payload_converter

AS_RECORDED = "replays-as-recorded"
UNDER_EVERY_CONDITION = "replays-under-every-condition"
DETERMINISTIC_CALLS = "calls-nothing-non-deterministic"
TEMPORAL = "replays"
KEEPS_PROCESS = "keeps-its-process"
RUNS_NOTHING = "runs-nothing-anew"

SENTENCES: Mapping[str, str] = {
    AS_RECORDED: "The code of today decides in each workflow task what was recorded, field by field.",
    UNDER_EVERY_CONDITION: "It decides the same whatever the hash seed, the time zone, the clock and the process.",
    DETERMINISTIC_CALLS: "Workflow code calls nothing that differs from one process to the next.",
    KEEPS_PROCESS: "Workflow code does not end the process that runs it.",
    RUNS_NOTHING: "A replay runs no local activity that the history does not hold.",
}
"""What the checks promise that no trial is judged by."""

PREFIX = "every prefix"
"""Condition that asks each workflow task as the last one of a history: only differences of its own count there."""

TOLD_BY_DIFFERENCES = frozenset({AS_RECORDED, TEMPORAL})
"""Checks whose findings are the differences and the failure of a replay themselves."""

_UNRELATED = 3
"""From how many causes on a decision depends on none of them: nothing has to do with that many, and what is drawn anew
each time differs under all of them but by chance."""

_ONLY_OPEN = "its only workflow task that has commands is still open: nothing is recorded to compare them with"
_NOTHING_COMPARED = (
    "not one command could be compared: {}. If the worker has plugins, interceptors or a data converter, they have to "
    "take part: replay with --worker, or with a --replayer that has them"
)
_ENDED = "exit status"


class Judge:
    """Gathers the replays of histories, in any order, and gives a verdict on each history.

    Of an answer that agrees with the reference nothing is kept but its counts, so that thousands fit.

    Args:
        reference: Name of the condition that the others are compared with.
        groups: The cause that each condition tries: ``{"hash seed 1": "hash seed"}``; by default its own name.
    """

    def __init__(self, *, reference: str, groups: Mapping[str, str]) -> None:
        self._reference = reference
        self._groups = {**groups, **{each.name: each.group for each in AGAIN}}
        self._gathered: dict[int, _Gathered] = defaultdict(_Gathered)

    def add(self, answer: ConditionReplay) -> None:
        """Take one answer."""
        gathered = self._gathered[answer.index]
        if self._groups.get(answer.condition) == EACH_TIME:
            gathered.again.append(answer)
            return
        if answer.condition == self._reference:
            gathered.reference = answer
            waiting, gathered.waiting = gathered.waiting, []
            for each in waiting:
                self._compare(gathered, each)
        elif gathered.reference is None:
            gathered.waiting.append(answer)
        else:
            self._compare(gathered, answer)
        gathered.replays[answer.condition] = answer.replay

    def judged(self, index: int, history: ReplayedHistory) -> ReplayedHistory:
        """Return the verdict on one history, and forget what was gathered of it.

        Args:
            index: Which history.
            history: File, ids and number of events of it.
        """
        gathered = self._gathered.pop(index, _Gathered())
        if not gathered.replays:
            return replace(history, reason=history.reason or "it was not replayed")
        history = replace(history, conditions=tuple(gathered.replays), temporal=_temporal(gathered.replays.values()))
        usable = {name: one for name, one in gathered.replays.items() if not _is_unusable(one)}
        findings = tuple(self._findings(gathered, usable, history.workflow))
        findings = tuple(replace(finding, histories=(history.file,)) for finding in findings)
        whole = [one for name, one in usable.items() if name != PREFIX]
        most = max(whole, key=lambda one: one.commands, default=None)
        if most is not None:
            history = replace(
                history,
                commands=most.commands,
                tasks=most.tasks,
                prefixes=max(one.prefixes for one in usable.values()),
                left_out=most.left_out,
                unseen=most.unseen,
            )
        reason = _reason(gathered.replays, most)
        if not history.commands and findings and all(map(_is_failure, findings)):
            reason = reason or _NOTHING_COMPARED.format(findings[0].message)
            findings = ()
        return settled(replace(history, findings=findings, reason=reason))

    def _compare(self, gathered: _Gathered, answer: ConditionReplay) -> None:
        assert gathered.reference is not None
        gathered.asked |= set(answer.decisions) if answer.condition == PREFIX else set()
        if answer.condition != PREFIX and not _is_unusable(answer.replay):
            difference = dependence(gathered.reference, answer)
            if difference:
                gathered.dependences.append(difference)

    def _findings(self, gathered: _Gathered, usable: Mapping[str, Replay], workflow: str) -> Iterator[ReplayFinding]:
        calls = tuple(dict.fromkeys(each for one in usable.values() for each in one.witnesses))
        findings = [*self._depends(gathered, workflow), *_changes(usable, workflow, asked=gathered.asked)]
        findings += [] if gathered.dependences else _of_prefixes(usable, workflow)
        yield from (replace(finding, causes=calls) for finding in findings)
        yield from () if findings else (_non_deterministic(call) for call in calls)
        yield from _lost(gathered.replays, workflow)
        yield from _ran(usable, workflow)
        failures = [one.failure for one in usable.values() if one.failure]
        if failures and not findings:
            message = f"Temporal's Replayer fails: {first_line(failures[0])}"
            yield ReplayFinding(check=TEMPORAL, workflow=workflow, message=message, subject="replay")

    def _depends(self, gathered: _Gathered, workflow: str) -> Iterator[ReplayFinding]:
        """Tell what depends on which conditions: one finding for each command that is the first to differ."""
        by_command: dict[tuple[int, str], list[Dependence]] = defaultdict(list)
        for each in gathered.dependences:
            by_command[each.workflow_task, named(each.plain or each.other)].append(each)
        anew = set(_each_time(gathered.again))
        for (task, name), dependences in by_command.items():
            groups = list(dict.fromkeys(self._groups.get(each.condition, each.condition) for each in dependences))
            each_time = len(groups) >= _UNRELATED or (task, name) in anew
            causes = [EACH_TIME] if each_time else groups
            first = dependences[0]
            difference = _difference_of(first, task)
            words = (
                f"{name} differs from replay to replay" if each_time else f"{name} depends on {listed_causes(groups)}"
            )
            yield ReplayFinding(
                check=UNDER_EVERY_CONDITION,
                workflow=workflow,
                message=f"{words}: {apart(difference, 'another time' if each_time else f'under {first.condition}')}",
                subject=f"{name}: {', '.join(causes)}",
                line=difference.line,
                difference=difference,
                conditions=(EACH_TIME,) if each_time else tuple(each.condition for each in dependences),
            )


@dataclass(kw_only=True)
class _Gathered:
    """The replays of one history that have come so far."""

    reference: ConditionReplay | None = None
    waiting: list[ConditionReplay] = field(default_factory=list)
    replays: dict[str, Replay] = field(default_factory=dict)
    dependences: list[Dependence] = field(default_factory=list)
    again: list[ConditionReplay] = field(default_factory=list)
    asked: set[int] = field(default_factory=set)


def _each_time(again: Sequence[ConditionReplay]) -> Iterator[tuple[int, str]]:
    """Yield workflow task and name of commands that replays under equal conditions decide otherwise."""
    for other in again[1:]:
        if difference := dependence(again[0], other):
            yield difference.workflow_task, named(difference.plain or difference.other)


def settled(history: ReplayedHistory) -> ReplayedHistory:
    """Return a history with the outcome that its findings, its reason and what was compared come to."""
    if any(not finding.accepted for finding in history.findings):
        return replace(history, outcome=Outcome.FAIL)
    if history.reason:
        return replace(history, outcome=Outcome.UNKNOWN)
    if not history.commands:
        is_open = any(each.why == "open" for each in history.left_out)
        reason = _ONLY_OPEN if is_open else "it holds no command that could be compared"
        return replace(history, outcome=Outcome.UNKNOWN, reason=reason)
    return replace(history, outcome=Outcome.PASS)


def _changes(usable: Mapping[str, Replay], workflow: str, *, asked: set[int]) -> list[ReplayFinding]:
    """Return the differences that all whole replays show: the code decides otherwise than when it was recorded.

    Args:
        usable: The replays.
        workflow: Workflow type.
        asked: The workflow tasks that were also asked as the last one of a history: one that is right there, and only
            there, depends on whether it is replayed.
    """
    whole = [one for name, one in usable.items() if name != PREFIX]
    keys = [{_key(difference) for difference in one.differences} for one in whole]
    everywhere = set.intersection(*keys) if keys else set()
    at_the_end = {_key(each) for name, one in usable.items() if name == PREFIX for each in one.differences}
    findings: list[ReplayFinding] = []
    for each in whole[0].differences if whole else ():
        if _key(each) in everywhere and not (findings and _follows(each)):
            same = each.workflow_task not in asked or _key(each) in at_the_end
            findings.append(_change(each, workflow) if same else _of_replaying(each, workflow, conditions=()))
    return findings


def _follows(difference: Difference) -> bool:
    """Tell whether a workflow task fails as Temporal saw another decision than was recorded, which is told before."""
    return difference.field == OUTCOME and is_nondeterminism(str(difference.new))


def _is_failure(finding: ReplayFinding) -> bool:
    """Tell whether a finding says no more than that a workflow task fails, and no line of the user's takes part."""
    return bool(finding.difference and finding.difference.field == OUTCOME and not finding.line)


def _change(difference: Difference, workflow: str) -> ReplayFinding:
    name = about(difference)
    return ReplayFinding(
        check=AS_RECORDED,
        workflow=workflow,
        message=f"{name}: {changed(difference)}" if difference.field != WHOLE else changed(difference),
        subject=f"{name} {difference.field}",
        line=difference.line,
        difference=difference,
    )


def _of_prefixes(usable: Mapping[str, Replay], workflow: str) -> list[ReplayFinding]:
    """Return the differences that show only where a workflow task is the last one, and is not replayed."""
    known = {_key(each) for name, one in usable.items() if name != PREFIX for each in one.differences}
    at_the_end = [(name, each) for name, one in usable.items() if name == PREFIX for each in one.differences]
    return [_of_replaying(each, workflow, conditions=(name,)) for name, each in at_the_end if _key(each) not in known]


def _of_replaying(difference: Difference, workflow: str, *, conditions: tuple[str, ...]) -> ReplayFinding:
    name = about(difference)
    return ReplayFinding(
        check=UNDER_EVERY_CONDITION,
        workflow=workflow,
        message=f"{name} depends on whether it is replayed: {changed(difference)}",
        subject=f"{name}: {PREFIX}",
        line=difference.line,
        difference=difference,
        conditions=conditions or ("replayed",),
    )


def _non_deterministic(call: NondeterministicCall) -> ReplayFinding:
    line = call.stack[-1] if call.stack else ""
    return ReplayFinding(
        check=DETERMINISTIC_CALLS,
        workflow=call.workflow,
        message=f"workflow code calls {call.function}",
        subject=f"{call.function} in {line.rpartition(' in ')[2]}",
        line=line,
        causes=(call,),
    )


def _lost(replays: Mapping[str, Replay], workflow: str) -> Iterator[ReplayFinding]:
    for name, one in replays.items():
        if one.lost and _ended(one.lost):
            message = f"the replay ends the process that runs it: {first_line(one.lost)}"
            yield ReplayFinding(
                check=KEEPS_PROCESS, workflow=workflow, message=message, subject="process", conditions=(name,)
            )
            return


def _ran(usable: Mapping[str, Replay], workflow: str) -> Iterator[ReplayFinding]:
    tasks = sorted({task for one in usable.values() for task in one.ran})
    if tasks:
        message = f"a local activity ran that the history does not hold, in the workflow task of event {tasks[0]}"
        yield ReplayFinding(check=RUNS_NOTHING, workflow=workflow, message=message, subject="local activity")


def _reason(replays: Mapping[str, Replay], most: Replay | None) -> str:
    """Return why a history cannot be judged, or nothing."""
    first = next(iter(replays.values()))
    lost = next((one.lost for one in replays.values() if one.lost), "")
    if lost:
        return first_line(lost)
    if most is None and first.skipped:
        return first.skipped
    if most is None:
        return f"the workflow took too long in each replay, by load or by code that blocks: {first_line(first.failure)}"
    compared_less = [each for each in most.left_out if each.why in ("not asked", "blocked")]
    if compared_less:
        return f"the workflow task of event {compared_less[0].workflow_task} was not compared: {compared_less[0].why}"
    return ""


def _is_unusable(replay: Replay) -> bool:
    return bool(replay.skipped or replay.lost or replay.blocked)


def _temporal(replays: Any) -> str:
    return next((first_line(one.failure) for one in replays if one.failure and not one.lost), "")


def _ended(lost: str) -> bool:
    return _ENDED in lost or "exited with status" in lost


def _key(difference: Difference) -> tuple[Any, ...]:
    place = (difference.workflow_task, difference.event_id, difference.kind, difference.subject, difference.field)
    # The message of a failed task may name addresses and times.
    return (*place, repr(difference.old), "" if difference.field == OUTCOME else repr(difference.new))


def _difference_of(differing: Dependence, task: int) -> Difference:
    """Return the first field in which the decisions of two replays differ; ``old`` is that of the reference."""
    one, other = differing.plain, differing.other
    either = other or one
    place: dict[str, Any] = {
        "event_id": 0,
        "workflow_task": task,
        "kind": either.kind if either else "WorkflowTask",
        "subject": subject_of(either),
        "line": either.line if either else differing.line,
        "callers": either.callers if either else (),
    }
    if one is None and other is None:
        return Difference(**place, field=OUTCOME, old=differing.failures[0] or None, new=differing.failures[1] or None)
    if one is None or other is None or one.kind != other.kind:
        return Difference(**place, field=WHOLE, old=named(one) or None, new=named(other) or None)
    names = dict.fromkeys([*one.fields, *other.fields])
    name = next(name for name in names if one.fields.get(name) != other.fields.get(name))
    return Difference(
        **place, field=name, **shown_apart(one.fields.get(name), other.fields.get(name), converter=_CONVERTER)
    )
