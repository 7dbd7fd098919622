"""Activities that plugins make for agents: their retry policies and timeouts, which are easily left as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.graph_nodes import graph_nodes, written_options
from harness.audit.analysis.test_code import is_test
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_MAKERS: dict[str, tuple[tuple[str, ...], int]] = {
    "temporalio.contrib.openai_agents.OpenAIAgentsPlugin": (("model_params",), 0),
    "temporalio.openai_agents.OpenAIAgentsPlugin": (("model_params",), 0),
    "pydantic_ai.durable_exec.temporal.TemporalAgent": (("activity_config", "model_activity_config"), -1),
    "temporalio.contrib.google_adk_agents.TemporalModel": (("activity_config",), 1),
    "temporalio.google_adk.TemporalModel": (("activity_config",), 1),
    "temporalio.google_genai.TemporalAsyncClient": (("activity_config",), -1),
}
"""What makes activities of a model's calls, the arguments that configure these, and the position of the first."""

_BOUND = "schedule_to_close_timeout"


def _unbounded(project: Project) -> Iterator[AuditFinding]:
    yield from _unbounded_nodes(project)
    for module in project.modules:
        if is_test(module):
            continue
        works = any(_called(each).endswith("Worker") for each in module.index.calls)
        for call in module.index.calls:
            name = project.dotted_name(call.func) if _is_likely(call) else ""
            if name not in _MAKERS or any(each.arg is None for each in call.keywords):
                continue
            if name.endswith("Plugin") and not works:
                continue  # in a program that only starts workflows it configures nothing
            names, position = _MAKERS[name]
            given = [each.value for each in call.keywords if each.arg in names] or _positional(call, position)
            if all(_is_unbounded(each, project) for each in given):
                maker = name.rpartition(".")[2]
                message = (
                    f"The activities that {maker} makes are retried without end: {_why(given)}, and there is no"
                    f" {_BOUND}. A request that the model refuses for good is sent again for ever, and the workflow"
                    f" hangs. Give a retry policy with maximum_attempts, or {_BOUND}."
                )
                yield project.finding("CP408", call, message, certainty=Certainty.LIKELY)


def _is_likely(call: nodes.Call) -> bool:
    called = _called(call)
    return any(name.endswith(f".{called}") for name in _MAKERS) if called else False


def _called(call: nodes.Call) -> str:
    return str(getattr(call.func, "attrname", "") or getattr(call.func, "name", ""))


def _positional(call: nodes.Call, position: int) -> list[Any]:
    return [call.args[position]] if 0 <= position < len(call.args) else []


def _why(given: list[Any]) -> str:
    return "what configures them sets no bound" if given else "without a configuration Temporal's default applies"


def _is_unbounded(expression: Any, project: Project) -> bool:
    """Tell whether a configuration is known, and bounds neither the attempts nor the time for all of them."""
    written = [expression] if isinstance(expression, nodes.Const) else project.origins_of(expression)
    return bool(written) and all(_sets_no_bound(each, project) for each in written)


def _sets_no_bound(configuration: Any, project: Project) -> bool:
    options = written_options(configuration)
    return options is not None and _is_endless(options, project)


def _is_endless(options: Mapping[str, Any], project: Project) -> bool:
    """Tell whether options of an activity bound neither its attempts nor the time for all of them."""
    if _BOUND in options:
        return False
    if "retry_policy" not in options:
        return True
    policy = project.retry_policy_of(options["retry_policy"])
    if policy is None:
        return False
    return "maximum_attempts" not in policy.arguments or policy.values.get("maximum_attempts") == 0


def _unbounded_nodes(project: Project) -> Iterator[AuditFinding]:
    for each in graph_nodes(project):
        if all(_is_endless(options, project) for options in each.options):
            what = f"The activity of {each.name!r}" if each.name else "The activity of this node"
            message = (
                f"{what} is retried without end: neither its own options nor default_activity_options of "
                f"LangGraphPlugin have a retry policy with maximum_attempts, or {_BOUND}. What it can never do is "
                "tried again for ever, and the workflow hangs. Give one of the two."
            )
            yield project.finding("CP408", each.node, message, certainty=Certainty.LIKELY)


RULES = (
    Rule(
        id="CP408",
        name="plugin-activities-unbounded",
        title="Nothing bounds the retries of the activities that a plugin makes",
        why=(
            "Plugins make activities of an agent's model calls and tools, and their options are those of any activity: "
            "where no retry policy is given, Temporal's default has no maximum. A refused request or a used-up quota "
            "keeps the workflow open for ever."
        ),
        evidence=(
            "ModelActivityParameters of the OpenAI Agents plugin has start-to-close 60 s and no retry policy; "
            "pydantic-ai's TemporalAgent takes 60 s and adds non-retryable errors of its own, but no maximum; those "
            "for Google ADK and GenAI take 60 s and no policy. LangGraph's puts what a node or task is given over its "
            "default_activity_options, and has no default of its own."
        ),
        fix="Give the plugin's activities a retry_policy with maximum_attempts, or schedule_to_close_timeout.",
        bad="OpenAIAgentsPlugin()",
        right=(
            "OpenAIAgentsPlugin(\n    model_params=ModelActivityParameters(\n        start_to_close_timeout="
            "timedelta(seconds=60), retry_policy=RetryPolicy(maximum_attempts=5)\n    )\n)"
        ),
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_unbounded,
    ),
)
