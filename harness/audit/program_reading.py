"""What the code of a worker program says of how to run it: task queue, workflows, their inputs, whether it starts them.

Nothing is imported or run. An input is what some client call of the project passes, where that can be read; else one is
made up of the annotations of the workflow's run method.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from astroid import nodes

from harness.audit.analysis.waits import ends_of_waits
from harness.audit.code.astroid_nodes import keyword_value
from harness.audit.code.modules import absolute
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, EntryMethod, Module, WorkerCall, Workflow
from harness.audit.code.start_calls import calls_of
from harness.audit.made_up_values import NOT_KNOWN, made_up, parameters
from harness.audit.passed_values import passed
from harness.audit.service_variables import service_variables

_STARTS = frozenset({"execute_workflow", "start_workflow", "WithStartWorkflowOperation"})
_SENDS = frozenset({"signal", "execute_update", "start_update"})
_SENDS |= {"execute_update_with_start_workflow", "start_update_with_start_workflow"}
_DEFAULTS = frozenset({"add_argument", "get", "getenv"})
_REPLAYED_WITH = ("data_converter", "plugins", "interceptors")
_PORT = ":7233"


@dataclass(frozen=True, kw_only=True)
class ReadSend:
    """A signal or an update that a workflow waits for, and what it can be sent with.

    Attributes:
        kind: Which of the two.
        name: Its name.
        arguments: What it is sent with, as JSON values.
        written: Whether a client call of the project passes these, all of which can be read; else they were made up.
    """

    kind: Literal["signal", "update"]
    name: str
    arguments: tuple[Any, ...] = ()
    written: bool = False


@dataclass(frozen=True, kw_only=True)
class ReadWorkflow:
    """A workflow of a worker, as far as the code tells how it is started.

    Attributes:
        name: Its type.
        declared: Name of its class.
        parameters: Those of its run method as they are written, with their types.
        arguments: What it is started with, as JSON values.
        written: Whether a client call of the project passes these; else they were made up.
        filled: Parameters and fields of which it cannot be read what that call passes; those were made up.
        unknown: Parameters of which nothing could be made up.
        starter: The program with a client call that starts it; None where there is none.
        signals: Names of its signals and updates.
        sends: Those that end what it waits for, in this order, of which it is known what they can be sent with.
        file: The file that declares it, where that can be imported without anything being run; else None.
    """

    name: str
    declared: str
    parameters: tuple[str, ...] = ()
    arguments: tuple[Any, ...] = ()
    written: bool = False
    filled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    starter: Path | None = None
    signals: tuple[str, ...] = ()
    sends: tuple[ReadSend, ...] = ()
    file: Path | None = None

    @property
    def made_up(self) -> bool:
        """Whether anything that it is started with was made up."""
        return bool(self.arguments) and (bool(self.filled) or not self.written)


@dataclass(frozen=True, kw_only=True)
class ReadWorker:
    """A worker that a program makes.

    Attributes:
        line: Line of the call that makes it.
        task_queue: Its task queue; empty where the code does not say.
        workflows: Those of its workflows that no other workflow of it starts.
        starts: Type of the workflow that the program starts itself; empty where it starts none.
        address: Address of the server that is written in the code; empty where the program takes it from elsewhere.
        data_converter: ``module:name`` of its client's data converter, where it has one of its own.
        unnamed: What its client or it is made with that decides how its histories replay, and has no name to import it
            by: a data converter, plugins, interceptors.
        services: Variables by which it is told services of this machine, with the paths of their addresses.
    """

    line: int
    task_queue: str
    workflows: tuple[ReadWorkflow, ...]
    starts: str = ""
    address: str = ""
    data_converter: str = ""
    unnamed: tuple[str, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)


def read_program(file: Path) -> list[ReadWorker]:
    """Return the workers that a Python file makes, itself or by functions of the modules beside it.

    Args:
        file: The file that is run as the worker program.
    """
    project = Project.of([file.parent])
    own = [each for each in project.workers if each.module.path.resolve() == file.resolve()]
    children = {each.workflow.node for each in project.started if each.workflow}
    program = project.program(file.resolve())  # what lies beside it may be another program, which connects elsewhere
    here = [each for each in program if each.path == file.resolve()]
    starts = next((workflow.name for _, workflow in _client_calls(project, here)), "")
    address = next(iter((*_addresses(project, program), *_default_addresses(project, program))), "")
    connects = _client_options(project, here or program)
    services = service_variables(project, project.modules)
    workers = (
        _worker(project, each, children=children, starts=starts, address=address, connects=connects) for each in own
    )
    return [replace(each, services=services) for each in workers]


def _worker(
    project: Project,
    call: WorkerCall,
    *,
    children: set[nodes.ClassDef],
    starts: str,
    address: str,
    connects: Mapping[str, nodes.NodeNG],
) -> ReadWorker:
    queue = call.values.get("task_queue")
    first = [each for each in call.workflows if each.node not in children] or call.workflows
    given = {name: each for name, each in {**connects, **call.options}.items() if not _is_nothing(each)}
    converter = _imported_by(project, given["data_converter"]) if "data_converter" in given else ""
    unnamed = [name for name in _REPLAYED_WITH if name in given and not (name == "data_converter" and converter)]
    return ReadWorker(
        line=call.place.line,
        task_queue=queue if isinstance(queue, str) else "",
        workflows=tuple(_workflow(project, each) for each in first if each.name),
        starts=starts,
        address=address,
        data_converter=converter,
        unnamed=tuple(each.replace("_", " ") for each in unnamed),
    )


def _client_options(project: Project, modules: Sequence[Module]) -> dict[str, nodes.NodeNG]:
    """Return what a program's clients are made with, by the names of the parameters."""
    made: dict[str, nodes.NodeNG] = {}
    for module in modules:
        for call in calls_of(module, frozenset({"connect", "Client"})):
            if project.called_name(call) in ("temporalio.client.Client.connect", "temporalio.client.Client"):
                made |= {each.arg: each.value for each in call.keywords if each.arg}
    return made


