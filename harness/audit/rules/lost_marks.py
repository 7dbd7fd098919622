"""Errors that must not be retried, wrapped in errors that are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import CallFrame, frames_of, reached_in
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_FAILURE = "temporalio.exceptions.ApplicationError"
_CATCH = {_FAILURE, "temporalio.exceptions.FailureError", "builtins.Exception", "builtins.BaseException"}


def _marks_lost(project: Project) -> Iterator[AuditFinding]:
    reported: set[nodes.NodeNG] = set()
    for activity in project.activities:
        for frame in frames_of(activity, project=project):
            for block in own_nodes(frame.function, nodes.Try):
                raised = _wraps(block, project)
                if raised is None or raised in reported or not _marked_below(block, frame, project):
                    continue
                reported.add(raised)
                message = (
                    f"What fails in this try may be an ApplicationError with non_retryable=True, and is raised again as"
                    f" {_shown(raised, project)}, which Temporal retries: the mark is lost on the way out of"
                    f" {activity.name!r}. Let ApplicationError through first (except ApplicationError: raise), or pass"
                    " non_retryable on."
                )
                reached = reached_in(frame, project=project)
                yield project.finding("CP316", raised, message, certainty=Certainty.LIKELY, reached=reached)


def _wraps(block: Any, project: Project) -> nodes.Raise | None:
    """Return the raise by which the first clause that catches an ApplicationError makes another error of it."""
    for caught in block.handlers:
        each = caught.type.elts if isinstance(caught.type, nodes.Tuple) else [caught.type]
        if not any(one is None or project.dotted_name(one) in _CATCH for one in each):
            continue
        asks = any(
            "non_retryable" in (getattr(one, "attrname", ""), getattr(one, "arg", "")) or _names_failure(one, project)
            for part in caught.body
            for one in part.nodes_of_class((nodes.Attribute, nodes.Keyword, nodes.Name))
        )
        raises = [one for one in caught.body if isinstance(one, nodes.Raise)]
        return raises[0] if raises and _is_retried(raises[0].exc, project) and not asks else None
    return None


def _is_retried(made: Any, project: Project) -> bool:
    """Tell whether an error is one of Python's, or a failure that is not marked: others have a reader of their own."""
    name = project.dotted_name(made.func) if isinstance(made, nodes.Call) else ""
    return name == _FAILURE or name.startswith("builtins.")


def _shown(raised: nodes.Raise, project: Project) -> str:
    return project.source(raised.exc, 50) if raised.exc is not None else ""


def _names_failure(node: Any, project: Project) -> bool:
    """Tell whether a clause asks whether it is an ApplicationError, other than by making one."""
    if not isinstance(node, nodes.Name | nodes.Attribute) or project.name_of(node) != _FAILURE:
        return False
    return not (isinstance(node.parent, nodes.Call) and node.parent.func is node)


def _marked_below(block: Any, frame: CallFrame, project: Project) -> bool:
    """Tell whether the try itself, or a function that it calls, raises an error that is marked as final."""
    inside = {call for part in block.body for call in part.nodes_of_class(nodes.Call)}
    below = [one for one in frames_of(frame.activity, project=project) if _entered_by(one, frame, inside)]
    calls = [*inside, *(call for one in below for call in one.calls())]
    return any(_is_marked(call, project) for call in calls)


def _entered_by(one: CallFrame, frame: CallFrame, inside: set[nodes.Call]) -> bool:
    chain = one.chain
    return frame in chain[:-1] and chain[chain.index(frame) + 1].call in inside


def _is_marked(call: nodes.Call, project: Project) -> bool:
    marked = any(
        each.arg == "non_retryable" and isinstance(each.value, nodes.Const) and each.value.value is True
        for each in call.keywords
    )
    return marked and isinstance(call.parent, nodes.Raise) and project.dotted_name(call.func) == _FAILURE


RULES = (
    Rule(
        id="CP316",
        name="non-retryable-mark-lost",
        title="A final error is wrapped in one that is retried",
        why=(
            "non_retryable belongs to the outermost error of the activity: what it was raised from does not count. An "
            "error that was marked as final, caught with all others and raised again as another one, is retried like "
            "an outage."
        ),
        evidence=(
            "The server looks at ApplicationFailureInfo.non_retryable of the failure itself, and at its type in "
            "non_retryable_error_types; causes are recorded and not asked."
        ),
        fix="except ApplicationError: raise before the clause that wraps, or pass non_retryable=error.non_retryable.",
        bad='except Exception as error:\n    raise RuntimeError("payment failed") from error',
        right=(
            'except ApplicationError:\n    raise\nexcept Exception as error:\n    raise RuntimeError("payment failed") '
            "from error"
        ),
        certainty=Certainty.LIKELY,
        severity=Severity.WASTEFUL,
        judge=_marks_lost,
    ),
)
