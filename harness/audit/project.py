"""A project as the rules see it: what is declared in it, what reaches what, and what its expressions mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from astroid import nodes

from harness.audit.findings import AuditFinding, Place, Severity, Unresolved
from harness.audit.subjects import Activity, Entry, Module, Reached, RetryPolicy, Started, Worker, Workflow


class Project:
    """The modules of an audit and all that rules may ask of them. Nothing of it is ever imported or run.

    Attributes:
        modules: The modules that were asked to be audited and could be read.
        workflows: All workflows of these.
        activities: All activities of these.
        workers: All calls of `Worker(...)` in these.
        started: All calls that start activities, local activities and child workflows, or continue as new.
    """

    modules: tuple[Module, ...]
    workflows: tuple[Workflow, ...]
    activities: tuple[Activity, ...]
    workers: tuple[Worker, ...]
    started: tuple[Started, ...]

    # What is reached

    def reached(self) -> Sequence[Reached]:
        """Return all code that workflows reach, each piece once, by the shortest path.

        It begins with the entry methods (empty path). Module-level code of own modules that workflow modules import
        in the sandbox is there too (`is_module`); of installed packages only the functions that are called.
        """
        raise NotImplementedError

    def reached_from(self, *starts: Entry | Workflow | Activity | nodes.FunctionDef) -> Sequence[Reached]:
        """Return all code that these reach, each piece once, the starts first; no module-level code."""
        raise NotImplementedError

    def walk(self, reached: Reached | nodes.NodeNG, *kinds: type[nodes.NodeNG]) -> Iterator[Any]:
        """Yield the nodes that run when this piece of code runs, in the order of the text.

        Comprehensions are part of it; nested functions, lambdas and (in a function) nothing else are not: they are
        pieces of their own if they are reached. Defaults and decorators of a nested function do run here. Of a class
        body, all but its methods' bodies. Code under `if TYPE_CHECKING:` does not run.

        Args:
            reached: The piece, or any node, for the part of it below that.
            kinds: Only nodes of these classes; all if none is given.
        """
        raise NotImplementedError

    def calls(self, reached: Reached) -> Iterator[nodes.Call]:
        """Yield the calls that run in this piece of code."""
        raise NotImplementedError

    # What expressions mean

    def called_name(self, call: nodes.Call, reached: Reached | None = None) -> str:
        """Return the dotted name of what is called, from where it is defined; empty if unknown.

        `time.time`, `datetime.datetime.now`, `random.Random` (a class), `random.Random.random` (a method of an
        instance, by the class that the instance was made of or annotated with), `builtins.open`, `app.tools.pick`.
        Import aliases, re-exports, local variables, attributes of `self`, annotations and the results of functions
        are followed. Packages that are not installed keep the names under which they are imported
        (`openai.OpenAI.chat.completions.create`).

        Args:
            call: The call.
            reached: The piece of code it stands in; with it `self` is the class that is really running.
        """
        raise NotImplementedError

    def called_names(self, call: nodes.Call, reached: Reached | None = None) -> tuple[str, ...]:
        """Return all names that a call may mean, where there are several; else as called_name."""
        raise NotImplementedError

    def name_of(self, expression: nodes.NodeNG, reached: Reached | None = None) -> str:
        """Return the dotted name of a function, class, module or attribute (`os.environ`); empty if it has none."""
        raise NotImplementedError

    def type_of(self, expression: nodes.NodeNG, reached: Reached | None = None) -> str:
        """Return the dotted name of the class of the value (`builtins.set`, `random.Random`); empty if unknown.

        Literals, constructors, annotations (`set[str]` is `builtins.set`, `Optional[X]` is X), returns of functions.
        """
        raise NotImplementedError

    def types_of(self, expression: nodes.NodeNG, reached: Reached | None = None) -> frozenset[str]:
        """Return the classes that the value may have; empty if unknown."""
        raise NotImplementedError

    def value_of(self, expression: nodes.NodeNG | None) -> Any:
        """Return the value of a constant expression, through names; durations in seconds. None if unknown or None.

        Numbers, texts, lists and tuples of these, arithmetic, timedelta(...), module constants, also imported ones.
        """
        raise NotImplementedError

    def definition_of(
        self, expression: nodes.NodeNG, reached: Reached | None = None
    ) -> nodes.FunctionDef | nodes.ClassDef | nodes.Lambda | None:
        """Return the function, class or lambda that an expression names, if its source could be read."""
        raise NotImplementedError

    def is_subclass(self, node: nodes.ClassDef, name: str) -> bool:
        """Tell whether a class is, or inherits from, the class of this dotted name."""
        raise NotImplementedError

    def retry_policy_of(self, expression: nodes.NodeNG) -> RetryPolicy | None:
        """Return the retry policy that an expression yields: written here, a constant, or made by a function."""
        raise NotImplementedError

    # Where things are

    def module_of(self, node: nodes.NodeNG) -> Module:
        """Return the module that a node stands in."""
        raise NotImplementedError

    def module_named(self, name: str) -> Module | None:
        """Return the module of this dotted name, if it belongs to the project or an installed package."""
        raise NotImplementedError

    def place(self, node: nodes.NodeNG, what: str = "") -> Place:
        """Return the place of a node."""
        raise NotImplementedError

    def source(self, node: nodes.NodeNG, limit: int = 60) -> str:
        """Return the text of a node as written, in one line, cut to this many characters."""
        raise NotImplementedError

    def finding(
        self,
        rule: str,
        node: nodes.NodeNG,
        message: str,
        *,
        severity: Severity,
        reached: Reached | None = None,
        workflow: str = "",
        evidence: Sequence[str] = (),
    ) -> AuditFinding:
        """Return a finding at a node, with the path and the workflow of the piece of code in which it was reached."""
        raise NotImplementedError

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Return the calls of workflow code that could not be followed."""
        raise NotImplementedError
