"""Results of activities in workflow code: taken apart where a misfit fails the task, or used as what they are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, frames_of
from harness.audit.analysis.commands import workflow_code
from harness.audit.analysis.remote_calls import Towards, remote_call
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_PARSERS = {"json.loads", "orjson.loads", "ast.literal_eval", "yaml.safe_load"}
_PARSING_METHODS = {"model_validate_json", "parse_raw", "validate_json"}
_OF_PLAIN = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str))


def parsed_in_workflow(project: Project) -> Iterator[AuditFinding]:
    """Yield parsings of a model's words in workflow code that nothing catches."""
    by_call = {started.node: started for started in activity_starts(project)}
    for reached in workflow_code(project):
        for call in project.calls(reached):
            if not call.args or not _parses(project, call, reached) or _is_caught(call):
                continue
            started = _result_of(call.args[0], project, by_call)
            if started is None or not _asks_model(started, project) or _fails_workflow(project, reached):
                continue
            text = (
                f"{project.source(call.func, 40)}() takes apart what {started.target!r} got from a model. Words that do"
                " not fit raise a plain error, which fails the workflow task, again and again: the result is recorded,"
                " and no retry asks the model anew. Parse in the activity, where a misfit is one more attempt, or raise"
                " ApplicationError from it."
            )
            yield project.finding("CP216", call, text, certainty=Certainty.LIKELY, reached=reached)


def _parses(project: Project, call: nodes.Call, reached: ReachedCode) -> bool:
    if isinstance(call.func, nodes.Attribute) and call.func.attrname in _PARSING_METHODS:
        return True
    return project.called_name(call, reached) in _PARSERS


def _is_caught(node: nodes.NodeNG) -> bool:
    child: Any = node
    for each in node.node_ancestors():
        if isinstance(each, nodes.Try) and child in each.body and each.handlers:
            return True
        if isinstance(each, nodes.FunctionDef | nodes.Lambda):
            return False
        child = each
    return False


def _result_of(value: Node, project: Project, by_call: dict[nodes.Call, Started]) -> Started | None:
    """Return the start of the activity whose result a value is, or a part of it."""
    node = value
    while isinstance(node, nodes.Attribute | nodes.Subscript | nodes.Await):
        node = node.expr if isinstance(node, nodes.Attribute) else node.value
    written = project.origins_of(node) if isinstance(node, nodes.Name) else [node]
    for each in written:
        call = each.value if isinstance(each, nodes.Await) else each
        if isinstance(call, nodes.Call) and call in by_call:
            return by_call[call]
    return None


def _asks_model(started: Started, project: Project) -> bool:
    """Tell whether an activity returns words of a model as they come: it asks one, and takes nothing apart itself."""
    frames = frames_of(started.activity, project=project) if started.activity else ()
    calls = [call for frame in frames for call in frame.calls()]
    asked = (remote_call(call, project=project) for call in calls)
    if not any(each and each.towards is Towards.MODEL for each in asked):
        return False
    return not any(
        getattr(call.func, "attrname", "") in _PARSING_METHODS or project.dotted_name(call.func) in _PARSERS
        for call in calls
    )


def _fails_workflow(project: Project, reached: ReachedCode) -> bool:
    """Tell whether the workflow or a worker says that other errors than Temporal's fail the workflow."""
    own = [each.node.decorators for each in project.workflows if each.name == reached.workflow]
    if any(decorators is not None and "failure_exception_types" in decorators.as_string() for decorators in own):
        return True
    return any("workflow_failure_exception_types" in worker.options for worker in project.workers)


def untyped(project: Project) -> Iterator[AuditFinding]:
    """Yield attributes of results whose type nobody told: of activities started by name, without result_type."""
    by_call = {started.node: started for started in activity_starts(project) if _is_untyped(started, project)}
    for reached in workflow_code(project) if by_call else ():
        for node in project.walk(reached, nodes.Attribute):
            if node.attrname in _OF_PLAIN or not isinstance(node.expr, nodes.Name):
                continue
            written = project.origins_of(node.expr)
            calls = [each.value for each in written if isinstance(each, nodes.Await)]
            if len(written) != 1 or len(calls) != 1 or calls[0] not in by_call:
                continue
            text = (
                f"{node.expr.name} is the result of an activity that is started by its name, without result_type: it is"
                f" a dictionary, a list or a plain value, and has no .{node.attrname}. Pass the activity itself, or"
                " result_type."
            )
            yield project.finding("CP217", node, text, certainty=Certainty.LIKELY, reached=reached)


def _is_untyped(started: Started, project: Project) -> bool:
    call = started.node
    first = started.options.get("activity") or (call.args[0] if call.args else None)
    named = first is not None and isinstance(project.value_of(first), str)
    if not named or "result_type" in started.options or not started.options_known:
        return False
    if started.activity is None:  # of another project, or language: the SDK knows no more of its type
        return True
    returns = started.activity.node.returns
    return returns is not None and isinstance(project.definition_of(returns), nodes.ClassDef)


RULES = (
    Rule(
        id="CP216",
        name="answer-parsed-in-workflow",
        title="What a model said must not be taken apart in workflow code.",
        why="A model does not always say what it was asked to. Parsing its words raises a plain error, and in workflow"
        " code that fails the workflow task, which is tried again with the same recorded words, for ever: the workflow"
        " hangs, and no attempt asks again.",
        evidence="A result is recorded once and for good; errors other than Temporal's failures fail the workflow task"
        " and not the workflow (temporalio.worker). In an activity the same error costs one more attempt.",
        fix="Parse and validate in the activity, or catch the error and raise ApplicationError.",
        bad="answer = await workflow.execute_activity(think, question, …)\nplan = Plan.model_validate_json(answer)",
        right="@activity.defn\nasync def think(question: str) -> Plan:\n"
        "    return Plan.model_validate_json(await ask(question))",
        certainty=Certainty.LIKELY,
        judge=parsed_in_workflow,
    ),
    Rule(
        id="CP217",
        name="untyped-result",
        title="A result must be used as what the data converter makes of it.",
        why="The converter makes an object of a class only where it knows the class: from the activity's annotation, or"
        " from result_type. An activity that is started by its name tells neither, and its dataclass comes as a"
        " dictionary. The first use of an attribute raises AttributeError, which fails the workflow task for ever.",
        evidence="temporalio.workflow.execute_activity with a name: without result_type the result is decoded without a"
        " type hint.",
        fix="Pass the function, or result_type=Order.",
        bad='order = await workflow.execute_activity("load", number, …)\nreturn order.total',
        right='order = await workflow.execute_activity("load", number, result_type=Order, …)\nreturn order.total',
        certainty=Certainty.LIKELY,
        judge=untyped,
    ),
)
