"""The interface of the name resolver that its own parts use: the resolver itself stands in ``name_resolver``.

The parts call one another: what an attribute means depends on what is assigned to it, and what is assigned on the
attributes of something else. Each part takes a `Resolver`, so that none has to import the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from astroid import nodes

from harness.audit.code.modules import Modules
from harness.audit.code.resolved_name import Owner, ResolvedName


class Resolver(Protocol):
    """Resolves expressions, and remembers what its parts have looked up.

    Attributes:
        modules: The modules of the project.
        starring: The names that are being looked for behind ``from … import *``.
        lineages: Each class with all that it inherits from, nearest first.
        attributes: For each class where its methods assign to attributes of ``self``.
        returns: What functions return, by function and class of its ``self``.
        inferences: How many expressions astroid was asked for.
    """

    modules: Modules
    starring: set[tuple[nodes.Module, str]]
    lineages: dict[nodes.ClassDef, list[ResolvedName]]
    attributes: dict[nodes.ClassDef, dict[str, list[nodes.AssignAttr]]]
    returns: dict[tuple[nodes.NodeNG, Owner], tuple[ResolvedName, ...]]
    inferences: int

    @property
    def is_deep(self) -> bool:
        """Tell whether an answer is being looked for to answer something else."""

    def of(self, node: nodes.NodeNG | None, owner: Owner = None) -> tuple[ResolvedName, ...]:
        """Return what an expression may stand for; nothing if that is unknown."""

    def annotated(self, node: nodes.NodeNG | None, owner: Owner = None) -> tuple[ResolvedName, ...]:
        """Return what a value of this annotation may be."""

    def bound(self, statement: nodes.NodeNG, name: str, owner: Owner = None) -> Iterable[ResolvedName]:
        """Return what a statement that binds a name gives to it."""

    def returned(self, function: ResolvedName) -> Iterable[ResolvedName]:
        """Return what a function returns."""

    def of_module(self, name: str, tree: nodes.Module) -> ResolvedName:
        """Return what the import of a module stands for: with its tree if it is the project's own code."""
