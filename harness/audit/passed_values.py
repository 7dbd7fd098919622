"""What client code passes to a workflow, as far as it can be read; what of it cannot be read is made up.

A value is read where it is a constant, or made of constants: lists, dicts, objects of dataclasses and models. It is
followed through variables, through loops over lists (their first element that can be read), through the parameters
of functions to what they are called with, and to the defaults of options and of variables of the environment.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from astroid import nodes
from astroid.exceptions import NoDefault

from harness.audit import plain_values
from harness.audit.code.astroid_nodes import Node, elements, items, keyword_value, looped_over
from harness.audit.code.origins import passed_arguments
from harness.audit.code.project import Project
from harness.audit.code.start_calls import calls_of
from harness.audit.made_up_values import DEEPEST, NOT_KNOWN, example, fields, parameters

_MOST = 30
"""How many elements of a list, or calls of a function, are looked at for one that can be read."""


@dataclass(frozen=True, kw_only=True)
class PassedValues:
    """What a client call passes.

    Attributes:
        arguments: The values, as JSON.
        filled: Names of the parameters and fields that could not be read, and were made up.
    """

    arguments: tuple[Any, ...]
    filled: tuple[str, ...] = ()


def passed(project: Project, calls: Iterable[nodes.Call], receiver: nodes.FunctionDef | None) -> PassedValues | None:
    """Return what that one of some client calls passes of which the least had to be made up.

    Args:
        project: The project.
        calls: Calls that start a workflow, or send it something; its own name comes first.
        receiver: The method that gets it.

    Returns:
        It, or None where nothing that any of them passes can be read.
    """
    read = [each for call in calls if (each := _CallReader(project).call(call, receiver)) is not None]
    return min(read, key=lambda each: len(each.filled), default=None)


class _CallReader:
    """Reads the values that one client call passes.

    Attributes:
        filled: Names of what was made up so far.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.filled: list[str] = []
        self._followed: set[nodes.NodeNG] = set()

    def call(self, call: nodes.Call, receiver: nodes.FunctionDef | None) -> PassedValues | None:
        expressions = self._arguments(call)
        if expressions is None:
            return None
        names = parameters(receiver) if receiver else []
        values = [self._written(each, DEEPEST) for each in expressions]
        if expressions and all(each is NOT_KNOWN for each in values):
            return None
        for position, value in enumerate(values):
            if value is NOT_KNOWN and position < len(names):
                parameter, annotation = names[position]
                values[position] = self._fill(parameter.name, annotation)
        filled = tuple(dict.fromkeys(self.filled))
        known = tuple(plain_values.as_json(each) for each in values)
        return None if NOT_KNOWN in values else PassedValues(arguments=known, filled=filled)

    def _arguments(self, call: nodes.Call) -> list[nodes.NodeNG] | None:
        """Return the expressions behind the name of what is called for; None where they are not written one by one."""
        expressions = list(call.args[1:])
        if (alone := keyword_value(call, "arg")) is not None:
            expressions.append(alone)
        if (several := keyword_value(call, "args")) is not None:
            listed = next(self._lists(several), None)
            return None if listed is None else [*expressions, *elements(listed)]
        return expressions

    def _fill(self, name: str, annotation: nodes.NodeNG | None) -> Any:
        self.filled.append(name)
        return example(self._project, annotation, name)

    def _written(self, expression: Any, depth: int) -> Any:
        """Return the JSON value of an expression, or NOT_KNOWN."""
        if depth == 0:
            return NOT_KNOWN
        match expression:
            case nodes.Const():
                return expression.value if isinstance(expression.value, str | int | float | None) else NOT_KNOWN
            case nodes.List() | nodes.Tuple() | nodes.Set():
                values = [self._written(each, depth - 1) for each in elements(expression)]
                return NOT_KNOWN if NOT_KNOWN in values else values
            case nodes.Dict():
                return self._dict(expression, depth)
            case nodes.JoinedStr():
                texts = [self._text(each, depth) for each in expression.values]
                return NOT_KNOWN if NOT_KNOWN in texts else "".join(texts)
            case nodes.Call():
                return self._called(expression, depth)
            case nodes.Subscript():
                return self._item(expression, depth)
            case nodes.BinOp():
                left, right = (self._written(each, depth - 1) for each in (expression.left, expression.right))
                return plain_values.of_operation(expression.op, left, right)
            case nodes.Attribute():
                value = self._best(self._sources(expression), depth)
                if value is not NOT_KNOWN:
                    return value
                return plain_values.of_attribute(self._written(expression.expr, depth - 1), expression.attrname)
            case nodes.Name() | nodes.IfExp() | nodes.BoolOp():
                return self._best(self._sources(expression), depth)
        return NOT_KNOWN

    def _best(self, expressions: Iterable[nodes.NodeNG], depth: int) -> Any:
        """Return the value of the first expression that can be read wholly, or else in parts."""
        best, holes = NOT_KNOWN, list[str]()
        known = len(self.filled)
        for each in itertools.islice(expressions, _MOST):
            value = self._written(each, depth - 1)
            made_up = self.filled[known:]
            del self.filled[known:]
            if value is not NOT_KNOWN and not made_up:
                return value
            if best is NOT_KNOWN:
                best, holes = value, made_up
        self.filled += holes if best is not NOT_KNOWN else []
        return best

    def _dict(self, expression: nodes.Dict, depth: int) -> Any:
        pairs = [(self._project.value_of(key), self._written(each, depth - 1)) for key, each in items(expression)]
        known = all(isinstance(key, str) and each is not NOT_KNOWN for key, each in pairs)
        return dict(pairs) if known else NOT_KNOWN

    def _text(self, part: Node, depth: int) -> Any:
        if not isinstance(part, nodes.FormattedValue):
            return self._written(part, depth - 1)
        form = self._written(part.format_spec, depth - 1) if part.format_spec else ""
        return plain_values.formatted(self._written(part.value, depth - 1), form)

    def _called(self, call: nodes.Call, depth: int) -> Any:
        name = self._project.called_name(call)
        if name in ("os.getenv", "os.environ.get") and len(call.args) > 1:
            return self._written(call.args[1], depth - 1)
        made = self._object(call, depth)
        if made is not NOT_KNOWN:
            return made
        arguments = [self._written(each, depth - 1) for each in call.args]
        keywords = {each.arg: self._written(each.value, depth - 1) for each in call.keywords if each.arg}
        value = plain_values.of_function(name, arguments, keywords)
        if value is NOT_KNOWN and isinstance(call.func, nodes.Attribute):
            return plain_values.of_method(self._written(call.func.expr, depth - 1), call.func.attrname, arguments)
        return value

    def _object(self, call: nodes.Call, depth: int) -> Any:
        """Return what a dataclass or model is as JSON, of which at least one field can be read."""
        declared = self._declared(call)
        if declared is None or any(each.arg is None for each in call.keywords) or len(call.args) > len(declared):
            return NOT_KNOWN
        values = {name: self._written(each, depth - 1) for name, each in self._made_with(call).items()}
        if values and all(each is NOT_KNOWN for each in values.values()):
            return NOT_KNOWN
        values |= {name: self._fill(name, declared.get(name)) for name, each in values.items() if each is NOT_KNOWN}
        return NOT_KNOWN if NOT_KNOWN in values.values() else values

    def _declared(self, call: nodes.Call) -> dict[str, nodes.NodeNG] | None:
        """Return the fields of the class that a call makes an object of, with their annotations; None: of none."""
        made = self._project.definition_of(call.func)
        if not isinstance(made, nodes.ClassDef):
            return None
        return {name: annotation for name, annotation, _ in fields(self._project, made)}

    def _made_with(self, call: nodes.Call) -> dict[str, nodes.NodeNG]:
        """Return what a call passes to the fields of the object that it makes."""
        by_position = dict(zip(self._declared(call) or (), call.args, strict=False))
        return by_position | {each.arg: each.value for each in call.keywords if each.arg}

    def _item(self, expression: nodes.Subscript, depth: int) -> Any:
        """Return an element of a list: the first that can be read where it is not written which; or of a dict."""
        if isinstance(expression.slice, nodes.Slice):
            return self._part(expression, depth)
        place = self._project.value_of(expression.slice)
        if isinstance(place, str):
            value = self._written(expression.value, depth - 1)
            return value.get(place, NOT_KNOWN) if isinstance(value, dict) else NOT_KNOWN
        listed = list(itertools.islice(self._elements(expression.value), _MOST))
        if isinstance(place, int) and -len(listed) <= place < len(listed):
            return self._written(listed[place], depth - 1)
        return self._best(listed, depth)

    def _part(self, expression: Node, depth: int) -> Any:
        """Return a part of a text or a list."""
        bounds = (expression.slice.lower, expression.slice.upper, expression.slice.step)
        places = [None if each is None else self._project.value_of(each) for each in bounds]
        known = all(isinstance(place, int) for place, each in zip(places, bounds, strict=True) if each is not None)
        whole = self._written(expression.value, depth - 1)
        return whole[slice(*places)] if known and isinstance(whole, str | list) else NOT_KNOWN

    def _sources(self, expression: Node) -> Iterator[nodes.NodeNG]:
        """Yield the expressions that a value may have been written as."""
        if isinstance(expression, nodes.Name):
            for bound in expression.lookup(expression.name)[1]:
                if bound not in self._followed:  # of a loop within a loop each may go through what the other gives
                    self._followed.add(bound)
                    try:
                        yield from self._of_bound(bound)
                    finally:
                        self._followed.discard(bound)
        origins = [each for each in self._project.origins_of(expression) if isinstance(each, nodes.NodeNG)]
        yield from (each for each in origins if each is not expression)
        if isinstance(expression, nodes.Attribute):
            yield from self._of_attribute(expression)

    def _of_bound(self, bound: Node) -> Iterator[nodes.NodeNG]:
        """Yield what a loop, an assignment to several names, or a function's parameter gives to a name."""
        if isinstance(bound.parent, nodes.Arguments):
            yield from self._given(bound)
            return
        position, loop = None, bound.parent
        if isinstance(loop, nodes.Tuple):
            position, loop = loop.elts.index(bound), loop.parent
        if isinstance(loop, nodes.Assign) and position is not None:
            for each in self._lists(loop.value):
                yield from elements(each)[position : position + 1]
        if not isinstance(loop, nodes.For | nodes.Comprehension):
            return
        iterated = looped_over(loop)
        if isinstance(iterated, nodes.Call):
            name = self._project.called_name(iterated)
            if name == "builtins.range":
                yield iterated.args[0] if len(iterated.args) > 1 else nodes.Const(0)
            if name == "builtins.enumerate" and position == 1:
                iterated, position = iterated.args[0], None
        for each in self._elements(iterated):
            if position is None:
                yield each
            elif isinstance(each, nodes.List | nodes.Tuple):
                yield from elements(each)[position : position + 1]

    def _given(self, parameter: Node) -> Iterator[nodes.NodeNG]:
        """Yield what the calls of a function give to one of its parameters, then its default."""
        function = parameter.parent.parent
        if not isinstance(function, nodes.FunctionDef):
            return
        for module in self._project.modules:
            for call in calls_of(module, frozenset({function.name})):
                if self._project.definition_of(call.func) is function:
                    given = passed_arguments(function, call.args, call.keywords)
                    yield from (each for name, each in given.items() if name == parameter.name)
        with contextlib.suppress(NoDefault):
            default: Any = function.args.default_value(parameter.name)  # type: ignore[no-untyped-call]
            yield default

    def _lists(self, expression: nodes.NodeNG) -> Iterator[nodes.NodeNG]:
        """Yield the lists, as they are written, that an expression may be."""
        for each in [expression, *self._sources(expression)]:
            if isinstance(each, nodes.List | nodes.Tuple | nodes.Set):
                yield each
            elif isinstance(each, nodes.Subscript) and not isinstance(each.slice, nodes.Slice):
                yield from (one for one in self._elements(each.value) if isinstance(one, nodes.List | nodes.Tuple))

    def _elements(self, expression: Node) -> Iterator[nodes.NodeNG]:
        """Yield the elements of a list as they are written, those that are appended to it included."""
        if isinstance(expression, nodes.Subscript) and isinstance(expression.slice, nodes.Slice):
            expression = expression.value
        for each in self._lists(expression):
            yield from elements(each)
        if isinstance(expression, nodes.Name):
            scope, _ = expression.lookup(expression.name)
            for call in scope.nodes_of_class(nodes.Call):
                if call.func.as_string() == f"{expression.name}.append":
                    yield from call.args[:1]

    def _of_attribute(self, expression: Node) -> Iterator[nodes.NodeNG]:
        """Yield the default of an option of the command line; or what an object was made with."""
        for made in self._sources(expression.expr):
            if not isinstance(made, nodes.Call):
                continue
            if isinstance(made.func, nodes.Attribute) and made.func.attrname == "parse_args":
                yield from self._option(self._project.module_of(expression), expression.attrname)
            else:
                yield from (each for name, each in self._made_with(made).items() if name == expression.attrname)

    def _option(self, module: Any, name: str) -> Iterator[nodes.NodeNG]:
        for call in calls_of(module, frozenset({"add_argument"})):
            flags = [self._project.value_of(each) for each in call.args]
            named = {str(each).lstrip("-").replace("-", "_") for each in flags}
            if name in named and (default := keyword_value(call, "default")) is not None:
                yield default
