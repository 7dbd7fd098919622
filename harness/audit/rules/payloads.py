"""What is too large for a history: files, encoded bytes, and conversations that grow with each round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from astroid import nodes

from harness.audit.analysis.call_chains import activity_starts, frames_of, reached_in
from harness.audit.code.executed_nodes import own_nodes
from harness.audit.code.project_records import Activity, Started
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_READS = {"read_bytes", "read_text", "read", "getvalue"}
_ENCODES = {"base64.b64encode", "base64.standard_b64encode", "base64.urlsafe_b64encode", "base64.b85encode"}
_PATHS = ("pathlib.Path", "builtins.open", "io.BytesIO", "io.open", "gzip.open")
_LIMIT = "Temporal refuses a payload over 2 MB, and every replay loads all of them."


def _large(project: Project) -> Iterator[AuditFinding]:
    for activity in project.activities:
        yield from _returned(activity, project)
    for started in activity_starts(project):
        yield from _growing(started, project)


def _returned(activity: Activity, project: Project) -> Iterator[AuditFinding]:
    """Yield results that are the whole content of a file, as it is or encoded."""
    frame = frames_of(activity, project=project)[0]
    for gives in own_nodes(activity.node, nodes.Return):
        if gives.value is None or not (how := _whole_file(gives.value, project, 6)):
            continue
        message = (
            f"The activity {activity.name!r} returns {how}: all of it goes into the history, as large as the file is. "
            f"{_LIMIT} Store it where both sides can read it, and return its name."
        )
        yield project.finding(
            "CP601", gives, message, certainty=Certainty.LOOK, reached=reached_in(frame, project=project)
        )


def _whole_file(node: Any, project: Project, steps: int) -> str:
    if steps <= 0:
        return ""
    if isinstance(node, nodes.Name):
        written = [one for one in project.origins_of(node) if one is not node]
        return next((how for one in written if (how := _whole_file(one, project, steps - 1))), "")
    if not isinstance(node, nodes.Call):
        return ""
    name = project.dotted_name(node.func)
    if name in _ENCODES:
        inner = _whole_file(node.args[0], project, steps - 1) if node.args else ""
        return f"{inner}, in base64" if inner else ""
    if isinstance(node.func, nodes.Attribute) and node.func.attrname in ("decode", "encode", "strip", "hex"):
        return _whole_file(node.func.expr, project, steps - 1)
    if isinstance(node.func, nodes.Attribute) and node.func.attrname in _READS and not node.args:
        owner = project.dotted_name(node.func.expr)
        return "the whole content of a file" if owner.startswith(_PATHS) else ""
    return ""


def _growing(started: Started, project: Project) -> Iterator[AuditFinding]:
    """Yield arguments that grow with each round of a loop that nothing counts."""
    loop = _loop_of(started.node)
    if loop is None or _counts(loop):
        return
    for argument in started.arguments:
        for name in argument.nodes_of_class(nodes.Name):
            if _appended(name.name, loop) and not _cut(name, started.node):
                message = (
                    f"{name.name!r} grows in each round of this loop and is passed to the activity whole: the history "
                    f"holds it once for each round, so it grows with the square of the rounds. {_LIMIT} Pass what is "
                    "new, or a summary, and keep the rest where the activity can read it."
                )
                yield project.finding("CP601", started.node, message, certainty=Certainty.LOOK)
                return


def _loop_of(node: Any) -> nodes.While | None:
    while node is not None and not isinstance(node, nodes.FunctionDef):
        if isinstance(node, nodes.While):
            return node
        if isinstance(node, nodes.For):
            return None
        node = node.parent
    return None


def _counts(loop: nodes.While) -> bool:
    """Tell whether a number of rounds or a length bounds the loop."""
    tests = [loop.test, *(one.test for one in loop.nodes_of_class(nodes.If))]
    return any(
        operator in ("<", ">", "<=", ">=")
        for test in tests
        for compare in test.nodes_of_class(nodes.Compare)
        for operator, _ in compare.ops
    )


def _appended(name: str, loop: nodes.While) -> bool:
    added = (
        call.func.expr
        for call in loop.nodes_of_class(nodes.Call)
        if isinstance(call.func, nodes.Attribute) and call.func.attrname in ("append", "extend")
    )
    return any(isinstance(one, nodes.Name) and one.name == name for one in added) or any(
        isinstance(one.target, nodes.AssignName) and one.target.name == name and isinstance(one.value, nodes.List)
        for one in loop.nodes_of_class(nodes.AugAssign)
    )


def _cut(name: nodes.Name, start: nodes.Call) -> bool:
    """Tell whether only a part of the list is taken: an element, a slice, its length."""
    return name.parent is not start and isinstance(name.parent, nodes.Subscript | nodes.Call | nodes.Attribute)


RULES = (
    Rule(
        id="CP601",
        name="large-payload",
        title="A payload grows beyond what a history can hold",
        why=(
            "Arguments and results are stored in the history for good and sent again with each replay. A file may be "
            "larger than a payload may be, and a conversation passed on in each round adds up to the square of its "
            "length."
        ),
        evidence=(
            "Temporal's limits: 2 MB for a payload, 4 MB for a gRPC message, 50 MB or 51,200 events for a history. A "
            "result over the limit fails the activity; an argument over it fails the workflow task."
        ),
        fix="Store what is large outside (object store, database) and pass its name; pass only what is new in a round.",
        bad="return base64.b64encode(Path(name).read_bytes()).decode()",
        right="return store.put(Path(name).read_bytes())  # its key",
        certainty=Certainty.LOOK,
        severity=Severity.RISKY,
        judge=_large,
    ),
)
