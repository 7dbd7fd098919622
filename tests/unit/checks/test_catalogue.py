"""The catalogue lists every check that a module beside it defines, each once, with a sentence that ends."""

from __future__ import annotations

import importlib
import pkgutil

from harness import checks
from harness.checks.catalogue import standard
from harness.checks.check import Check


def test_every_check_of_the_room_is_standard() -> None:
    modules = [importlib.import_module(f"harness.checks.{each.name}") for each in pkgutil.iter_modules(checks.__path__)]
    defined = {each.name for module in modules for each in vars(module).values() if isinstance(each, Check)}
    assert {each.name for each in standard()} == defined


def test_names_are_used_once_and_sentences_end() -> None:
    names = [each.name for each in standard()]
    assert len(set(names)) == len(names)
    assert all(each.property.endswith(".") for each in standard())
