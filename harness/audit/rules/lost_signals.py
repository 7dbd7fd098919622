"""Signals and updates whose effect is lost: cut off by the end of the run, reset, or overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astroid import nodes

from harness.audit.analysis.commands import consequences
from harness.audit.analysis.mutations import Kept, changes_in
from harness.audit.analysis.waits import WAIT, condition_of, own_attributes
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, EntryMethod, ReachedCode, Workflow
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty


def lost_signals(project: Project) -> Iterator[AuditFinding]:
    """Yield signals and updates that can be lost."""
    reported: set[int] = set()
    for workflow in project.workflows:
        runs = workflow.of_kind(EntryKind.RUN)
        if not runs:
            continue
        code = [each for each in project.reached_from(runs[0]) if each.module.own]
        for lost in (*_unfinished(project, workflow, code), *_forgotten(project, workflow, code)):
            key = hash((lost.place.file, lost.place.line))
            if key not in reported:
                reported.add(key)
                yield lost


# Work that the end of the run cuts off


def _unfinished(project: Project, workflow: Workflow, code: Sequence[ReachedCode]) -> Iterator[AuditFinding]:
    if _waits_for_all(project, code) or not _ends(project, code):
        return
    waited = {name for reached in code for name in _waited_attributes(project, reached)}
    for entry in workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE):
        if not isinstance(entry.node, nodes.AsyncFunctionDef) or _abandons(entry.node):
            continue
        piece = project.reached_from(entry)[0]
        commands = consequences(project).commands_in(piece, piece)
        work = next((each for each in commands if not _over_before_the_end(project, each, code[0])), None)
        if work is None or waited & _set_at_last(project, piece):
            continue
        text = (
            f"The run of {workflow.name or workflow.node.name} can end while the {entry.kind} {entry.name} still waits"
            f" for {project.source(work, 40)}: its work is cut off."
            " Before returning or continuing as new, await workflow.wait_condition(workflow.all_handlers_finished)."
        )
        yield project.finding("CP205", entry.node, text, certainty=Certainty.LIKELY, reached=piece)


def _waits_for_all(project: Project, code: Sequence[ReachedCode]) -> bool:
    return any(
        getattr(node, "attrname", getattr(node, "name", "")) == "all_handlers_finished"
        for reached in code
        for node in project.walk(reached, nodes.Attribute, nodes.Name)
    )


def _ends(project: Project, code: Sequence[ReachedCode]) -> bool:
    """Tell whether the run can end: it has no last loop that nothing leaves."""
    run: Node = code[0].node
    if any(_never_ends(project, each, code[0]) for each in run.body) and not _continues(project, code):
        return False
    last = run.body[-1]
    endless = isinstance(last, nodes.While) and isinstance(last.test, nodes.Const) and bool(last.test.value)
    return not endless or _is_left(project, last, code[0]) or _continues(project, code)


def _is_left(project: Project, loop: Node, run: ReachedCode) -> bool:
    """Tell whether something leaves a loop. An error that is none of Temporal's fails the task, and not the run."""
    for node in loop.nodes_of_class((nodes.Return, nodes.Break, nodes.Raise), nodes.FunctionDef):
        if isinstance(node, nodes.Return):
            return True
        if isinstance(node, nodes.Break):
            around = next(each for each in node.node_ancestors() if isinstance(each, nodes.While | nodes.For))
            if around is loop:
                return True
        else:
            raised = node.exc.func if isinstance(node.exc, nodes.Call) else node.exc
            if raised is None or not project.name_of(raised, run).startswith("builtins."):
                return True
    return False


def _over_before_the_end(project: Project, call: Node, run: ReachedCode) -> bool:
    """Tell whether a wait is over before the run ends, since that always sets what is waited for and then goes on."""
    if not isinstance(call, nodes.Call) or project.called_name(call, run) != WAIT or not call.args:
        return False
    condition = call.args[0].body if isinstance(call.args[0], nodes.Lambda) else None
    if not (isinstance(condition, nodes.Attribute) and condition.expr.as_string() == "self"):
        return False
    node: Node = run.node
    body = node.body
    last = max((number for number, each in enumerate(body) if any(each.nodes_of_class(nodes.Await))), default=0)
    return any(
        isinstance(each, nodes.Assign)
        and f"self.{condition.attrname}" in [target.as_string() for target in each.targets]
        and not (isinstance(each.value, nodes.Const) and not each.value.value)
        for each in body[:last]
    )


def _never_ends(project: Project, statement: Node, run: ReachedCode) -> bool:
    """Tell whether a statement of the run waits for what never comes: a future, False, a flag that nothing sets."""
    value = getattr(statement, "value", None)
    call = value.value if isinstance(value, nodes.Await) else None
    if not isinstance(call, nodes.Call):
        return False
    if project.called_name(call, run) == "asyncio.Future":
        return True
    if project.called_name(call, run) != WAIT or not call.args or _has_timeout(call):
        return False
    condition = call.args[0]
    body = condition.body if isinstance(condition, nodes.Lambda) else None
    if isinstance(body, nodes.Const):
        return not body.value
    return (
        isinstance(body, nodes.Attribute) and body.as_string().startswith("self.") and not _is_set(body.attrname, run)
    )


