"""The rules on code: each module here is a family of them, with a tuple ``RULES``, and is listed by being here."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from harness.audit.rule import Rule as Rule
from harness.errors import UsageError, nearest


def _listed() -> Iterator[Rule]:
    for family in iter_modules(__path__, prefix=f"{__name__}."):
        yield from import_module(family.name).RULES


RULES: tuple[Rule, ...] = tuple(sorted(_listed(), key=lambda rule: rule.id))
"""All rules on code, by id."""


def named(id_or_name: str) -> Rule:
    """Return the rule of that id or name, in whatever case.

    Raises:
        UsageError: If there is none; the message names the nearest one.
    """
    by_name = {key.lower(): rule for rule in RULES for key in (rule.id, rule.name)}
    if rule := by_name.get(id_or_name.strip().lower()):
        return rule
    raise UsageError(f"There is no rule {id_or_name!r}{nearest(id_or_name.upper(), [rule.id for rule in RULES])}.")
