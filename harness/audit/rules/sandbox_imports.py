"""Imports, and calls while a module is imported, that the sandbox refuses: the worker does not start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.forbidden_uses import PATHS
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import children
from harness.audit.code.executed_nodes import is_main, is_type_checking
from harness.audit.code.project_records import ReachedCode
from harness.audit.code.reachability import PASSED_THROUGH
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_REFUSED = words(
    "requests urllib3 httpx openai anthropic litellm boto3 botocore ollama langchain_openai groq mistralai"
)
"""Packages whose import derives classes of http.client or urllib.request, which the sandbox does not let happen."""


_REFUSED_CALLS = re.compile(
    r"subprocess\.(run|call|check_call|check_output|getoutput|getstatusoutput|Popen)|os\.popen|urllib\.request\.urlopen"
    r"|pathlib\.Path\.(cwd|exists|glob|is_dir|is_file|iterdir|mkdir|open|read_bytes|read_text|resolve|write_bytes"
    r"|write_text)"
)
"""Calls that it refuses while it imports a module; most others are refused only once the workflow runs."""


def _refused(project: Project) -> Iterator[AuditFinding]:
    if _has_other_restrictions(project):
        return
    served = {one.name for worker in project.workers for one in worker.workflows if one.sandboxed}
    for reached in project.reached() if served else ():
        if not reached.is_module or not reached.module.own or reached.passed_through or reached.workflow not in served:
            continue
        for statement in _always_run(reached):
            if not isinstance(statement, nodes.Import | nodes.ImportFrom):
                yield from _calls(project, statement, reached)
                continue
            name = next((each for each in _packages(statement) if each in _REFUSED), "")
            if name:
                message = (
                    f"The sandbox imports this module for {reached.workflow!r}, and refuses {name} in it:"
                    " RestrictedWorkflowAccessError, and the worker does not start. Import it in the module of the"
                    " activities, or under workflow.unsafe.imports_passed_through()."
                )
                yield project.finding("CP506", statement, message, certainty=Certainty.LIKELY, reached=reached)


def _calls(project: Project, statement: Any, reached: ReachedCode) -> Iterator[AuditFinding]:
    """Yield calls of a statement of a module that the sandbox refuses there."""
    for call in project.walk(statement, nodes.Call):
        name = PATHS.sub("pathlib.Path", project.called_name(call, reached))
        if _REFUSED_CALLS.fullmatch(name):
            message = (
                f"This runs while the sandbox imports the module for {reached.workflow!r}, and it refuses {name}() "
                "there: RestrictedWorkflowAccessError, and the worker does not start. Have the worker's program do it,"
                " or an activity, or import the module under workflow.unsafe.imports_passed_through()."
            )
            yield project.finding("CP506", call, message, certainty=Certainty.LIKELY, reached=reached)


def _has_other_restrictions(project: Project) -> bool:
    """Tell whether a worker, a plugin or a setting lets more into the sandbox than it does by itself."""
    names = (
        "UnsandboxedWorkflowRunner",
        "with_passthrough_modules",
        "with_passthrough_all_modules",
        "passthrough_modules",
    )
    for module in project.modules:
        for call in module.index.calls:
            called = getattr(call.func, "attrname", "") or getattr(call.func, "name", "")
            if called in names or called.endswith("Plugin"):
                return True
        if any(alias == "plugins" or "passthrough" in str(alias) for alias in _keywords(module.tree)):
            return True
    return any("workflow_runner" in worker.options for worker in project.workers)


def _keywords(tree: nodes.Module) -> Iterator[str | None]:
    return (each.arg for each in tree.nodes_of_class(nodes.Keyword))


def _always_run(reached: ReachedCode) -> Iterator[Any]:
    """Yield the statements, imports among them, that always run when the sandbox imports a module."""
    tree: Any = reached.node
    stack: list[Any] = list(reversed(tree.body))
    while stack:
        node = stack.pop()
        if isinstance(node, nodes.With):
            stack += [] if PASSED_THROUGH in node.items[0][0].as_string() else reversed(children(node))
        elif isinstance(node, nodes.If):
            stack += [] if is_type_checking(node.test) or is_main(node.test) else reversed(node.body)
        elif isinstance(node, nodes.Import | nodes.ImportFrom | nodes.Assign | nodes.AnnAssign | nodes.Expr):
            yield node


def _packages(statement: nodes.Import | nodes.ImportFrom) -> list[str]:
    if isinstance(statement, nodes.Import):
        return [name.partition(".")[0] for name, _ in statement.names]
    return [] if statement.level else [str(statement.modname).partition(".")[0]]


RULES = (
    Rule(
        id="CP506",
        name="import-refused",
        title="A workflow module must not import, or call at import, what the sandbox refuses",
        why=(
            "The sandbox imports the module of a workflow anew for each run, with all that it imports. HTTP clients "
            "and those of models derive classes from ones that it guards, and the import raises; so does a process "
            "that is started, or a path that is read, while the module is imported."
        ),
        evidence=(
            "Measured with temporalio 1.35: importing requests, urllib3, httpx, openai or anthropic in a sandboxed "
            "module raises RestrictedWorkflowAccessError (http.client.IncompleteRead, urllib.request.Request), as does "
            "calling subprocess.run, urlopen or Path.read_text there; open, os.getenv and socket are let through."
        ),
        fix="Keep activities in a module of their own, and import it under imports_passed_through().",
        bad="import httpx\n\n\n@workflow.defn\nclass Fetch: ...",
        right="with workflow.unsafe.imports_passed_through():\n    from activities import fetch",
        certainty=Certainty.LIKELY,
        judge=_refused,
    ),
)
