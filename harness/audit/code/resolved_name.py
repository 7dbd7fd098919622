"""What an expression of the audited code stands for, and what is known of Python's library without reading it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from astroid import nodes

Owner = nodes.ClassDef | None
"""The class that `self` is an instance of where an expression stands."""


@dataclass(frozen=True, kw_only=True)
class ResolvedName:
    """One thing that an expression may stand for: a module, class or function, or an instance of a class.

    Attributes:
        name: Dotted name of the module, function, class or attribute; of an instance, of its class.
        node: Its definition, if that is code that was read: ClassDef, FunctionDef, Lambda or Module.
        instance: Whether it is an instance of the named class, and not the class itself.
        owner: The class whose instance a method was taken from.
        arguments: Of a generic class, the annotations in its brackets; of a literal, its elements.
        annotated: Whether `arguments` are annotations.
    """

    name: str
    node: nodes.NodeNG | None = None
    instance: bool = False
    owner: nodes.ClassDef | None = None
    arguments: tuple[nodes.NodeNG, ...] = ()
    annotated: bool = False


LITERALS = {
    nodes.List: "builtins.list",
    nodes.ListComp: "builtins.list",
    nodes.Set: "builtins.set",
    nodes.SetComp: "builtins.set",
    nodes.Dict: "builtins.dict",
    nodes.DictComp: "builtins.dict",
    nodes.Tuple: "builtins.tuple",
    nodes.GeneratorExp: "types.GeneratorType",
    nodes.JoinedStr: "builtins.str",
    nodes.Compare: "builtins.bool",
}

CLASSES_IN_LOWER_CASE = frozenset(
    [f"builtins.{name}" for name in ("set", "frozenset", "dict", "list", "tuple", "str", "bytes", "bytearray", "int")]
    + [f"builtins.{name}" for name in ("float", "bool", "object", "complex", "range", "enumerate", "zip", "map")]
    + [f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta", "timezone")]
    + ["collections.deque", "collections.defaultdict", "threading.local", "functools.partial", "array.array"]
    + ["socket.socket", "itertools.count", "itertools.chain", "asyncio.timeout"]
)
"""Classes that do not look like classes."""

SAME_AS = {
    "typing.List": "builtins.list",
    "typing.Dict": "builtins.dict",
    "typing.Set": "builtins.set",
    "typing.FrozenSet": "builtins.frozenset",
    "typing.Tuple": "builtins.tuple",
    "typing.Type": "builtins.type",
    "typing.AbstractSet": "collections.abc.Set",
    "typing.MutableSet": "collections.abc.MutableSet",
    "typing.Deque": "collections.deque",
    "typing.DefaultDict": "collections.defaultdict",
    **{f"typing.{name}": f"collections.abc.{name}" for name in ("Sequence", "Iterable", "Iterator", "Mapping")},
}

RETURNS = {
    "builtins.sorted": "builtins.list",
    "builtins.open": "io.TextIOWrapper",
    "builtins.input": "builtins.str",
    "builtins.repr": "builtins.str",
    "builtins.hash": "builtins.int",
    "builtins.id": "builtins.int",
    "builtins.len": "builtins.int",
    "builtins.vars": "builtins.dict",
    "builtins.dict.keys": "builtins.dict_keys",
    "builtins.dict.fromkeys": "builtins.dict",
    "builtins.dict.copy": "builtins.dict",
    "builtins.list.copy": "builtins.list",
    "json.dumps": "builtins.str",
    "temporalio.workflow.now": "datetime.datetime",
    "temporalio.workflow.uuid4": "uuid.UUID",
    "temporalio.workflow.time": "builtins.float",
    "pathlib.Path.read_text": "builtins.str",
    "pathlib.Path.read_bytes": "builtins.bytes",
    "sqlite3.connect": "sqlite3.Connection",
    "uuid.uuid4": "uuid.UUID",
    "uuid.uuid1": "uuid.UUID",
    "random.SystemRandom": "random.SystemRandom",
    **{f"builtins.str.{name}": "builtins.list" for name in ("split", "rsplit", "splitlines")},
    **{
        f"builtins.str.{name}": "builtins.str"
        for name in (
            "join",
            "strip",
            "lstrip",
            "rstrip",
            "lower",
            "upper",
            "replace",
            "format",
            "title",
            "removeprefix",
        )
    },
    "builtins.str.encode": "builtins.bytes",
    "builtins.bytes.decode": "builtins.str",
    **{
        f"builtins.{kind}.{name}": f"builtins.{kind}"
        for kind in ("set", "frozenset")
        for name in ("union", "intersection", "difference", "symmetric_difference", "copy")
    },
    **{
        f"datetime.datetime.{name}": "datetime.datetime"
        for name in ("now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp", "astimezone", "replace", "combine")
    },
    "datetime.datetime.fromisoformat": "datetime.datetime",
    "datetime.datetime.isoformat": "builtins.str",
    "datetime.datetime.timestamp": "builtins.float",
    "datetime.date.today": "datetime.date",
}
"""What functions and methods of the standard library return, where that matters."""

FIRST_ARGUMENT = frozenset(
    (
        *("functools.partial", "copy.copy", "copy.deepcopy", "dataclasses.replace", "contextlib.closing"),
        *("asyncio.create_task", "asyncio.shield", "asyncio.ensure_future", "asyncio.wait_for", "asyncio.run"),
        *("builtins.reversed", "builtins.iter", "builtins.aiter"),
    )
)
"""Functions whose result behaves, for us, like their first argument (`cast`: like an instance of it)."""


def is_class_name(name: str) -> bool:
    """Tell whether a dotted name of code that was not read is that of a class, by how it is written."""
    last = name.rpartition(".")[2].lstrip("_")
    return name in CLASSES_IN_LOWER_CASE or (last[:1].isupper() and not last.isupper()) or last in ("OpenAI", "UUID")


def qualified(node: nodes.NodeNG) -> str:
    """Return the dotted name of a definition, with its module."""
    qname: Callable[[], str] = node.qname  # type: ignore[attr-defined]
    return qname()
