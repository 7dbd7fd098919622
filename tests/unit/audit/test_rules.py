"""The catalogue of rules: every module of the room is in it, and rules are found by their id and by their name."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit import rules
from harness.audit.rules import RULES, named
from harness.errors import UsageError


def test_every_module_of_the_room_has_rules_in_the_catalogue() -> None:
    families = {path.stem for path in Path(rules.__file__).parent.glob("*.py")} - {"__init__"}
    listed = {rule.judge.__module__.rpartition(".")[2] for rule in RULES}
    assert families == listed


def test_ids_and_names_are_unique_and_in_order() -> None:
    assert [rule.id for rule in RULES] == sorted({rule.id for rule in RULES})
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.id))
def test_a_rule_is_found_by_its_id_and_by_its_name(rule: rules.Rule) -> None:
    assert named(rule.id.lower()) is named(f" {rule.name} ") is rule


def test_a_rule_that_there_is_not_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"There is no rule 'CP10' \(did you mean 'CP\d+'"):
        named("CP10")
