"""What is planted in changed and condition-dependent workflows, and must be found; and what only looks like it.

A comment ``# planted`` ends the line that is changed, or wrong. A finding names the line that issued the command: where
that is another one, ``# decided`` ends it.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
HISTORIES = HERE / "histories"

SEED = "hash seed"
ZONE = "time zone"
PROCESS = "process"
CLOCK = "wall clock"
PREFIX = "every prefix"
ALWAYS = "every replay"
GROUPS = {
    SEED: ("hash seed",),
    ZONE: ("time zone",),
    PROCESS: ("cold process", "warm process", "twice in a row"),
    CLOCK: ("wall clock",),
    PREFIX: ("every prefix",),
    ALWAYS: ("",),
}
"""Each group of conditions, with the beginnings of the names of those that are in it.

Which of the conditions of ``PROCESS`` show it depends on what is replayed together; "twice in a row" always does.
"""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference from the recording, as a report has to name it; its file and line are the case's own."""

    kind: str
    subject: str
    field: str
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One module of workflows and what replays of its histories must show.

    Attributes:
        name: Of the case.
        module: Where the workflow is, below this package.
        histories: Names of the files in ``histories``, without ending.
        changes: All that differs from the recording, under every condition, each at least once.
        depends: Groups of conditions on which decisions depend. What such a workflow decides need not be as recorded
            under any of them: a hash seed, for one, is never that of the recording.
        call: Function that the call names, where the cause is a call that it sees.
        cause: Module with the ``# planted`` line, where that is not ``module``.
        data_converter: ``module:attribute``, where it is not Temporal's default.
        replayer: ``module:function`` that returns a replayer with that data converter, for the command line.
    """

    name: str
    module: str
    histories: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    depends: tuple[str, ...] = ()
    call: str = ""
    cause: str = ""
    data_converter: str = ""
    replayer: str = ""

    @property
    def must_be_found(self) -> bool:
        """Whether it is no look-alike."""
        return bool(self.changes or self.depends)

    @property
    def import_name(self) -> str:
        """What ``--workflows`` takes."""
        return f"{__package__}.{self.module}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The histories."""
        return tuple(HISTORIES / f"{name}.json" for name in self.histories)

    @property
    def lines(self) -> tuple[str, ...]:
        """``path.py:123`` of each line that issues the command: findings name one, followed by `` in function``.

        It is one line, but for a command that comes in the place of another.
        """
        return _marked(self.module, "# decided") or _marked(self.module, "# planted")

    @property
    def cause_line(self) -> str:
        """``path.py:123`` of the line that is planted: the innermost line of a call."""
        (line,) = _marked(self.cause or self.module, "# planted") or ("",)
        return line


def _marked(module: str, mark: str) -> tuple[str, ...]:
    """Return the places of the lines that end in a mark, relative to the repository."""
    found = importlib.util.find_spec(f"{__package__}.{module}")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin)
    lines = enumerate(file.read_text().splitlines(), start=1)
    return tuple(f"{file.relative_to(ROOT)}:{number}" for number, text in lines if text.endswith(mark))


def _change(name: str, history: str, kind: str, subject: str, field: str, old: Any, new: Any) -> Planted:
    change = Change(kind=kind, subject=subject, field=field, old=old, new=new)
    return Planted(name=name.replace("_", " "), module=f"changes.{name}", histories=(history,), changes=(change,))


def _depends(name: str, group: str, *histories: str, **more: Any) -> Planted:
    named = name.replace("_", " ")
    return Planted(name=named, module=f"conditions.{name}", histories=histories, depends=(group,), **more)


def _alike(name: str, *histories: str, **more: Any) -> Planted:
    return Planted(name=name.replace("_", " "), module=f"alike.{name}", histories=histories, **more)


_ACTIVITY = "ScheduleActivityTask"
_CHILD = "StartChildWorkflowExecution"
_TURN = "as to 'Answer at length: Is tea good?': yes"
_LAST = "as to 'Answer in one sentence: Why?': yes"
_WITH_MODELS: dict[str, str] = {
    "data_converter": "temporalio.contrib.pydantic:pydantic_data_converter",
    "replayer": f"{__package__}.replayers:with_models",
}