def _is_nothing(expression: nodes.NodeNG) -> bool:
    empty = isinstance(expression, nodes.List | nodes.Tuple) and not expression.elts
    return empty or (isinstance(expression, nodes.Const) and expression.value is None)


def _imported_by(project: Project, expression: nodes.NodeNG) -> str:
    """Return ``module:name`` of what a name stands for that a module declares; empty where it is something else."""
    if not isinstance(expression, nodes.Name):
        return ""
    scope, bound = expression.lookup(expression.name)
    for each in bound if isinstance(scope, nodes.Module) else ():
        if isinstance(each, nodes.ImportFrom):
            return f"{absolute(each, each.root())}:{each.real_name(expression.name)}"
        if isinstance(each, nodes.AssignName):
            return f"{project.module_of(each).name}:{expression.name}"
    return ""


def _addresses(project: Project, modules: Sequence[Module]) -> Iterator[str]:
    """Yield the addresses that are written where a client connects."""
    for module in modules:
        for call in calls_of(module, frozenset({"connect"})):
            if project.called_name(call) == "temporalio.client.Client.connect":
                options = {each.arg: each.value for each in call.keywords if each.arg}
                address = project.value_of(call.args[0] if call.args else options.get("target_host"))
                if isinstance(address, str):
                    yield address


def _default_addresses(project: Project, modules: Sequence[Module]) -> Iterator[str]:
    """Yield the addresses that options and variables of the environment have as long as nobody sets them.

    An address is known by Temporal's own port. A program that heeds ``TEMPORAL_ADDRESS`` is told another one.
    """
    for module in modules:
        for call in calls_of(module, _DEFAULTS):
            default = keyword_value(call, "default")
            if project.called_name(call) in ("os.getenv", "os.environ.get") and len(call.args) > 1:
                default = None if project.value_of(call.args[0]) == "TEMPORAL_ADDRESS" else call.args[1]
            address = project.value_of(default)
            if isinstance(address, str) and address.endswith(_PORT):
                yield address


