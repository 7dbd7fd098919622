"""What becomes of a value in workflow code: does it reach a command, leave the function, or come to nothing?

A value is followed through expressions, local variables, parameters and results of functions. Of a value that only
its order makes uncertain (a list made from a set), what does not look at the order is no use of it: ``sorted``,
``len``, ``in``. Of one that only tells same from other (``id``), what compares is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from astroid import nodes

from harness.audit.analysis.commands import consequences
from harness.audit.analysis.destinations import NOWHERE, Destination, Uncertainty, ValueReach, ValueStep
from harness.audit.analysis.stored_values import ADDS, into, local_uses, sorted_at_once
from harness.audit.analysis.unordered_loops import looped, shown
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node, keyword_value
from harness.audit.code.origins import passed_arguments
from harness.audit.code.project import Project
from harness.audit.code.project_records import EntryKind, ReachedCode

_HEALS_ORDER = frozenset(
    f"builtins.{name}" for name in words("sorted set frozenset len sum min max any all bool isinstance print type")
) | {"collections.Counter", "math.fsum", "builtins.set.update", "builtins.set.union", "statistics.mean"}
_LOOKS_ONLY = frozenset({"builtins.isinstance", "builtins.type", "builtins.callable", "builtins.print"})
_UNSTABLE_KEYS = frozenset({"builtins.len", "builtins.hash", "builtins.id"})
_GROWS_SET = frozenset({"add", "discard", "remove", "update"})
_SAME = frozenset({"==", "!=", "in", "not in", "is", "is not"})
_LISTS_KEYS = frozenset(
    f"builtins.{name}" for name in words("list tuple iter enumerate next reversed map zip str.join")
)
_DEPTH = 40


@dataclass
class _Follower:
    project: Project
    seen: set[tuple[int, Uncertainty]] = field(default_factory=set)
    best: Destination = NOWHERE

    def follow(self, node: Node, kind: Uncertainty, reached: ReachedCode, depth: int = _DEPTH) -> None:
        """Follow the value of an expression to where it is used."""
        if depth == 0 or (id(node), kind) in self.seen or self.best.reach is ValueReach.COMMAND:
            return
        self.seen.add((id(node), kind))
        for step in _steps(self, node, kind, reached):
            if isinstance(step, Destination):
                if step.reach > self.best.reach:
                    self.best = step
            else:
                self.follow(step.node, step.kind, step.reached, depth - 1)


def destination_of(project: Project, node: Node, kind: Uncertainty, reached: ReachedCode) -> Destination:
    """Return what becomes of the value of an expression.

    Args:
        project: The project.
        node: The expression.
        kind: What of its value is uncertain.
        reached: The piece of code that it stands in.
    """
    follower = _Follower(project)
    follower.follow(node, kind, reached)
    return follower.best


def _steps(
    follower: _Follower, node: Node, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    parent: Node = node.parent
    if isinstance(parent, nodes.Assign | nodes.AnnAssign | nodes.AugAssign | nodes.NamedExpr):
        yield from _assigned(follower, node, parent, kind, reached)
    elif isinstance(parent, nodes.Call):
        yield from _passed(follower, node, parent, kind, reached)
    elif isinstance(parent, nodes.Keyword):
        yield from _passed(follower, node, parent.parent, kind, reached)
    elif isinstance(parent, nodes.Return | nodes.Yield | nodes.YieldFrom):
        yield from _returned(follower, parent, kind, reached)
    elif isinstance(parent, nodes.Lambda) and not isinstance(parent, nodes.FunctionDef):
        yield from _of_lambda(follower, parent, kind, reached)
    elif isinstance(parent, nodes.If | nodes.While | nodes.Assert | nodes.Match | nodes.IfExp) and _tests(parent, node):
        yield from _decided(follower, parent, kind, reached)
    elif isinstance(parent, nodes.For) and node is parent.iter:
        yield from looped(follower.project, parent, kind, reached)
    elif isinstance(parent, nodes.Comprehension):
        yield from _comprehended(parent, kind, reached)
    else:
        yield from _upwards(follower, node, parent, kind, reached)


def _upwards(
    follower: _Follower, node: Node, parent: Node | None, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    """Follow a value into the expression that it is part of."""
    if isinstance(parent, nodes.Compare):
        operators = {operator for operator, _ in parent.ops}
        if (kind is Uncertainty.IDENTITY and operators <= _SAME) or (
            kind is not Uncertainty.VALUE and operators <= {"in", "not in"}
        ):
            return
        if kind is Uncertainty.KEYS:
            return
        yield ValueStep(parent, Uncertainty.VALUE, reached)
    elif isinstance(parent, nodes.Subscript):
        if (node is parent.slice and kind is Uncertainty.IDENTITY) or (
            node is parent.value and kind is Uncertainty.KEYS
        ):
            return
        yield from _subscripted(parent, kind, reached)
    elif isinstance(parent, nodes.Dict) and kind is Uncertainty.IDENTITY:
        if all(node is not key for key, _ in parent.items):
            yield ValueStep(parent, Uncertainty.VALUE, reached)
    elif isinstance(parent, (nodes.Set, nodes.SetComp)):
        if kind is Uncertainty.VALUE:
            yield ValueStep(parent, kind, reached)
    elif isinstance(parent, nodes.BinOp | nodes.JoinedStr | nodes.FormattedValue):
        yield ValueStep(parent, Uncertainty.VALUE if kind is Uncertainty.IDENTITY else kind, reached)
    elif isinstance(parent, nodes.Attribute):
        yield from _attribute(follower, parent, kind, reached)
    elif isinstance(parent, nodes.Raise) and kind is Uncertainty.VALUE:
        yield Destination(reach=ValueReach.AWAY, how="is in the error that is raised", at=parent)
    elif isinstance(parent, nodes.With | nodes.AsyncWith):
        for item, target in parent.items:
            if item is node and isinstance(target, nodes.AssignName):
                yield from (ValueStep(use, kind, reached) for use in local_uses(target, reached))
    elif isinstance(parent, _THROUGH):
        listed = kind is Uncertainty.KEYS and isinstance(parent, nodes.Starred)
        yield ValueStep(parent, Uncertainty.ORDER if listed else kind, reached)


_THROUGH = (
    nodes.BoolOp | nodes.UnaryOp | nodes.IfExp | nodes.Tuple | nodes.List | nodes.Dict | nodes.Starred | nodes.Await
    | nodes.Slice | nodes.ListComp | nodes.GeneratorExp | nodes.DictComp
)  # fmt: skip


def _subscripted(parent: nodes.Subscript, kind: Uncertainty, reached: ReachedCode) -> Iterator[ValueStep | Destination]:
    assign = parent.parent
    if isinstance(assign, nodes.Assign) and parent in assign.targets:
        yield from into(parent.value, Uncertainty.VALUE, reached)
    elif kind is Uncertainty.ORDER and isinstance(parent.slice, nodes.Slice):
        yield ValueStep(parent, Uncertainty.VALUE, reached)
    else:
        yield ValueStep(parent, Uncertainty.VALUE, reached)


def _attribute(
    follower: _Follower, parent: nodes.Attribute, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    call = parent.parent
    if not (isinstance(call, nodes.Call) and call.func is parent):
        yield ValueStep(parent, Uncertainty.VALUE if kind is Uncertainty.IDENTITY else kind, reached)
        return
    method = parent.attrname
    if (method == "sort" and kind is Uncertainty.ORDER) or consequences(follower.project).is_silent(call, reached):
        return
    if kind is Uncertainty.KEYS and method not in ("keys", "values", "items", "popitem", "copy"):
        return
    if kind is Uncertainty.ORDER and method in (*ADDS, "count", "remove", "clear"):
        return
    taken = kind is Uncertainty.KEYS and method in ("keys", "values", "items")
    yield ValueStep(
        call,
        Uncertainty.ORDER if taken else Uncertainty.VALUE if method in ("pop", "popitem", "index") else kind,
        reached,
    )


def _assigned(
    follower: _Follower, node: Node, parent: Node, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    if node is not parent.value:
        return
    targets = parent.targets if isinstance(parent, nodes.Assign) else [parent.target]
    if isinstance(parent, nodes.NamedExpr):
        yield ValueStep(parent, kind, reached)
    for target in targets:
        yield from into(target, kind, reached, sorted_later=sorted_at_once(target, parent))


def _passed(
    follower: _Follower, node: Node, call: Node, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    """Follow a value into a call that it is an argument of (or that calls it)."""
    project, known = follower.project, consequences(follower.project)
    if node is call.func:
        yield ValueStep(call, kind, reached)
        return
    name = project.called_name(call, reached)
    if known.is_silent(call, reached) or name in _LOOKS_ONLY:
        return
    healed = kind in (Uncertainty.ORDER, Uncertainty.KEYS) and name in _HEALS_ORDER
    if healed and not (name == "builtins.sorted" and _unstable_key(project, call, reached)):
        return
    if known.is_command(call, reached):
        if kind is not Uncertainty.KEYS:
            yield Destination(reach=ValueReach.COMMAND, how=f"is passed to {name.rpartition('.')[2]}()", at=call)
        return
    method = call.func.attrname if isinstance(call.func, nodes.Attribute) else ""
    if method in _GROWS_SET and kind is not Uncertainty.VALUE:
        return
    if method in (*ADDS, "setdefault", "add", "update"):
        yield from into(call.func.expr, kind, reached)
    called = known.definition(call, reached)
    piece = known.piece(called) if called is not None else None
    if called is not None and piece is not None and called.name != "__init__":
        yield from _into_parameter(node, call, called, kind, piece)
        return
    if kind is Uncertainty.KEYS and name in _LISTS_KEYS:
        yield ValueStep(call, Uncertainty.ORDER, reached)
        return
    if name.startswith("builtins.") and kind in (Uncertainty.ORDER, Uncertainty.IDENTITY) and name.count(".") == 1:
        yield ValueStep(
            call, Uncertainty.VALUE if name in ("builtins.next", "builtins.str", "builtins.hash") else kind, reached
        )
        return
    yield ValueStep(call, kind, reached)


def _unstable_key(project: Project, call: nodes.Call, reached: ReachedCode) -> bool:
    key = keyword_value(call, "key")
    return key is not None and project.name_of(key, reached) in _UNSTABLE_KEYS


def _into_parameter(
    node: Node, call: nodes.Call, called: Node, kind: Uncertainty, piece: ReachedCode
) -> Iterator[ValueStep | Destination]:
    passed = passed_arguments(called, call.args, call.keywords)
    name = next((each for each, value in passed.items() if value is node), None)
    parameters = [*called.args.posonlyargs, *(called.args.args or []), *called.args.kwonlyargs]
    parameter = next((each for each in parameters if each.name == name), None)
    if name is None and node in call.args:
        parameter = called.args.vararg_node
    if isinstance(parameter, nodes.AssignName):
        yield from (ValueStep(use, kind, piece) for use in local_uses(parameter, piece))


def _returned(
    follower: _Follower, node: Node, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    entry = reached.entry
    if entry is not None and entry.node is node.scope():
        if entry.kind in (EntryKind.RUN, EntryKind.UPDATE):
            yield Destination(reach=ValueReach.COMMAND, how=f"is returned by {entry.node.name}()", at=node)
        return
    callers = consequences(follower.project).callers(node.scope())
    for call, caller in callers:
        yield ValueStep(call, kind, caller)
    if not callers:
        yield Destination(reach=ValueReach.AWAY, how=f"is returned by {node.scope().name}()", at=node)


def _of_lambda(
    follower: _Follower, node: nodes.Lambda, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    call = node.parent.parent if isinstance(node.parent, nodes.Keyword) else node.parent
    if not isinstance(call, nodes.Call):
        yield Destination(reach=ValueReach.AWAY, how="is returned by a lambda", at=node)
    elif consequences(follower.project).is_command(call, reached):
        yield Destination(reach=ValueReach.COMMAND, how="decides how long to wait", at=call)
    else:
        yield ValueStep(call, kind, reached)


def _tests(parent: Node, node: Node) -> bool:
    return node is (parent.subject if isinstance(parent, nodes.Match) else parent.test)


def _decided(
    follower: _Follower, parent: Node, kind: Uncertainty, reached: ReachedCode
) -> Iterator[ValueStep | Destination]:
    """Tell whether what a value decides matters."""
    if kind in (Uncertainty.ORDER, Uncertainty.KEYS):
        return
    if isinstance(parent, nodes.IfExp):
        yield ValueStep(parent, Uncertainty.VALUE, reached)
        return
    known = consequences(follower.project)
    if isinstance(parent, nodes.Assert) or known.has_command(parent, reached) or _leaves(parent):
        yield Destination(reach=ValueReach.COMMAND, how="decides what the workflow does next", at=parent)
        return
    for assign in parent.nodes_of_class(nodes.Assign | nodes.AugAssign):
        yield Destination(reach=ValueReach.AWAY, how=f"decides {assign.as_string().splitlines()[0]}", at=assign)


def _leaves(node: Node) -> bool:
    return any(node.nodes_of_class((nodes.Return, nodes.Raise, nodes.Break, nodes.Continue), nodes.FunctionDef))


def _comprehended(part: Node, kind: Uncertainty, reached: ReachedCode) -> Iterator[ValueStep | Destination]:
    whole = part.parent
    if kind in (Uncertainty.ORDER, Uncertainty.KEYS):
        if isinstance(whole, nodes.SetComp):
            return
        yield ValueStep(whole, Uncertainty.KEYS if isinstance(whole, nodes.DictComp) else Uncertainty.ORDER, reached)
        return
    yield ValueStep(whole, Uncertainty.VALUE, reached)


def in_order(project: Project, whole: Node, reached: ReachedCode) -> Destination:
    """Return what becomes of a comprehension whose elements come in unknown order; its elements may be commands."""
    known = consequences(project)
    parts = [whole.key, whole.value] if isinstance(whole, nodes.DictComp) else [whole.elt]
    for part in parts:
        command = next(known.commands_in(part, reached), None)
        if command is not None:
            return Destination(reach=ValueReach.COMMAND, how=f"decides when {shown(command)} comes", at=command)
    return NOWHERE


def destination_of_order(project: Project, loop: Node, reached: ReachedCode) -> Destination:
    """Return what becomes of the order in which a loop goes through something."""
    follower = _Follower(project)
    for step in looped(project, loop, Uncertainty.ORDER, reached):
        if isinstance(step, Destination):
            follower.best = max(follower.best, step, key=lambda each: each.reach)
        else:
            follower.follow(step.node, step.kind, step.reached)
    return follower.best
