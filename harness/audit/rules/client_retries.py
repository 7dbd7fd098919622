"""Retries inside an attempt: by the model's client, a decorator, an adapter or a loop, on top of Temporal's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, most_attempts, reached_in, starts_of, tried_once
from harness.audit.analysis.forbidden_names import argument
from harness.audit.analysis.remote_calls import Towards, remote_call, spoken
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_CLIENT = re.compile(
    r"(?:openai\.(?:Async)?(?:Azure)?OpenAI|openai\.Async(?:Azure)?OpenAI"
    r"|anthropic\.(?:Async)?Anthropic(?:Bedrock|Vertex|Foundry)?"
    r"|langchain_(?:openai|anthropic)(?:\.\w+)*\.(?:Azure)?Chat\w+)"
)
_CLIENT_RETRIES = 2
"""max_retries of these clients where nothing is said."""

_LITELLM = {"litellm.completion", "litellm.acompletion", "litellm.responses", "litellm.aresponses"}
"""Functions whose own retries are asked for in the call: num_retries, or max_retries of the client below."""

_DECORATORS = {
    "tenacity.retry",
    "backoff.on_exception",
    "backoff.on_predicate",
    "retrying.retry",
    "retry.retry",
    "retry.api.retry",
    "stamina.retry",
}
_RETRYING = {"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context"}
_ADAPTER = re.compile(r"(?:urllib3|requests\.packages\.urllib3)\.(?:util\.)?(?:retry\.)?Retry")
_TRANSPORT = {"requests.adapters.HTTPAdapter"}


def _retries(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        if tried_once(activity, project=project):
            continue
        frames = frames_of(activity, project=project)
        repeating = [(frame, *one) for frame in frames for one in _found_in(frame, project)]
        repeating += [(frames[0], *one) for one in _handed_in(activity, project)]
        for frame, node, how, requests in repeating:
            if node not in reported:
                reported.add(node)
                certainty = Certainty.LIKELY if requests or _asks_outside(node, frame, project) else Certainty.LOOK
                yield _finding(node, how, requests, frame, project, certainty=certainty)


def _found_in(frame: CallFrame, project: Project) -> Iterator[tuple[Any, str, int]]:
    """Yield what repeats a request here, how (in words), and how many requests that makes; 0 if unknown."""
    yield from _clients(frame, project)
    yield from ((node, how, 0) for node, how in _others(frame, project))


def _others(frame: CallFrame, project: Project) -> Iterator[tuple[Any, str]]:
    yield from _decorators(frame.function, project)
    for call in frame.calls():
        name = project.dotted_name(call.func)
        if name in _RETRYING:
            yield call, f"{spoken(name)} repeats what is below it"
        elif _ADAPTER.fullmatch(name) and _more_than_none(call, "total", 0, project):
            yield call, "every request of this session is repeated by urllib3"
        elif name in _TRANSPORT and _more_than_none(call, "max_retries", 2, project):
            yield call, "every request of this session is repeated by its adapter"
    for loop in own_nodes(frame.function, nodes.For | nodes.While):
        if asked := _repeated(loop, frame, project):
            yield loop, f"this loop sends {asked} again when it fails"


def _clients(frame: CallFrame, project: Project) -> Iterator[tuple[nodes.Call, str, int]]:
    for call in frame.calls():
        for made in [call, *_made_before(call, project)]:
            if not _told_not_to(frame.function, project):
                yield from _retrying(made, project)


def _retrying(made: nodes.Call, project: Project) -> Iterator[tuple[nodes.Call, str, int]]:
    """Yield the making of a client, if that client retries."""
    name = project.dotted_name(made.func)
    retries = _max_retries(made, project) if _CLIENT.fullmatch(name) or name in _LITELLM else None
    if retries:
        how = "as it comes" if retries == _CLIENT_RETRIES else f"with max_retries={retries}"
        yield made, f"{spoken(name)} {how} sends up to {retries + 1} requests for one call", retries + 1


def _handed_in(activity: Activity, project: Project) -> Iterator[tuple[nodes.Call, str, int]]:
    """Yield the clients that the object is made with whose method the activity is: `Tools(AsyncOpenAI())`."""
    frames = frames_of(activity, project=project) if activity.owner else ()
    asked = (remote_call(call, project=project) for frame in frames for call in frame.calls())
    if activity.owner is None or not any(one and one.towards is Towards.MODEL for one in asked):
        return
    if any(_told_not_to(frame.function, project) for frame in frames):
        return
    for module in project.modules:
        for call in module.tree.nodes_of_class(nodes.Call):
            named = getattr(call.func, "attrname", getattr(call.func, "name", ""))
            if named != activity.owner.name or activity.owner not in project.origins_of(call.func):
                continue
            for given in [*call.args, *(one.value for one in call.keywords)]:
                for made in project.origins_of(given):
                    yield from _retrying(made, project) if isinstance(made, nodes.Call) else ()


def _made_before(call: nodes.Call, project: Project) -> Iterator[nodes.Call]:
    """Yield the calls that made the objects on which this call's method is called."""
    node: Any = call.func
    while isinstance(node, nodes.Attribute | nodes.Call):
        node = node.expr if isinstance(node, nodes.Attribute) else node.func
        if isinstance(node, nodes.Name | nodes.Attribute):
            yield from (one for one in project.origins_of(node) if isinstance(one, nodes.Call))


