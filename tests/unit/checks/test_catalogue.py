"""The catalogue lists every check that a module beside it defines, each once, with a sentence that ends."""

from __future__ import annotations

import importlib
import pkgutil

from harness import checks
from harness.checks.catalogue import standard
from harness.checks.check import Check
from harness.records.verdict import Severity


def test_every_check_of_the_room_is_standard() -> None:
    modules = [importlib.import_module(f"harness.checks.{each.name}") for each in pkgutil.iter_modules(checks.__path__)]
    defined = {each.name for module in modules for each in vars(module).values() if isinstance(each, Check)}
    assert {each.name for each in standard()} == defined


def test_names_are_used_once_and_sentences_end() -> None:
    names = [each.name for each in standard()]
    assert len(set(names)) == len(names)
    assert all(each.property.endswith(".") for each in standard())


def test_every_check_says_why_it_matters_and_how_to_mend_it() -> None:
    assert [each.name for each in standard() if not (each.why.endswith(".") and each.fix.endswith("."))] == []


def test_what_costs_or_will_only_break_is_not_called_broken() -> None:
    mild = {each.name: each.severity for each in standard() if each.severity is not Severity.BROKEN}
    assert mild == {
        "heartbeat-declared": Severity.RISKY,
        "retry-bounded": Severity.RISKY,
        "retry-names-exist": Severity.RISKY,
        "graceful-stop": Severity.RISKY,
        "address-can-be-told": Severity.RISKY,
        "no-work-redone": Severity.WASTEFUL,
        "one-model-request-per-attempt": Severity.WASTEFUL,
        "model-call-not-repeated": Severity.WASTEFUL,
        "retry-after-honoured": Severity.WASTEFUL,
        "terminal-error-tried-once": Severity.WASTEFUL,
    }