def _has_timeout(call: nodes.Call) -> bool:
    given = [each.value for each in call.keywords if each.arg == "timeout"]
    return any(not (isinstance(each, nodes.Const) and each.value is None) for each in given)


def _is_set(name: str, run: ReachedCode) -> bool:
    """Tell whether some code of the module may give an attribute another value than False or None."""
    values = [
        getattr(each.parent, "value", None)
        for each in run.module.tree.nodes_of_class(nodes.AssignAttr)
        if each.attrname == name
    ]
    return not values or any(not (isinstance(each, nodes.Const) and not each.value) for each in values)


def _continues(project: Project, code: Sequence[ReachedCode]) -> bool:
    return any(
        project.called_name(call, reached) == "temporalio.workflow.continue_as_new"
        for reached in code
        for call in project.calls(reached)
    )


def _abandons(node: nodes.FunctionDef) -> bool:
    return node.decorators is not None and "ABANDON" in node.decorators.as_string()


def _waited_attributes(project: Project, reached: ReachedCode) -> Iterator[str]:
    """Yield the attributes of the workflow that code waits for, in wait_condition or in the test of a loop."""
    for call in project.calls(reached):
        if project.called_name(call, reached) == WAIT and call.args:
            yield from own_attributes(condition_of(project, call, reached))
    for loop in project.walk(reached, nodes.While):
        yield from own_attributes(loop.test)


def _set_at_last(project: Project, piece: ReachedCode) -> set[str]:
    """Return the attributes that a piece of code sets after all that it waits for."""
    last = max((each.end_lineno or each.lineno for each in project.walk(piece, nodes.Await)), default=0)
    return {
        change.name
        for change in changes_in(project, piece, piece)
        if change.kept is Kept.INSTANCE and _behind(change.node, last)
    }


def _behind(node: Node, line: int) -> bool:
    return bool((node.end_lineno or node.lineno) >= line)


# State that the run resets


def _forgotten(project: Project, workflow: Workflow, code: Sequence[ReachedCode]) -> Iterator[AuditFinding]:
    written = _written(project, workflow)
    for reached in code:
        if reached.owner is not workflow.node or reached.is_module or not isinstance(reached.node, nodes.FunctionDef):
            continue
        waits = _waits(project, reached)
        for assign in project.walk(reached, nodes.AssignAttr):
            entries = written.get(assign.attrname, ())
            if not entries or _meant_for_later(assign, entries, reached):
                continue
            if isinstance(assign.expr, nodes.Name) and assign.expr.name == "self" and _is_reset(assign):
                yield from _reset(project, assign, entries, waits.get(assign.attrname, []), reached)


def _written(project: Project, workflow: Workflow) -> dict[str, list[EntryMethod]]:
    """Return the attributes that signals and updates assign, with these."""
    written: dict[str, list[EntryMethod]] = {}
    for entry in workflow.of_kind(EntryKind.SIGNAL, EntryKind.UPDATE):
        for assign in entry.node.nodes_of_class(nodes.AssignAttr):
            if isinstance(assign.expr, nodes.Name) and assign.expr.name == "self":
                written.setdefault(assign.attrname, []).append(entry)
    return written


def _waits(project: Project, reached: ReachedCode) -> dict[str, list[Node]]:
    """Return the calls of wait_condition, by the attributes that they wait for."""
    waits: dict[str, list[Node]] = {}
    for call in project.calls(reached):
        if project.called_name(call, reached) == WAIT and call.args:
            for name in own_attributes(condition_of(project, call, reached)):
                waits.setdefault(name, []).append(call)
    return waits


def _is_reset(assign: Node) -> bool:
    statement = assign.parent
    value = statement.value if isinstance(statement, nodes.Assign | nodes.AnnAssign) else None
    if isinstance(value, nodes.Const):
        return not value.value
    return isinstance(value, nodes.List | nodes.Dict | nodes.Tuple) and not (
        getattr(value, "elts", None) or getattr(value, "items", None)
    )


def _reset(
    project: Project, assign: Node, entries: Sequence[EntryMethod], waits: Sequence[Node], reached: ReachedCode
) -> Iterator[AuditFinding]:
    line = assign.lineno
    name = entries[0].name
    before = [wait for wait in waits if wait.lineno < line]
    waits_later = any(wait.lineno > line for wait in waits)
    if waits_later and not before and not _read_before(assign, reached) and not _only_wakes(assign, entries):
        text = (
            f"self.{assign.attrname} is reset before the wait for it, so a {entries[0].kind} {name} that came earlier"
            " is forgotten and the wait may never end. Set it in __init__ only."
        )
        yield project.finding("CP205", assign, text, certainty=Certainty.CERTAIN, reached=reached)
    elif before and (work := _work_between(project, before[-1], assign, reached)):
        text = (
            f"self.{assign.attrname} is reset after {project.source(work, 40)}: a {entries[0].kind} {name} that comes"
            " while that runs is forgotten. Take the value and reset it before awaiting anything, or keep a queue."
        )
        certainty = Certainty.LOOK if _only_says_yes(assign.attrname, entries) else Certainty.LIKELY
        yield project.finding("CP205", assign, text, certainty=certainty, reached=reached)


