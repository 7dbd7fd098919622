"""The chains of calls below an activity: which functions it reaches, and what each is given on the way there.

The audit's `reached_from` tells which code is reached. Rules on activities must know more: whether a piece runs on the
worker's event loop or in a thread, and whether an argument (an idempotency key) was passed by the caller or left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from astroid import nodes

from harness.audit.code.astroid_nodes import elements
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.origins import passed_arguments
from harness.audit.code.project_records import Activity, ReachedCode, Started, WrittenRetryPolicy
from harness.records.audit_result import CodePlace

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_STARTING = (
    "temporalio.workflow.",
    "temporalio.contrib.openai_agents.workflow.",
    "temporalio.openai_agents.workflow.",
    "temporalio.contrib.google_adk_agents.workflow.",
)
"""Where the functions are that start activities, or make tools of agents that do."""

_DEEPEST = 8
_MOST = 300
"""Calls followed below one activity, in depth and in number."""

_IN_THREAD = {"asyncio.to_thread": 1, "anyio.to_thread.run_sync": 1, "asgiref.sync.sync_to_async": 1}
"""What runs a function in a thread, and at which argument the function's own ones begin."""

_IN_EXECUTOR = {"run_in_executor": 2, "submit": 1}
"""The same for methods, by the method's name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CallFrame:
    """One function that an activity reaches, by one chain of calls.

    Attributes:
        activity: The activity.
        function: The function.
        caller: From where it is called; None for the activity itself.
        call: The call that leads here; None for the activity itself.
        given: What the call passes, by parameter.
        all_given: False where the call does not tell what it passes (`*args`, a function handed over as an argument).
        on_loop: Whether it runs on the worker's event loop.
    """

    activity: Activity
    function: nodes.FunctionDef
    caller: CallFrame | None = None
    call: nodes.Call | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    all_given: bool = True
    on_loop: bool = False

    @property
    def chain(self) -> tuple[CallFrame, ...]:
        """Return the frames from the activity down to this one."""
        return (*(self.caller.chain if self.caller else ()), self)

    def calls(self) -> Iterator[nodes.Call]:
        """Yield the calls of the function itself, from the top down."""
        yield from own_nodes(self.function, nodes.Call)


def frames_of(activity: Activity, *, project: Project) -> Sequence[CallFrame]:
    """Return all that an activity reaches in the user's own code, the activity first."""
    known = _TRAILS.setdefault(project, {})
    if activity not in known:
        known[activity] = tuple(
            _below(CallFrame(activity=activity, function=activity.node, on_loop=activity.is_async), project)
        )
    return known[activity]


_TRAILS: WeakKeyDictionary[Project, dict[Activity, tuple[CallFrame, ...]]] = WeakKeyDictionary()


def reached_in(frame: CallFrame, *, project: Project) -> ReachedCode:
    """Return the frame as the audit's findings take it: with the path from the activity."""
    return ReachedCode(
        node=frame.function,
        module=project.module_of(frame.function),
        path=tuple(_step(one, project) for one in frame.chain if one.call is not None),
        workflow=frame.activity.name,
    )


def activity_starts(project: Project) -> list[Started]:
    """Return the calls by which workflow code starts activities; not those of interceptors or of a client."""
    return [
        started
        for started in project.started
        if started.is_activity and project.called_name(started.node).startswith(_STARTING)
    ]


def retry_policies(project: Project) -> list[WrittenRetryPolicy]:
    """Return the retry policies that activities are started with, each once."""
    policies = (started.retry_policy for started in activity_starts(project))
    return list({policy.node: policy for policy in policies if policy is not None}.values())


def starts_of(activity: Activity, *, project: Project) -> list[Started]:
    """Return the calls in workflows that start the activity."""
    return [started for started in activity_starts(project) if started.activity is activity]


def tried_once(activity: Activity, *, project: Project) -> bool:
    """Tell whether every workflow that starts the activity allows it one attempt only."""
    starts = starts_of(activity, project=project)
    return bool(starts) and all(most_attempts(started) == 1 for started in starts)


