"""Defaults and values made at import that are another in every process, and that workflow code takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from astroid import nodes

from harness.audit.analysis.classes import class_values, lineage, sets_on_self
from harness.audit.analysis.commands import guarded_by_replaying, workflow_code
from harness.audit.analysis.destinations import Uncertainty, ValueReach
from harness.audit.analysis.forbidden_uses import ForbiddenUse, factory_use, uses_in
from harness.audit.analysis.module_values import module_value
from harness.audit.analysis.value_flow import destination_of
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_FACTORIES = frozenset({"default_factory", "factory"})
_FIELDS = ("field", "Field", "ib", "attrib", "PrivateAttr")
_DIFFERS = frozenset({"CP101", "CP102"})
_AT_IMPORT = frozenset({"CP101", "CP102", "CP103", "CP104"})


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """A value that workflow code takes although it differs: its use of a source, where, and how it is taken."""

    use: ForbiddenUse
    node: Node
    taken: Node
    reached: ReachedCode
    how: str


def defaults(project: Project) -> Iterator[AuditFinding]:
    """Yield defaults and values made at import that differ, where workflow code takes them."""
    reported: set[tuple[str, int | None]] = set()
    for reached in workflow_code(project):
        for taken in (*_of_fields(project, reached), *_of_parameters(project, reached), *_of_names(project, reached)):
            key = (project.module_of(taken.node).name, taken.node.lineno)
            if key not in reported:
                reported.add(key)
                yield _finding(project, taken)


def _finding(project: Project, taken: _Taken) -> AuditFinding:
    name = f"{taken.use.name}()" if isinstance(taken.use.node, nodes.Call) or taken.use.handed_over else taken.use.name
    differs = "it differs between replays" if taken.use.source.rule in _DIFFERS else "it differs between workers"
    certainty = Certainty.LIKELY if taken.use.source.rule in _DIFFERS else Certainty.LOOK
    finding = project.finding(
        "CP110",
        taken.node,
        f"{taken.how} comes from {name}, and workflow code takes it: {differs}. Give the value explicitly, from"
        f" {taken.use.source.instead}.",
        certainty=certainty,
        reached=taken.reached,
    )
    step = project.place(taken.taken, what=f"takes {project.source(taken.taken, 40)}")
    return replace(finding, path=(*finding.path, step))


# Fields


def _of_fields(project: Project, reached: ReachedCode) -> Iterator[_Taken]:
    for call in project.calls(reached):
        made = project.definition_of(call.func, reached)
        if not isinstance(made, nodes.ClassDef) or guarded_by_replaying(call, project, reached):
            continue
        for position, (name, value) in enumerate(_fields(project, made)):
            use = _field_use(project, value, reached)
            if use is not None and not _is_given(call, name, position):
                yield _Taken(use=use, node=value, taken=call, reached=reached, how=f"The default of {made.name}.{name}")


def _fields(project: Project, made: nodes.ClassDef) -> list[tuple[str, Node | None]]:
    """Return the annotated fields of a class, inherited ones first, with their defaults."""
    fields: dict[str, Node | None] = {}
    for each in reversed(lineage(project, made)):
        for statement in each.body:
            if isinstance(statement, nodes.AnnAssign) and isinstance(statement.target, nodes.AssignName):
                fields[statement.target.name] = statement.value
    return list(fields.items())


def _field_use(project: Project, value: Node | None, reached: ReachedCode) -> ForbiddenUse | None:
    if value is None:
        return None
    here = _piece(project, value)
    if not (isinstance(value, nodes.Call) and _last(value.func) in _FIELDS):
        return next((use for use in uses_in(project, value, here) if use.source.rule in _AT_IMPORT), None)
    for keyword in value.keywords:
        if keyword.arg in _FACTORIES:
            return _of_factory(project, keyword.value, here)
        if keyword.arg == "default":
            return next(uses_in(project, keyword.value, here), None)
    return None


def _of_factory(project: Project, factory: Node, here: ReachedCode) -> ForbiddenUse | None:
    """Return what a factory uses: itself, its lambda, or the body of a function of the project."""
    direct = factory_use(project, factory, here)
    if direct is not None or isinstance(factory, nodes.Lambda):
        return direct
    made = project.definition_of(factory, here)
    if isinstance(made, nodes.FunctionDef) and project.module_of(made).own:
        inside = ReachedCode(node=made, module=project.module_of(made))
        return next((use for use in uses_in(project, inside, inside) if use.source.rule in _AT_IMPORT), None)
    return None


def _is_given(call: nodes.Call, name: str, position: int) -> bool:
    if any(keyword.arg in (name, None) for keyword in call.keywords):
        return True
    return position < len(call.args) or any(isinstance(each, nodes.Starred) for each in call.args)


# Parameters


def _of_parameters(project: Project, reached: ReachedCode) -> Iterator[_Taken]:
    arguments = getattr(reached.node, "args", None)
    if not isinstance(arguments, nodes.Arguments):
        return
    here = _piece(project, arguments)
    for default in (*(arguments.defaults or []), *(arguments.kw_defaults or [])):
        if default is None:
            continue
        for use in uses_in(project, default, here):
            if use.source.rule in _AT_IMPORT and not use.handed_over:
                name = getattr(reached.node, "name", "a lambda")
                how = f"The default {project.source(default, 40)} of a parameter of {name}, made once at import,"
                yield _Taken(use=use, node=default, taken=reached.node, reached=reached, how=how)


# Names of modules and classes


def _of_names(project: Project, reached: ReachedCode) -> Iterator[_Taken]:
    for node in project.walk(reached, nodes.Name, nodes.Attribute):
        assigned = _assigned(project, node, reached)
        if assigned is None or _is_field(assigned):
            continue
        here = _piece(project, assigned)
        if isinstance(assigned, nodes.Lambda):
            continue
        use = next((each for each in uses_in(project, assigned, here) if each.source.rule in _AT_IMPORT), None)
        if use is None or use.handed_over or _is_client(use) or guarded_by_replaying(node, project, reached):
            continue
        if destination_of(project, node, Uncertainty.VALUE, reached).reach is not ValueReach.NOWHERE:
            how = f"{project.source(node, 40)}, made once at import,"
            yield _Taken(use=use, node=assigned, taken=node, reached=reached, how=how)


def _is_client(use: ForbiddenUse) -> bool:
    return use.source.rule == "CP104" and not use.source.stopped


def _assigned(project: Project, node: Node, reached: ReachedCode) -> Node | None:
    """Return the value that a module or a class gives, when it is made, to what an expression names."""
    of_self = (
        isinstance(node, nodes.Attribute) and isinstance(node.expr, nodes.Name) and node.expr.name in ("self", "cls")
    )
    if of_self and reached.owner is not None:
        return _class_value(project, reached.owner, node.attrname)
    return module_value(project, node, reached)


def _class_value(project: Project, owner: nodes.ClassDef, name: str) -> Node | None:
    if sets_on_self(project, owner, name):
        return None
    values = class_values(project, owner, name)
    return values[0] if values and not _is_field(values[0]) else None


def _is_field(value: Node) -> bool:
    return isinstance(value, nodes.Call) and _last(value.func) in _FIELDS


def _last(function: Node) -> str:
    return str(getattr(function, "attrname", getattr(function, "name", "")))


def _piece(project: Project, node: Node) -> ReachedCode:
    module = project.module_of(node)
    return ReachedCode(node=module.tree, module=module)


RULES = (
    Rule(
        id="CP110",
        name="non-deterministic-default",
        title="Workflow code must not take defaults or module values that are another each time.",
        why="A default factory runs wherever the object is made: in workflow code, that is in every replay. A value"
        " made at import is another one in every worker process. Both get into arguments and decisions unseen.",
        evidence="Field(default_factory=uuid4) of a passed-through module draws in workflow code without the sandbox"
        " noticing; so does a default factory of time.time (measured with temporalio 1.35).",
        fix="Give the value where the object is made (id=str(workflow.uuid4()), at=workflow.now()), or use these as"
        " factory.",
        bad="class Message(BaseModel):\n    id: str = Field(default_factory=lambda: str(uuid.uuid4()))",
        right="class Message(BaseModel):\n    id: str = Field(default_factory=lambda: str(workflow.uuid4()))",
        certainty=Certainty.LIKELY,
        judge=defaults,
    ),
)