def _only_says_yes(name: str, entries: Sequence[EntryMethod]) -> bool:
    """Tell whether handlers only ever set a flag: what comes while its work is done may be meant for that work."""
    values = [
        getattr(each.parent, "value", None)
        for entry in entries
        for each in entry.node.nodes_of_class(nodes.AssignAttr)
        if each.attrname == name
    ]
    return all(isinstance(each, nodes.Const) and each.value is True for each in values)


def _meant_for_later(assign: Node, entries: Sequence[EntryMethod], reached: ReachedCode) -> bool:
    """Tell whether the handlers heed only what names an id that the run makes where it resets: none came before."""
    made = {each.attrname for each in reached.node.nodes_of_class(nodes.AssignAttr)} - {assign.attrname}
    by_id = all(_compared_before(assign.attrname, entry.node) & made for entry in entries)
    return by_id or all(_waits_first(assign.attrname, entry.node) for entry in entries)


def _waits_first(name: str, handler: nodes.FunctionDef) -> bool:
    """Tell whether a handler waits on an attribute before it assigns it: it comes when the run has reset it."""
    assigned = max(
        (each.lineno or 0 for each in handler.nodes_of_class(nodes.AssignAttr) if each.attrname == name), default=0
    )
    waits = [each for each in handler.nodes_of_class(nodes.Await) if (each.lineno or 0) < assigned]
    return any("wait_condition" in each.as_string() and f"self.{name}" in each.as_string() for each in waits)


def _compared_before(name: str, handler: nodes.FunctionDef) -> set[str]:
    """Return the attributes of the workflow that a handler compares with something before it assigns an attribute."""
    assigned = [each.lineno or 0 for each in handler.nodes_of_class(nodes.AssignAttr) if each.attrname == name]
    tests = [each.test for each in handler.nodes_of_class(nodes.If) if (each.lineno or 0) < max(assigned, default=0)]
    compared = [each for test in tests for each in test.nodes_of_class(nodes.Compare)]
    return {attribute for each in compared for attribute in own_attributes(each)}


def _read_before(assign: Node, reached: ReachedCode) -> bool:
    return any(
        each.attrname == assign.attrname and each.lineno <= assign.lineno
        for each in reached.node.nodes_of_class(nodes.Attribute)
    )


def _only_wakes(assign: Node, entries: Sequence[EntryMethod]) -> bool:
    """Tell whether the flag only wakes a loop, which each time looks anew at what else the signals set."""
    loop = next((each for each in assign.node_ancestors() if isinstance(each, nodes.While | nodes.For)), None)
    others = {name for entry in entries for name in _set_by(entry.node)} - {assign.attrname}
    return loop is not None and any(
        each.attrname in others and (each.lineno or 0) <= assign.lineno for each in loop.nodes_of_class(nodes.Attribute)
    )


def _set_by(node: Node) -> set[str]:
    return {each.attrname for each in node.nodes_of_class(nodes.AssignAttr)}


def _work_between(project: Project, wait: Node, assign: Node, reached: ReachedCode) -> Node | None:
    for command in consequences(project).commands_in(reached, reached):
        if (
            command is not wait
            and wait.lineno <= command.lineno < assign.lineno
            and not _is_wait(project, command, reached)
        ):
            return command
    return None


def _is_wait(project: Project, node: Node, reached: ReachedCode) -> bool:
    return isinstance(node, nodes.Call) and project.called_name(node, reached) == WAIT


RULES = (
    Rule(
        id="CP205",
        name="signal-can-be-lost",
        title="What a signal or an update brings must not be lost.",
        why="When the run returns or continues as new, signals and updates that still wait are cut off: their work is"
        " half done and their caller gets an error. A flag that the run resets forgets what came before.",
        evidence="The SDK warns of unfinished handlers (TMPRL1102) and goes on; an approval that comes before the wait"
        " for it is lost in scenarios/broken (early_approval_lost), and the workflow waits for ever.",
        fix="Before the end, await workflow.wait_condition(workflow.all_handlers_finished); set flags in __init__"
        " only, and keep what signals bring in a queue that the run empties.",
        bad="self._approved = False\nawait workflow.wait_condition(lambda: self._approved)",
        right="await workflow.wait_condition(lambda: self._approved)  # set to False in __init__",
        certainty=Certainty.LIKELY,
        judge=lost_signals,
    ),
)