def _max_retries(made: nodes.Call, project: Project) -> int | None:
    """Return how often the client repeats a request; None if it cannot be told."""
    for keyword in made.keywords:
        if keyword.arg is None:
            return None
        if keyword.arg in ("max_retries", "num_retries"):
            value = project.value_of(keyword.value)
            return value if isinstance(value, int) else None
    return _CLIENT_RETRIES


def _told_not_to(function: Any, project: Project) -> bool:
    """Tell whether the function takes a copy of the client that does not retry."""
    return any(
        isinstance(call.func, nodes.Attribute)
        and call.func.attrname in ("with_options", "copy")
        and any(one.arg == "max_retries" and project.value_of(one.value) == 0 for one in call.keywords)
        for call in own_nodes(function, nodes.Call)
    )


def _decorators(function: Any, project: Project) -> Iterator[tuple[Any, str]]:
    for decorator in function.decorators.nodes if function.decorators else ():
        name = project.dotted_name(decorator.func if isinstance(decorator, nodes.Call) else decorator)
        if name in _DECORATORS:
            yield decorator, f"@{name} calls {function.name}() again when it fails"


def _more_than_none(call: nodes.Call, name: str, position: int, project: Project) -> bool:
    given = argument(call, position, name)
    if given is None:
        return name == "total"
    value = project.value_of(given)
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _repeated(loop: Any, frame: CallFrame, project: Project) -> str:
    """Return what a loop asks again after a failure; empty if it is no retry.

    It is one if it asks in a `try` that success leaves for good (return, break), failure goes round again, and what is
    asked is the same each time: not one item after the other, not one model after the other.
    """
    for block in own_nodes_of(loop, nodes.Try):
        if not (_leaves(block.body) or _leaves(block.orelse)):
            continue
        if not any(_goes_on(caught) for caught in block.handlers) or _another_each_time(loop, block, project):
            continue
        for call in (one for part in block.body for one in part.nodes_of_class(nodes.Call)):
            if asked := _asks(call, frame, project):
                return asked
    return ""