CHANGES = (
    _change(
        "prompt",
        "research-1",
        _ACTIVITY,
        "plan",
        "input.0",
        "Plan the research on tea in two steps.",
        "Plan the research on tea in three steps.",
    ),
    _change("start_to_close", "research-1", _ACTIVITY, "plan", "startToCloseTimeout", 30.0, 60.0),
    _change("maximum_attempts", "research-1", _ACTIVITY, "plan", "retryPolicy.maximumAttempts", 5, 3),
    _change("no_retry_policy", "research-1", _ACTIVITY, "plan", "retryPolicy.maximumAttempts", 5, None),
    _change("task_queue", "research-1", _ACTIVITY, "search", "taskQueue", "planted-search", "planted-search-2"),
    _change("heartbeat_timeout", "research-1", _ACTIVITY, "search", "heartbeatTimeout", 10.0, 60.0),
    _change("timer", "research-1", "StartTimer", "1", "startToFireTimeout", 0.2, 0.5),
    _change(
        "result",
        "research-1",
        "CompleteWorkflowExecution",
        "Research",
        "result.0",
        "tea: 2 texts agree",
        "On tea: 2 texts agree",
    ),
    _change("activity_type", "research-1", _ACTIVITY, "search", "activityType", "search", "reply"),
    _change(
        "command_more",
        "research-1",
        "CompleteWorkflowExecution",
        "Research",
        "command",
        "CompleteWorkflowExecution Research",
        "ScheduleActivityTask use",
    ),
    _change(
        "command_fewer", "research-1", "StartTimer", "1", "command", "StartTimer 1", "ScheduleActivityTask summarise"
    ),
    _change("activity_id", "booking-1", _ACTIVITY, "quote", "activityId", "quote-Graz", "quote-graz"),
    _change(
        "child_input",
        "booking-1",
        _CHILD,
        "Payment",
        "input.0",
        {"amount": 160.0, "currency": "EUR"},
        {"amount": 160.0, "currency": "USD"},
    ),
    _change("child_id", "booking-1", _CHILD, "Payment", "workflowId", "booking-1-payment", "payment-booking-1"),
    _change(
        "schema",
        "booking-1",
        _CHILD,
        "Payment",
        "input.0",
        {"amount": 160.0, "currency": "EUR"},
        {"amount": 160.0, "currency": "EUR", "reason": "trip"},
    ),
    _change(
        "signal_side",
        "chat-1",
        _ACTIVITY,
        "reply",
        "input.0",
        "Answer in one sentence: Why?",
        "Answer in three words: Why?",
    ),
    _change(
        "update_result", "chat-1", "UpdateCompleted", "rename", "outcome.success.0", "now called tea", "this is tea now"
    ),
    _change("local_activity", "escalation-1", "RecordMarker", "assess", "activityType", "assess", "reply"),
    _change(
        "memo", "escalation-1", "ModifyWorkflowProperties", "severity", "upsertedMemo.severity", "urgent", "URGENT"
    ),
    _change(
        "search_attribute",
        "escalation-1",
        "UpsertWorkflowSearchAttributes",
        "Severity",
        "searchAttributes.Severity",
        "urgent",
        "ticket 7",
    ),
    _change(
        "sent_signal",
        "escalation-1",
        "SignalExternalWorkflowExecution",
        "say",
        "input.0",
        "ticket 7 is urgent",
        "ticket 7: urgent",
    ),
    _change(
        "failure",
        "escalation-1",
        "FailWorkflowExecution",
        "Escalation",
        "failure.message",
        "ticket 7 needs a person",
        "ticket 7 needs somebody",
    ),
    _change(
        "failure_type", "escalation-1", "FailWorkflowExecution", "Escalation", "failure.type", "Escalated", "Unsolved"
    ),
    _change(
        "one_task",
        "triage-1",
        "CompleteWorkflowExecution",
        "Triage",
        "result.0",
        "ticket 7 is urgent",
        "ticket 7: urgent",
    ),
    _change(
        "continue_as_new",
        "chat-1",
        "ContinueAsNewWorkflowExecution",
        "Chat",
        "input.0",
        {"turns": [_LAST], "title": "tea"},
        {"turns": [_TURN, _LAST], "title": "tea"},
    ),
)
"""Changes of code: they differ from the recording under every condition, and depend on none."""

CONDITIONS = (
    _depends("set_order", SEED, "toolbox-1"),
    _depends("dict_from_set", SEED, "digest-1"),
    _depends("set_argument", SEED, "delegation-1"),
    _depends("hash_of_text", SEED, "experiment-1"),
    _depends("local_timestamp", ZONE, "reminder-1", call="datetime.datetime.fromtimestamp"),
    _depends("local_now", ZONE, "agenda-1", call="datetime.datetime.astimezone"),
    _depends("module_cache", PROCESS, "lookup-1", "lookup-2"),
    _depends("class_attribute", PROCESS, "session-1", "session-2"),
    _depends("random_pause", ALWAYS, "polling-1", call="random.Random.randint", cause="shared.jitter"),
    _depends("uuid_default", ALWAYS, "calling-1", call="uuid.uuid4", **_WITH_MODELS),
    _depends("wall_clock", CLOCK, "briefing-1", call="datetime.datetime.now", cause="shared.year"),
    _depends("replaying", PREFIX, "resumed-1"),
    Planted(
        name="environment",
        module="conditions.environment",
        histories=("configured-1",),
        changes=(
            Change(
                kind=_ACTIVITY,
                subject="reply",
                field="input.0",
                old="large: Is tea good?",
                new="small: Is tea good?",
            ),
        ),
        call="os.environ",
        cause="shared.settings",
    ),
)
"""Workflows that were recorded as they are, and decide otherwise under other conditions; the last one's condition, a
variable of the environment, is another one in every replay, and the same in all of them."""

ALIKE = (
    _alike("patched", "research-1"),
    _alike("log_line", "research-1"),
    _alike("renamed", "research-1"),
    _alike("by_name", "research-1"),
    _alike("written_otherwise", "research-1"),
    _alike("extracted", "research-1"),
    _alike("reordered", "chat-1"),
    _alike("refactored_record", "booking-1"),
    _alike("sorted_set", "sorted-toolbox-1"),
    _alike("own_random", "own-polling-1"),
    _alike("own_now", "own-agenda-1"),
    _alike("own_cache", "own-lookup-1", "own-lookup-2"),
    _alike("own_uuid", "own-calling-1", **_WITH_MODELS),
)
"""Changes of code that change no decision, and workflows that only look as if they depended on conditions."""

UNCHANGED = Planted(
    name="as recorded",
    module="recorded",
    histories=("research-1", "booking-1", "booking-1-payment", "chat-1", "escalation-1", "triage-1"),
)
"""The workflows of ``CHANGES`` as they were recorded: nothing may be found."""

TABLE: tuple[Planted, ...] = (*CHANGES, *CONDITIONS, *ALIKE, UNCHANGED)
