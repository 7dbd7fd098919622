"""Values made up for the parameters of a workflow, of their annotations and names; nothing is imported or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from astroid import nodes

from harness.audit.code.astroid_nodes import keyword_value
from harness.audit.code.project import Project

NOT_KNOWN = object()
"""Stands for a value of which nothing is known."""

DEEPEST = 8
"""How many objects within objects are followed."""

DATE, TIME, UUID = "2026-01-01", "2026-01-01T00:00:00+00:00", "5f0c8a52-6d0e-4b7c-9d43-1e2f3a4b5c6d"

_PLAIN: Mapping[str, Any] = {
    "builtins.bool": True,
    "builtins.int": 1,
    "builtins.float": 1.0,
    "builtins.dict": {},
    "collections.abc.Mapping": {},
    "datetime.datetime": TIME,
    "datetime.date": DATE,
    "uuid.UUID": UUID,
}
_LISTS = ("builtins.list", "builtins.tuple", "builtins.set", "collections.abc.Sequence", "collections.abc.Iterable")
_ENUMERATIONS = ("enum.Enum", "enum.StrEnum", "enum.IntEnum")
_LITERALS = ("typing.Literal", "typing_extensions.Literal")
_FIELD_MAKERS = ("pydantic.Field", "pydantic.fields.Field", "dataclasses.field")

_TEXTS: Mapping[tuple[str, ...], str] = {
    ("email", "mail", "email address", "mail address"): "someone@example.com",
    ("url", "uri", "link", "website", "webhook"): "https://example.com/",
    ("phone", "mobile", "phone number", "mobile number"): "+15555550100",
    ("date", "day", "birthday", "check in", "check out"): DATE,
    ("datetime", "timestamp"): TIME,
    ("currency",): "USD",
    ("country",): "US",
}
"""Texts that are of a form which code may insist on, by how names of such end."""


def parameters(function: nodes.FunctionDef) -> list[tuple[nodes.AssignName, nodes.NodeNG | None]]:
    """Return the parameters of a method behind its ``self``, with their annotations."""
    arguments = function.args
    named = [*(arguments.posonlyargs or ()), *(arguments.args or ())]
    types = [*(arguments.posonlyargs_annotations or ()), *(arguments.annotations or ())]
    return list(zip(named, types, strict=False))[1:]


def made_up(project: Project, function: nodes.FunctionDef) -> dict[str, Any]:
    """Return for each parameter of a method that has no default a value of its type, as JSON; or NOT_KNOWN."""
    every = parameters(function)
    needed = every[: len(every) - len(function.args.defaults or ())]
    return {parameter.name: example(project, annotation, parameter.name) for parameter, annotation in needed}


def example(project: Project, annotation: nodes.NodeNG | None, name: str, depth: int = DEEPEST) -> Any:
    """Return a value as JSON.

    Args:
        project: The project.
        annotation: Its type; None: its name alone may tell what it is.
        name: Name of the parameter or field.
        depth: How many objects within objects are followed.

    Returns:
        The value, or NOT_KNOWN.
    """
    if annotation is None:
        return _formed(name) or NOT_KNOWN
    for each in project.annotated(annotation) if depth else ():
        value = _PLAIN.get(each.name, NOT_KNOWN)
        if each.name == "builtins.str":
            value = _formed(name) or name.replace("_", " ")
        elif each.name in _LISTS:
            element = example(project, each.arguments[0], name, depth - 1) if each.arguments else NOT_KNOWN
            value = [] if element is NOT_KNOWN else [element]
        elif each.name in _LITERALS:
            value = project.value_of(each.arguments[0])
        elif isinstance(each.node, nodes.ClassDef) and each.name not in _PLAIN:
            value = _instance(project, each.node, depth)
        if value is not NOT_KNOWN:
            return value
    return NOT_KNOWN


def fields(project: Project, made: nodes.ClassDef) -> Iterator[tuple[str, nodes.NodeNG, bool]]:
    """Yield the annotated fields of a dataclass, model or typed dict: name, annotation, whether it has no default."""
    for owner in reversed(project.ancestors(made)):
        for each in owner.body:
            if isinstance(each, nodes.AnnAssign) and isinstance(each.target, nodes.AssignName):
                yield each.target.name, each.annotation, _is_needed(project, each.value)


def _formed(name: str) -> str:
    """Return a text of the form that a name asks for; an empty text where it asks for none."""
    words = name.lower().split("_")
    ends = {" ".join(words[-1:]), " ".join(words[-2:])}
    ends |= {each.removesuffix("s") for each in ends}
    return next((text for names, text in _TEXTS.items() if ends & set(names)), "")


def _is_needed(project: Project, default: nodes.NodeNG | None) -> bool:
    """Tell whether a field must be given: none of the values that it is declared with is its default."""
    if not isinstance(default, nodes.Call) or project.called_name(default) not in _FIELD_MAKERS:
        return default is None
    first = default.args[0] if default.args else keyword_value(default, "default")
    by_function = keyword_value(default, "default_factory") is not None
    return not by_function and (first is None or (isinstance(first, nodes.Const) and first.value is Ellipsis))


def _instance(project: Project, made: nodes.ClassDef, depth: int) -> Any:
    """Return an object of a class as JSON: of an enumeration its first member, else a value for each required field."""
    if any(project.is_subclass(made, kind) for kind in _ENUMERATIONS):
        members = (each.value for each in made.body if isinstance(each, nodes.Assign))
        return next((project.value_of(each) for each in members), NOT_KNOWN)
    declared = list(fields(project, made))
    values = {name: example(project, each, name, depth - 1) for name, each, needed in declared if needed}
    return NOT_KNOWN if not declared or NOT_KNOWN in values.values() else values