def own_nodes_of(loop: Any, kind: Any) -> Iterator[Any]:
    """Yield the nodes of a kind in a loop's body that belong to no loop inside it."""
    waiting = list(reversed(loop.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            yield node
        if not isinstance(node, nodes.FunctionDef | nodes.ClassDef | nodes.For | nodes.While):
            waiting += reversed(list(node.get_children()))


def _leaves(statements: list[Any]) -> bool:
    last = statements[-1] if statements else None
    if isinstance(last, nodes.With):
        return _leaves(last.body)
    return isinstance(last, nodes.Return | nodes.Break)


def _goes_on(caught: nodes.ExceptHandler) -> bool:
    """Tell whether a caught error leads to the next round, at least in one case."""
    return not isinstance(caught.body[-1], nodes.Raise | nodes.Return | nodes.Break)


def _another_each_time(loop: Any, block: Any, project: Project) -> bool:
    if isinstance(loop, nodes.While) or project.dotted_name(getattr(loop.iter, "func", None)) == "builtins.range":
        return False
    names = {one.name for one in loop.target.nodes_of_class(nodes.AssignName)}
    return any(one.name in names for part in block.body for one in part.nodes_of_class(nodes.Name))


def _asks(call: nodes.Call, frame: CallFrame, project: Project) -> str:
    remote = remote_call(call, project=project)
    if remote is not None:
        return "" if remote.towards is Towards.SLEEP else spoken(remote.name)
    for below in frames_of(frame.activity, project=project):
        chain = below.chain
        if frame in chain[:-1] and chain[chain.index(frame) + 1].call is call:
            for one in below.calls():
                remote = remote_call(one, project=project)
                if remote and remote.towards is not Towards.SLEEP:
                    return f"{spoken(remote.name)} (in {below.function.name}())"
    return ""


def _asks_outside(node: Any, frame: CallFrame, project: Project) -> bool:
    """Tell whether what is repeated is known to ask a model or another server; else it may be a lock or a cache."""
    if isinstance(node, nodes.For | nodes.While) or not _is_general(node, frame, project):
        return True
    below = [one for one in frames_of(frame.activity, project=project) if frame in one.chain]
    remotes = (remote_call(call, project=project) for one in below for call in one.calls())
    return any(one and one.towards in (Towards.MODEL, Towards.HTTP) for one in remotes)


def _is_general(node: Any, frame: CallFrame, project: Project) -> bool:
    """Tell whether it repeats whatever it is put around: a decorator, or tenacity's loop."""
    decorators = frame.function.decorators.nodes if frame.function.decorators else ()
    return node in decorators or (isinstance(node, nodes.Call) and project.dotted_name(node.func) in _RETRYING)


def _finding(
    node: Any, how: str, requests: int, frame: CallFrame, project: Project, *, certainty: Certainty
) -> AuditFinding:
    message = (
        f"Inside the activity {frame.activity.name!r} {how}, and Temporal repeats the activity: "
        f"{_requests(frame.activity, requests, project)}. Waits told by Retry-After and the state of the retries are "
        "in no history. Leave retries to Temporal's retry policy: max_retries=0 for a client, no decorator, no loop."
    )
    return project.finding("CP305", node, message, certainty=certainty, reached=reached_in(frame, project=project))


def _requests(activity: Activity, requests: int, project: Project) -> str:
    attempts = [most_attempts(one) for one in starts_of(activity, project=project)]
    known = [one for one in attempts if one is not None]
    if 0 in known:
        return "with unlimited attempts the requests multiply without end"
    if known:
        all_in_all = f", {requests * max(known)} requests in all" if requests else ""
        return f"up to {max(known)} attempts{all_in_all}"
    return "requests multiply, (client retries + 1) for each attempt"


RULES = (
    Rule(
        id="CP305",
        name="retry-inside-retry",
        title="An activity retries by itself what Temporal retries already",
        why=(
            "Two retry loops multiply: an outage of the model is met with many times the requests that the retry "
            "policy allows, an exhausted quota is asked again and again, and an attempt that waits inside a client "
            "looks like one that hangs. What a client does inside an attempt is not in the history."
        ),
        evidence=(
            "Requests per call = (client retries + 1) x attempts. openai and anthropic retry twice by default: 3 "
            "requests for each attempt, also for a 429 with insufficient_quota, which no retry can heal; 5 attempts "
            "make 15. litellm passes max_retries=2 to the client below unless it is told otherwise."
        ),
        fix="Give the client max_retries=0: the retry policy decides, with next_retry_delay for Retry-After.",
        bad="client = AsyncOpenAI()",
        right="client = AsyncOpenAI(max_retries=0, timeout=30)",
        certainty=Certainty.LIKELY,
        severity=Severity.WASTEFUL,
        judge=_retries,
    ),
)
