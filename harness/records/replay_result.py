"""Replays: what recorded histories came to when workflow code was asked for its decisions again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.records.verdict import Outcome, worst

Why = Literal[
    "open", "failed", "timed out", "not in the history", "not asked", "blocked", "newly patched", "newer rules"
]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field of one command that is not as recorded.

    Attributes:
        event_id: The event that the recorded command led to; for a command too many, the last one before it.
        workflow_task: Id of the WorkflowTaskStarted event.
        kind: Kind of the command, ``WorkflowTask`` for a task that fails now.
        subject: What it is about: activity type, timer, type of the child workflow, patch, name of signal or update.
        field: Dotted name: ``input.0``, ``retryPolicy.maximumAttempts``; ``command`` for a command too many, too few or
            of another kind, ``outcome`` for a workflow task that was completed and is failed now.
        old: As recorded; None for nothing. Payloads decoded, times in seconds.
        new: As decided now.
        line: Where workflow code issued the command, ``path.py:123 in run``, if known.
        callers: The lines of workflow code that led to that line, the outermost first.
        note: What else is to be known: where in a value, or that only bytes or encoding differ.
        places: Where in the values they differ: ``.messages[2].timestamp``; empty for the whole of them.
        tolerated: Whether Temporal itself lets it pass when it replays; None where that is not known.
        rule: The rule of Temporal by which it does so, or not.
    """

    event_id: int
    workflow_task: int
    kind: str
    subject: str
    field: str
    old: Any
    new: Any
    line: str = ""
    callers: tuple[str, ...] = ()
    note: str = ""
    places: tuple[str, ...] = ()
    tolerated: bool | None = None
    rule: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A workflow task, or the rest of one, of which nothing could be compared.

    ``open``, ``failed``, ``timed out``: the history records no commands of it. ``not in the history``: it has no such
    task. ``not asked``: nobody replayed it. ``blocked``: it failed now as the worker had too little time.
    ``newly patched``: a worker that does not know that this was recorded takes a new patch, by design; what it does
    from there on is not what a replay of the whole history would do.
    ``newer rules``: nor is what it decides by rules of its SDK that are newer than the history.
    """

    workflow_task: int
    why: Why


@dataclass(frozen=True, kw_only=True)
class NondeterministicCall:
    """One non-deterministic call that workflow code made while it was replayed.

    Attributes:
        function: The function as the user knows it: ``time.time``, ``uuid.uuid4``, ``os.environ``.
        stack: The user's lines that led to it, ``path.py:123 in run``, outermost first.
        workflow: Type of the workflow.
    """

    function: str
    stack: tuple[str, ...]
    workflow: str


@dataclass(frozen=True, kw_only=True)
class ReplayFinding:
    """One thing that replays show to be wrong, in one history or in several.

    Attributes:
        check: ``replays-as-recorded``, ``replays-under-every-condition``, ``calls-nothing-non-deterministic``,
            ``replays`` (Temporal's own verdict), ``keeps-its-process``, ``runs-nothing-anew``.
        workflow: Workflow type.
        message: What was recorded and what came, in one line.
        subject: What it is about, apart from numbers and times: the same in every run.
        line: Source line of the workflow that issued the command or made the call, where known.
        difference: The difference, where it is one.
        conditions: Under which conditions it shows; empty: under all.
        causes: Non-deterministic calls seen beside it.
        histories: The files of the histories that show it, as the user would type them.
        accepted: Why this difference is accepted; empty if it is not.
    """

    check: str
    workflow: str
    message: str
    subject: str
    line: str = ""
    difference: Difference | None = None
    conditions: tuple[str, ...] = ()
    causes: tuple[NondeterministicCall, ...] = ()
    histories: tuple[str, ...] = ()
    accepted: str = ""

    @property
    def id(self) -> str:
        """Six hex digits of check, workflow and subject: the same in every run."""
        named = f"{self.check}\n{self.workflow}\n{self.subject}"
        return hashlib.blake2s(named.encode(errors="surrogatepass"), digest_size=3).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What one replay of one history came to.

    Attributes:
        workflow_id: Workflow id.
        run_id: Run id.
        failure: What Temporal's Replayer, or the worker, failed with; empty if it replayed.
        nondeterminism: Whether Temporal called the failure non-determinism.
        blocked: Whether the failure is that the workflow took too long (TMPRL1101): that is load, or blocking code, and
            no non-determinism.
        skipped: Why it was not replayed (workflow type not known), or empty.
        lost: Why the replaying process was lost over this history: it died, or took too long.
        commands: How many recorded commands were compared.
        tasks: How many workflow tasks were compared, those without commands included.
        prefixes: How many of them were also asked as the last one of a history that ends there.
        differences: Each field that is not as recorded, in the order of the history.
        left_out: What could not be compared.
        unseen: How many values could not be compared: payloads that stay encrypted, outcomes that a replay keeps.
        witnesses: Non-deterministic calls of workflow code, where they were watched for.
        ran: The workflow tasks in which the worker ran a local activity for real that the history does not hold.
        findings: What its replays under other conditions show in a sweep, beside its own differences.
    """

    workflow_id: str
    run_id: str
    failure: str = ""
    nondeterminism: bool = False
    blocked: bool = False
    skipped: str = ""
    lost: str = ""
    commands: int = 0
    tasks: int = 0
    prefixes: int = 0
    differences: tuple[Difference, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unseen: int = 0
    witnesses: tuple[NondeterministicCall, ...] = ()
    ran: tuple[int, ...] = ()
    findings: tuple[ReplayFinding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReplayedHistory:
    """What one history came to, under all conditions together.

    Attributes:
        file: Where it lies, as the user would type it.
        workflow: Workflow type; empty where the file could not be read.
        workflow_id: Workflow id.
        run_id: Run id.
        events: How many events it has.
        outcome: PASS, UNKNOWN or FAIL.
        reason: Why it is UNKNOWN.
        commands: How many recorded commands were compared, under the condition that compared most.
        tasks: How many workflow tasks.
        prefixes: How many workflow tasks were also asked as the last one of a history.
        left_out: Workflow tasks of which nothing could be compared, under the condition that compared most.
        unseen: Values that could not be compared.
        conditions: The conditions under which it was replayed.
        temporal: What Temporal's own Replayer, or the worker, failed with, in one line; empty if it let all pass.
        note: What limits the verdict without changing it.
        findings: What is wrong, accepted differences included.
    """

    file: str
    workflow: str = ""
    workflow_id: str = ""
    run_id: str = ""
    events: int = 0
    outcome: Outcome = Outcome.UNKNOWN
    reason: str = ""
    commands: int = 0
    tasks: int = 0
    prefixes: int = 0
    left_out: tuple[LeftOut, ...] = ()
    unseen: int = 0
    conditions: tuple[str, ...] = ()
    temporal: str = ""
    note: str = ""
    findings: tuple[ReplayFinding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What a set of histories came to.

    Attributes:
        against: What they were replayed against: ``python worker.py``, ``app.workflows``.
        histories: Each history, in the order of the files.
        stale: One line for each accepted difference that no history shows any more, or whose time is over.
        seconds: How long it took.
        unusable: One line for each module that was named and could not be replayed against.
    """

    against: str
    histories: tuple[ReplayedHistory, ...] = ()
    stale: tuple[str, ...] = ()
    seconds: float = 0.0
    unusable: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of all histories; UNKNOWN where not one command was compared."""
        outcomes = [history.outcome for history in self.histories]
        if not any(history.commands for history in self.histories):
            outcomes.append(Outcome.UNKNOWN)
        return worst(outcomes)

    @property
    def findings(self) -> tuple[ReplayFinding, ...]:
        """What is wrong, each once, with all histories that show it; differences that are accepted come last."""
        findings: dict[tuple[str, str, str, str], ReplayFinding] = {}
        for history in self.histories:
            for each in history.findings:
                key = each.check, each.workflow, each.subject, each.accepted
                known = findings.get(key)
                files = dict.fromkeys([*(known.histories if known else ()), *each.histories])
                findings[key] = replace(known or each, histories=tuple(files))
        return tuple(sorted(findings.values(), key=lambda each: bool(each.accepted)))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions under which any history was replayed."""
        return tuple(dict.fromkeys(name for history in self.histories for name in history.conditions))