def _workflow(project: Project, workflow: Workflow) -> ReadWorkflow:
    body = workflow.module.tree.body
    run = next(iter(workflow.of_kind(EntryKind.RUN)), None)
    runs = any(isinstance(each, nodes.Expr) and isinstance(each.value, nodes.Call) for each in body)
    read = ReadWorkflow(
        name=workflow.name,
        declared=workflow.node.name,
        parameters=tuple(_as_written(run.node)) if run else (),
        signals=tuple(each.name for each in workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE) if each.name),
        sends=tuple(_sends(project, workflow)),
        file=None if runs else workflow.module.path,
    )
    calls = [call for call, started in _client_calls(project, project.modules) if started is workflow]
    starters = (project.module_of(each) for each in calls)
    read = replace(read, starter=next((each.path for each in starters if _is_program(each)), None))
    if (given := passed(project, calls, run.node if run else None)) is not None:
        return replace(read, arguments=given.arguments, written=True, filled=given.filled)
    made = made_up(project, run.node) if run else {}
    return replace(
        read,
        arguments=tuple(None if value is NOT_KNOWN else value for value in made.values()),
        unknown=tuple(name for name, value in made.items() if value is NOT_KNOWN),
    )


def _sends(project: Project, workflow: Workflow) -> Iterator[ReadSend]:
    """Yield what ends the waits of a workflow, with arguments that the project passes or that are made up."""
    for entry in ends_of_waits(project, workflow):
        given = passed(project, _sending_calls(project, workflow, entry), entry.node)
        arguments = given.arguments if given else tuple(made_up(project, entry.node).values())
        if NOT_KNOWN not in arguments:
            kind: Literal["signal", "update"] = "signal" if entry.kind is EntryKind.SIGNAL else "update"
            written = given is not None and not given.filled
            yield ReadSend(kind=kind, name=entry.name, arguments=arguments, written=written)


def _sending_calls(project: Project, workflow: Workflow, entry: EntryMethod) -> Iterator[nodes.Call]:
    """Yield the calls by which a client sends a signal or an update of a workflow."""
    for module in project.modules:
        for call in calls_of(module, _SENDS):
            named = call.args[0] if call.args else None
            if named is not None and (
                project.value_of(named) == entry.name or _is_method(project, named, workflow, entry)
            ):
                yield call


def _is_method(project: Project, expression: nodes.NodeNG, workflow: Workflow, entry: EntryMethod) -> bool:
    if not isinstance(expression, nodes.Attribute) or expression.attrname != entry.node.name:
        return False
    return project.definition_of(expression.expr) is workflow.node


def _client_calls(project: Project, modules: Sequence[Module]) -> Iterator[tuple[nodes.Call, Workflow]]:
    """Yield the calls by which a client starts a workflow of the project."""
    for module in modules:
        for call in calls_of(module, _STARTS):
            named = call.args[0] if call.args else None
            for workflow in project.workflows:
                if named is not None and _names(project, named, workflow):
                    yield call, workflow


def _names(project: Project, expression: nodes.NodeNG, workflow: Workflow) -> bool:
    if isinstance(expression, nodes.Attribute) and project.definition_of(expression.expr) is workflow.node:
        return True
    name: object = project.value_of(expression)
    return name == workflow.name


def _is_program(module: Module) -> bool:
    """Tell whether a module does something when it is run, and not when it is imported."""
    tests = (each.test for each in module.tree.body if isinstance(each, nodes.If))
    return any(isinstance(each, nodes.Compare) and "__name__" in each.as_string() for each in tests)


def _as_written(function: nodes.FunctionDef) -> Iterator[str]:
    for parameter, annotation in parameters(function):
        yield f"{parameter.name}: {annotation.as_string()}" if annotation else parameter.name