def most_attempts(started: Started) -> int | None:
    """Return how many attempts the retry policy allows, 0 for any number; None if that cannot be told."""
    policy = started.retry_policy
    if policy is None:
        given = "retry_policy" in started.options and not _is_none(started.options["retry_policy"])
        return None if given or not started.options_known else 0
    if "maximum_attempts" not in policy.arguments:
        return 0
    attempts = policy.values.get("maximum_attempts")
    return attempts if isinstance(attempts, int) else None


def entered(frame: CallFrame, call: nodes.Call, function: nodes.FunctionDef) -> CallFrame:
    """Return the frame of a function that is called here with the call's own arguments."""
    return _entered(frame, call, function, (call.args, call.keywords), on_loop=frame.on_loop)


def _is_none(expression: Any) -> bool:
    return isinstance(expression, nodes.Const) and expression.value is None


def _step(frame: CallFrame, project: Project) -> CodePlace:
    assert frame.call is not None
    return project.place(frame.call, f"calls {frame.function.name}()")


def _below(first: CallFrame, project: Project) -> Iterator[CallFrame]:
    waiting, seen = [first], 0
    while waiting and seen < _MOST:
        frame = waiting.pop(0)
        seen += 1
        yield frame
        chain = frame.chain
        if len(chain) <= _DEEPEST:
            known = {one.function for one in chain}
            waiting += [below for below in _called(frame, project) if below.function not in known]


def _called(frame: CallFrame, project: Project) -> Iterator[CallFrame]:
    elsewhere = project.skipped_in_activities(frame.function)
    for call in frame.calls():
        if elsewhere and (call in elsewhere or not elsewhere.isdisjoint(call.node_ancestors())):
            continue
        if not isinstance(call.func, nodes.Name | nodes.Attribute | nodes.Subscript):
            continue
        direct = project.functions_called_by(call.func)
        for function in direct:
            if len(direct) > 1 and isinstance(call.parent, nodes.Await) and not _is_async(function):
                continue  # of several functions only a coroutine function can be meant where its call is awaited
            yield _entered(frame, call, function, (call.args, call.keywords), on_loop=frame.on_loop)
        yield from _handed_over(frame, call, project, threaded=not direct)


def _is_async(function: nodes.FunctionDef) -> bool:
    return isinstance(function, nodes.AsyncFunctionDef)


def _handed_over(frame: CallFrame, call: nodes.Call, project: Project, *, threaded: bool) -> Iterator[CallFrame]:
    """Yield the functions that a call is given as arguments: to run in a thread, or whenever it likes."""
    begins = _own_arguments(call, project) if threaded else 0
    everything = [*call.args, *(one.value for one in call.keywords)]
    inside = [one for part in everything if isinstance(part, nodes.Tuple | nodes.List) for one in elements(part)]
    for number, argument in enumerate([*everything, *inside]):
        if not isinstance(argument, nodes.Name | nodes.Attribute):
            continue
        for function in project.functions_called_by(argument):
            if begins and number == begins - 1:
                passed = (call.args[begins:], call.keywords)
                yield _entered(frame, call, function, passed, on_loop=False)
            elif not isinstance(argument.parent, nodes.Attribute):
                later = frame.on_loop and _is_async(function)
                yield _entered(frame, call, function, None, on_loop=later)


def _own_arguments(call: nodes.Call, project: Project) -> int:
    if isinstance(call.func, nodes.Attribute) and call.func.attrname in _IN_EXECUTOR:
        return _IN_EXECUTOR[call.func.attrname]
    return _IN_THREAD.get(project.dotted_name(call.func), 0)


def _entered(
    frame: CallFrame, call: nodes.Call, function: nodes.FunctionDef, passed: tuple[Any, Any] | None, *, on_loop: bool
) -> CallFrame:
    given, all_given = _given(function, passed)
    return CallFrame(
        activity=frame.activity,
        function=function,
        caller=frame,
        call=call,
        given=given,
        all_given=all_given,
        on_loop=on_loop,
    )


def _given(function: nodes.FunctionDef, passed: tuple[Any, Any] | None) -> tuple[dict[str, Any], bool]:
    if passed is None:
        return {}, False
    arguments, keywords = passed
    starred = any(isinstance(one, nodes.Starred) for one in arguments) or any(one.arg is None for one in keywords)
    return passed_arguments(function, arguments, keywords), not starred
