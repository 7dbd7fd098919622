"""Names in non_retryable_error_types that no error ever has: misspelt, dotted, or of a base class."""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from astroid import nodes

from harness.audit.analysis.call_chains import retry_policies
from harness.audit.code.modules import absolute
from harness.audit.code.origins import bound_arguments
from harness.audit.code.project_records import WrittenRetryPolicy
from harness.audit.code.start_calls import calls_of
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding, Certainty
from harness.records.verdict import Severity

if TYPE_CHECKING:
    from harness.audit.code.project import Project

_CLIENT_LEAVES = {
    "BadRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "ConflictError",
    "UnprocessableEntityError",
    "RateLimitError",
    "InternalServerError",
    "APIConnectionError",
    "APITimeoutError",
    "APIResponseValidationError",
    "LengthFinishReasonError",
    "ContentFilterFinishReasonError",
    "OverloadedError",
    "RequestTooLargeError",
}
"""Errors that the clients of openai and anthropic raise, by the name that histories show."""

_NEVER_RAISED = {"APIError", "APIStatusError", "OpenAIError", "AnthropicError", "BaseException", "LookupError"}
"""Classes that errors are derived from, and that nobody raises themselves."""


def _unknown_names(project: Project) -> Iterator[AuditFinding]:
    for policy in retry_policies(project):
        for node, name in _names(policy, project):
            if judgement := _judged(name, project):
                certainty, why = judgement
                message = f"{name!r} in non_retryable_error_types is matched by no error: {why}"
                yield project.finding("CP404", node, message, certainty=certainty)


def _names(policy: WrittenRetryPolicy, project: Project) -> Iterator[tuple[Any, str]]:
    listed = policy.arguments.get("non_retryable_error_types")
    for one in [listed, *project.origins_of(listed)] if listed is not None else ():
        if isinstance(one, nodes.List | nodes.Tuple | nodes.Set):
            elements: list[Any] = one.elts
            for element in elements:
                value = project.value_of(element)
                if isinstance(value, str):
                    yield element, value
            return


def _judged(name: str, project: Project) -> tuple[Certainty, str] | None:
    raised, derived = _errors_of(project)
    last = name.rpartition(".")[2]
    if last != name and name not in raised:
        return Certainty.CERTAIN, (f"Temporal compares the bare name of the class, without its module. Write {last!r}.")
    if name in raised or name in _CLIENT_LEAVES:
        return None
    if name in _NEVER_RAISED or name in derived:
        return Certainty.LIKELY, (
            "Temporal compares names, not classes; what is raised are classes derived from it, and their names are "
            "others. Name each of those."
        )
    near = difflib.get_close_matches(name, sorted(raised | _CLIENT_LEAVES), n=1, cutoff=0.8)
    if near and name not in _builtin_errors():
        return Certainty.LIKELY, f"no class and no ApplicationError type is called so. Did you mean {near[0]!r}?"
    return None


_KNOWN: WeakKeyDictionary[Project, tuple[frozenset[str], frozenset[str]]] = WeakKeyDictionary()


def _errors_of(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names under which the modules raise errors, and those of classes that only others derive from."""
    if project not in _KNOWN:
        raised, classes, bases = set(), set(), set()
        for module in _modules(project):
            raised |= set(_raised_in(module, project))
            for one in module.nodes_of_class(nodes.ClassDef):
                classes.add(one.name)
                bases |= {base.as_string().rpartition(".")[2] for base in one.bases}
        only_bases = (classes & bases) - raised
        _KNOWN[project] = (frozenset((raised | classes) - only_bases), frozenset(only_bases))
    return _KNOWN[project]


def _modules(project: Project) -> list[nodes.Module]:
    """Return the audited modules, and those beside them from which they import."""
    trees = {module.tree.name: module.tree for module in project.modules}
    for tree in list(trees.values()):
        for one in tree.nodes_of_class(nodes.ImportFrom):
            names = [f"{absolute(one, one.root())}.{name}" for name, _ in one.names] + [absolute(one, one.root())]
            for each in (project.users_module(name) for name in names):
                if each is not None:
                    trees.setdefault(each.name, each)
    return list(trees.values())


def _raised_in(module: nodes.Module, project: Project) -> Iterator[str]:
    for one in module.nodes_of_class(nodes.Raise):
        raised = one.exc.func if isinstance(one.exc, nodes.Call) else one.exc
        for each in (raised.body, raised.orelse) if isinstance(raised, nodes.IfExp) else (raised,):
            if isinstance(each, nodes.Name | nodes.Attribute):
                yield project.dotted_name(each).removesuffix("()").rpartition(".")[2] or each.as_string()
    for call in module.nodes_of_class(nodes.Call):
        if project.dotted_name(call.func).endswith("ApplicationError"):
            for option in call.keywords:
                if option.arg == "type":
                    types = [project.value_of(each) for each in (option.value, *_given(option.value, project))]
                    yield from (each for each in types if isinstance(each, str))


def _given(written: nodes.NodeNG, project: Project) -> Iterator[nodes.NodeNG]:
    """Yield what a parameter is wherever its function is called: what is passed for it, or its default."""
    function = written.scope()
    if not isinstance(written, nodes.Name) or not isinstance(function, nodes.FunctionDef):
        return
    for module in project.modules:
        for call in calls_of(module, frozenset({function.name})):
            if project.definition_of(call.func) is function:
                yield from (each for name, each in bound_arguments(function, call).items() if name == written.name)


def _builtin_errors() -> set[str]:
    return {name for name, one in vars(builtins).items() if isinstance(one, type) and issubclass(one, BaseException)}


RULES = (
    Rule(
        id="CP404",
        name="error-name-unknown",
        title="non_retryable_error_types names an error that never comes",
        why=(
            "Temporal compares these names with the type of the failure, letter by letter. A name that matches "
            "nothing is no error anywhere: what must not be retried is retried, and paid for, up to the last attempt."
        ),
        evidence=(
            "The type of a failure is the bare name of the exception's class, or the `type` of the ApplicationError; "
            "classes that it is derived from do not count. openai raises BadRequestError, never APIStatusError itself."
        ),
        fix="Write the bare name of each class that is raised (`BadRequestError.__name__` cannot be misspelt).",
        bad='RetryPolicy(non_retryable_error_types=["openai.BadRequestError", "InvaildInputError"])',
        right="RetryPolicy(non_retryable_error_types=[BadRequestError.__name__, InvalidInputError.__name__])",
        certainty=Certainty.LIKELY,
        severity=Severity.RISKY,
        judge=_unknown_names,
    ),
)
