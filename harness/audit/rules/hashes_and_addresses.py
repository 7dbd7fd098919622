"""The hash of a text or the address of an object reaches a command: both are others in every process."""

from __future__ import annotations

from collections.abc import Iterator

from astroid import nodes

from harness.audit.analysis.commands import guarded_by_replaying, workflow_code
from harness.audit.analysis.destinations import Destination, Uncertainty, ValueReach
from harness.audit.analysis.value_flow import destination_of
from harness.audit.code.astroid_nodes import Node, keyword_value
from harness.audit.code.project import Project
from harness.audit.code.project_records import ReachedCode
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty

_ADDRESSES = {"builtins.id": "address of an object", "builtins.hash": "hash"}
_STABLE = frozenset({"builtins.int", "builtins.float", "builtins.bool", "builtins.complex"})
_SORTS = frozenset({"builtins.sorted", "builtins.min", "builtins.max", "builtins.list.sort", "itertools.groupby"})


def addresses(project: Project) -> Iterator[AuditFinding]:
    """Yield hashes and addresses that get into what the workflow does."""
    for reached in workflow_code(project):
        if getattr(reached.node, "name", "") == "__hash__":
            continue
        for call in project.calls(reached):
            if guarded_by_replaying(call, project, reached):
                continue
            yield from _called(project, call, reached)
            yield from _sorted_by(project, call, reached)


def _called(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[AuditFinding]:
    name = project.called_name(call, reached)
    if name not in _ADDRESSES or len(call.args) != 1:
        return
    if name == "builtins.hash" and _is_stable(project, call.args[0], reached):
        return
    end = destination_of(project, call, Uncertainty.IDENTITY, reached)
    if end.reach is not ValueReach.NOWHERE:
        certainty = Certainty.CERTAIN if end.reach is ValueReach.COMMAND else Certainty.LOOK
        yield project.finding("CP107", call, _message(name, end), certainty=certainty, reached=reached)


def _is_stable(project: Project, node: Node, reached: ReachedCode) -> bool:
    if isinstance(node, nodes.Tuple):
        return all(_is_stable(project, each, reached) for each in node.elts)
    types = project.types_of(node, reached)
    return bool(types) and types <= _STABLE


def _sorted_by(project: Project, call: nodes.Call, reached: ReachedCode) -> Iterator[AuditFinding]:
    key = keyword_value(call, "key")
    if key is None or isinstance(key, nodes.Lambda):
        return
    name = project.name_of(key, reached)
    method = call.func.attrname if isinstance(call.func, nodes.Attribute) else ""
    if name in _ADDRESSES and (method == "sort" or project.called_name(call, reached) in _SORTS):
        end = Destination(how="decides an order")
        yield project.finding("CP107", call, _message(name, end), certainty=Certainty.CERTAIN, reached=reached)


def _message(name: str, end: Destination) -> str:
    function = name.rpartition(".")[2]
    instead = "a digest (zlib.crc32, hashlib)" if function == "hash" else "a name, or a number that the workflow gives"
    return (
        f"The {_ADDRESSES[name]} that {function}() returns {end.how}, and it is another one in every process."
        f" Use {instead}."
    )


RULES = (
    Rule(
        id="CP107",
        name="address-reaches-command",
        title="Hashes of texts and addresses of objects must not decide what a workflow does.",
        why="hash() of a text is salted in every process and id() is an address: a replay gets other numbers and takes"
        " another branch, another queue, another key.",
        evidence="Neither is stopped by the sandbox (measured with temporalio 1.35); PYTHONHASHSEED is random by"
        " default.",
        fix="Use zlib.crc32() or hashlib for a stable digest, and names or counters for identity.",
        bad='queue = f"agents-{hash(customer) % 16}"',
        right='queue = f"agents-{zlib.crc32(customer.encode()) % 16}"',
        certainty=Certainty.CERTAIN,
        judge=addresses,
    ),
)
