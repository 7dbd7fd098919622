"""The catalogue lists every check that a module beside it defines, each once, with a sentence that ends."""

from __future__ import annotations

import importlib
import pkgutil

from harness import checks
from harness.checks.catalogue import standard
from harness.checks.check import Check
from harness.records.verdict import Harm


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
    mild = {each.name: each.harm for each in standard() if each.harm is not Harm.BROKEN}
    assert mild == {
        "heartbeat-declared": Harm.RISKY,
        "retry-bounded": Harm.RISKY,
        "retry-names-exist": Harm.RISKY,
        "graceful-stop": Harm.RISKY,
        "no-work-redone": Harm.WASTEFUL,
        "one-model-request-per-attempt": Harm.WASTEFUL,
        "model-call-not-repeated": Harm.WASTEFUL,
        "retry-after-honoured": Harm.WASTEFUL,
        "terminal-error-tried-once": Harm.WASTEFUL,
    }
