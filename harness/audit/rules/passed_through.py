"""Modules that are let past the sandbox although workflow code does in them what the sandbox would stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astroid import nodes

from harness.audit.analysis.forbidden_uses import ForbiddenUse, is_excused, reaches_command, uses_in
from harness.audit.code.modules import absolute
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_HARMLESS = frozenset(f"threading.{name}" for name in ("Lock", "RLock", "Event", "Condition", "local"))
"""What a module may make when it is imported: alone it changes nothing."""

_VALUES = ("CP101", "CP102", "CP103")
"""Rules on what only matters by its value: a clock that is read for a log decides nothing."""

_PASSING = "temporalio.workflow.unsafe.imports_passed_through"


@dataclass(frozen=True, kw_only=True)
class Passed:
    """One module of the user that is passed through, and the statement that says so."""

    node: nodes.NodeNG
    module: nodes.Module


def _impure(project: Project) -> Iterator[AuditFinding]:
    passed = [(one, _loaded_with(one.module, project)) for one in _passed(project)]
    reported: set[nodes.NodeNG] = set()
    for reached in project.reached() if passed else ():
        if reached.is_module or reached.module.installed or _at_import(reached):
            continue
        uses = (one for one in uses_in(project, reached, reached) if one.source.stopped)
        uses = (one for one in uses if one.name not in _HARMLESS and not is_excused(project, one, reached))
        use = next(uses, None)
        if use is None:
            continue
        through = next((one for one, modules in passed if reached.module.tree in modules), None)
        if through is not None and through.node not in reported:
            reported.add(through.node)
            yield _finding(through, reached, use, project)


def _at_import(reached: ReachedCode) -> bool:
    """Tell whether code runs when modules are imported: of one that is passed through, once for all runs."""
    return reached.entry is None or any(step.what.startswith("imports ") for step in reached.path)


def _finding(through: Passed, reached: ReachedCode, use: ForbiddenUse, project: Project) -> AuditFinding:
    place = project.place(use.node)
    message = (
        f"{through.module.name} is passed through the sandbox, and workflow code gets to {use.name} in it "
        f"({place.file}:{place.line}). The sandbox would have stopped that at the first run; passed through it goes "
        "unseen until a replay decides otherwise. Pass through only modules that are pure, and leave this one to the "
        "sandbox, or do it in an activity."
    )
    decides = use.source.rule not in _VALUES or reaches_command(project, use, reached)
    certainty = Certainty.LIKELY if decides else Certainty.LOOK
    return project.finding("CP501", through.node, message, certainty=certainty, reached=reached)


def _passed(project: Project) -> Iterator[Passed]:
    """Yield the modules of the user that are passed through, by import statement or by name."""
    for module in project.modules:
        for block in module.tree.nodes_of_class(nodes.With):
            if any(project.dotted_name(getattr(one, "func", None)) == _PASSING for one, _ in block.items):
                for statement in block.nodes_of_class((nodes.Import, nodes.ImportFrom)):
                    for name in _names(statement):
                        if tree := project.users_module(name):
                            yield Passed(node=statement, module=tree)
        for call in module.tree.nodes_of_class(nodes.Call):
            if isinstance(call.func, nodes.Attribute) and call.func.attrname == "with_passthrough_modules":
                for argument in call.args:
                    name = project.value_of(argument)
                    if isinstance(name, str) and (tree := project.users_module(name)):
                        yield Passed(node=call, module=tree)


def _names(statement: nodes.Import | nodes.ImportFrom) -> Iterator[str]:
    if isinstance(statement, nodes.Import):
        yield from (name for name, _ in statement.names)
        return
    module = absolute(statement, statement.root())
    yield from (f"{module}.{name}" for name, _ in statement.names)
    yield module


def _loaded_with(passed: nodes.Module, project: Project) -> set[nodes.Module]:
    """Return a module and those of the user that it imports, directly or not."""
    waiting, seen, loaded = [passed], {passed.name}, {passed}
    while waiting:
        for statement in waiting.pop().nodes_of_class((nodes.Import, nodes.ImportFrom)):
            for name in _names(statement):
                tree = None if name in seen else project.users_module(name)
                seen.add(name)
                if tree is not None and tree not in loaded:
                    loaded.add(tree)
                    waiting.append(tree)
    return loaded


RULES = (
    Rule(
        id="CP501",
        name="impure-module-passed-through",
        title="A module that is passed through the sandbox does what the sandbox would stop",
        why=(
            "A module that is passed through is the one of the worker process, shared by all runs, and none of its "
            "calls is watched. What fails at once in the sandbox passes there, and breaks a replay later."
        ),
        evidence=(
            "Measured: in a passed-through module time.time, datetime.now, random.random and uuid4 called by workflow "
            "code raise nothing; in the sandbox they raise RestrictedWorkflowAccessError at the first call."
        ),
        fix="Pass through only what is pure; take times, numbers and files as arguments, or do it in an activity.",
        bad="with workflow.unsafe.imports_passed_through():\n    from prompts import greeting  # it asks time.time()",
        right="from prompts import greeting  # greeting(name, workflow.now().hour)",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_impure,
    ),
)
