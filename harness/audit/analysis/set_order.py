"""Which expressions are sets, and where code goes through one in its order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from astroid import nodes

from harness.audit.analysis.commands import STARTS
from harness.audit.analysis.destinations import Uncertainty
from harness.audit.analysis.words import words
from harness.audit.code.astroid_nodes import Node
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode

_SETS = words(
    "builtins.set builtins.frozenset typing.Set typing.FrozenSet typing.AbstractSet typing.MutableSet"
    " collections.abc.Set collections.abc.MutableSet _collections_abc.Set _collections_abc.MutableSet"
)
_VIEWS = frozenset({"keys", "items"})
_SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
_GOES_THROUGH = frozenset(
    f"builtins.{name}"
    for name in words("list tuple iter enumerate zip map filter reversed dict.fromkeys str.join next str repr format")
) | words(
    "collections.deque collections.OrderedDict.fromkeys builtins.list.extend collections.deque.extend itertools.chain"
    " itertools.chain.from_iterable itertools.islice itertools.product itertools.combinations itertools.permutations"
    " itertools.cycle itertools.groupby itertools.accumulate itertools.batched functools.reduce asyncio.gather"
    " random.Random.choice random.Random.sample asyncio.wait"
)
TAKES_ARGUMENTS = STARTS | {"temporalio.workflow.continue_as_new"}
"""Functions that write what they are given into the history."""

_NUMBERS = frozenset({"builtins.int", "builtins.bool", "builtins.float", "builtins.complex"})


@dataclass(frozen=True, kw_only=True)
class SetTraversal:
    """One place where code goes through a set.

    Attributes:
        through: The set.
        node: What goes through it: a loop, a call, a comprehension, an unpacking.
        yields: The expression that has the set's order then; None for a loop.
        kind: What of that is uncertain.
    """

    through: Node
    node: Node
    yields: Node | None
    kind: Uncertainty = Uncertainty.ORDER


def is_set(project: Project, node: Node, reached: ReachedCode) -> bool:
    """Tell whether an expression is certainly a set."""
    if isinstance(node, nodes.Set | nodes.SetComp):
        return True
    if isinstance(node, nodes.BinOp) and node.op in ("-", "&", "|", "^"):
        return any(
            is_set(project, side, reached) or _is_view(project, side, reached) for side in (node.left, node.right)
        )
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node.func.attrname in _SET_METHODS:
        return is_set(project, node.func.expr, reached)
    if isinstance(node, nodes.Const | nodes.JoinedStr | nodes.List | nodes.Dict | nodes.ListComp | nodes.DictComp):
        return False
    types = project.types_of(node, reached)
    return types <= _SETS if types else isinstance(node, nodes.Name) and _from_wait(project, node, reached)


def _from_wait(project: Project, name: nodes.Name, reached: ReachedCode) -> bool:
    """Tell whether a name is bound by `done, pending = await asyncio.wait(...)`."""
    _, bound = name.lookup(name.name)
    statements = [each.parent.parent for each in bound if isinstance(each.parent, nodes.Tuple)]
    values: list[Node] = [each.value for each in statements if isinstance(each, nodes.Assign)]
    return bool(values) and all(_waits(project, value, reached) for value in values)


def _waits(project: Project, node: Node, reached: ReachedCode) -> bool:
    call = node.value if isinstance(node, nodes.Await) else None
    return isinstance(call, nodes.Call) and project.called_name(call, reached) == "asyncio.wait"


def _is_view(project: Project, node: Node, reached: ReachedCode) -> bool:
    if not (isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and node.func.attrname in _VIEWS):
        return False
    return not node.args and project.types_of(node.func.expr, reached) <= {"builtins.dict", "collections.defaultdict"}


def holds_numbers(project: Project, node: Node, reached: ReachedCode) -> bool:
    """Tell whether a set holds numbers alone, whose hash is the same in every process."""
    if isinstance(node, nodes.Set):
        return bool(node.elts) and all(_is_number(project, each, reached) for each in node.elts)
    if isinstance(node, nodes.SetComp):
        return _is_number(project, node.elt, reached)
    if isinstance(node, nodes.BinOp):
        return holds_numbers(project, node.left, reached) or holds_numbers(project, node.right, reached)
    if isinstance(node, nodes.Call):
        return len(node.args) == 1 and holds_numbers(project, node.args[0], reached)
    if isinstance(node, nodes.List | nodes.Tuple):
        return bool(node.elts) and all(
            isinstance(each, nodes.Const) and not isinstance(each.value, str) for each in node.elts
        )
    if isinstance(node, nodes.Name):
        return _assigned_numbers(project, node, reached)
    return False


def _is_number(project: Project, node: Node, reached: ReachedCode) -> bool:
    types = project.types_of(node, reached)
    return bool(types) and types <= _NUMBERS


def _assigned_numbers(project: Project, name: nodes.Name, reached: ReachedCode) -> bool:
    """Tell whether a name is only ever bound to sets of numbers, by value or by annotation."""
    _, bound = name.lookup(name.name)
    if not bound:
        return False
    for each in bound:
        statement = each.parent
        if isinstance(statement, nodes.AnnAssign) and _annotates_numbers(statement.annotation):
            continue
        if isinstance(statement, nodes.Arguments):
            annotation = _annotation(statement, each)
            if annotation is not None and _annotates_numbers(annotation):
                continue
            return False
        value = getattr(statement, "value", None)
        if value is None or not holds_numbers(project, value, reached):
            return False
    return True


def _annotation(arguments: nodes.Arguments, name: Node) -> Node | None:
    for position, each in enumerate(arguments.args or []):
        if each is name:
            annotation: Node | None = arguments.annotations[position]
            return annotation
    return None


def _annotates_numbers(annotation: Node) -> bool:
    return isinstance(annotation, nodes.Subscript) and annotation.slice.as_string() in ("int", "float", "bool")


def passages(project: Project, reached: ReachedCode) -> Iterator[SetTraversal]:
    """Yield the places in a piece of code that go through a set in its order."""
    for node in project.walk(reached):
        for passage in _of(node, project, reached):
            if _holds_one(passage.through) or not is_set(project, passage.through, reached):
                continue
            if not holds_numbers(project, passage.through, reached):
                yield passage


def _holds_one(through: Node) -> bool:
    """Tell whether a set is only gone through where it was seen to have one element: `if len(names) == 1:`."""
    names = {each.name for each in through.nodes_of_class(nodes.Name)}
    above = [through, *through.node_ancestors()]
    tests = {each.test.as_string() for each in above if isinstance(each, nodes.If | nodes.IfExp)}
    refused = {test for each in above if each.is_statement for test in _refused_before(each)}
    return any(f"len({name}) == 1" in test for name in names for test in tests) or any(
        f"len({name}) != 1" in test for name in names for test in refused
    )


def _refused_before(statement: Node) -> Iterator[str]:
    """Yield the conditions before a statement under which it is not reached."""
    before = statement.previous_sibling()
    while before is not None:
        if isinstance(before, nodes.If) and isinstance(before.body[-1], nodes.Raise | nodes.Return | nodes.Continue):
            yield before.test.as_string()
        before = before.previous_sibling()


def _written_out(call: nodes.Call) -> Iterator[Node]:
    """Yield the arguments of an activity or a workflow that a call gives: what a set holds is written in its order."""
    for argument in (*call.args, *(each.value for each in call.keywords if each.arg in ("arg", "args"))):
        yield from argument.elts if isinstance(argument, nodes.List | nodes.Tuple) else [argument]


def _of(node: Node, project: Project, reached: ReachedCode) -> Iterator[SetTraversal]:
    if isinstance(node, nodes.For | nodes.AsyncFor):
        yield SetTraversal(through=node.iter, node=node, yields=None)
    elif isinstance(node, nodes.ListComp | nodes.GeneratorExp | nodes.DictComp):
        kind = Uncertainty.KEYS if isinstance(node, nodes.DictComp) else Uncertainty.ORDER
        for part in node.generators:
            yield SetTraversal(through=part.iter, node=node, yields=node, kind=kind)
    elif isinstance(node, nodes.Starred) and isinstance(node.parent, nodes.Call | nodes.List | nodes.Tuple):
        yield SetTraversal(through=node.value, node=node, yields=node)
    elif isinstance(node, nodes.Assign) and any(isinstance(each, nodes.Tuple | nodes.List) for each in node.targets):
        yield SetTraversal(through=node.value, node=node, yields=node.value, kind=Uncertainty.VALUE)
    elif isinstance(node, nodes.FormattedValue):
        yield SetTraversal(through=node.value, node=node, yields=node)
    elif (isinstance(node, nodes.AugAssign) and node.op == "+=") or isinstance(node, nodes.YieldFrom):
        yield SetTraversal(through=node.value, node=node, yields=node.value)
    elif isinstance(node, nodes.Call):
        yield from _of_call(node, project, reached)


def _of_call(call: nodes.Call, project: Project, reached: ReachedCode) -> Iterator[SetTraversal]:
    function = call.func
    if project.called_name(call, reached) in TAKES_ARGUMENTS:
        for argument in _written_out(call):
            yield SetTraversal(through=argument, node=argument, yields=argument)
        return
    if isinstance(function, nodes.Attribute) and function.attrname == "pop" and not call.args:
        yield SetTraversal(through=function.expr, node=call, yields=call, kind=Uncertainty.VALUE)
        return
    if not call.args:
        return
    method = function.attrname if isinstance(function, nodes.Attribute) else ""
    if (
        method in ("join", "extend", "fromkeys", "choice", "sample")
        or project.called_name(call, reached) in _GOES_THROUGH
    ):
        kind = Uncertainty.KEYS if method == "fromkeys" else Uncertainty.ORDER
        for argument in call.args:
            yield SetTraversal(through=argument, node=call, yields=argument if method == "extend" else call, kind=kind)
