"""The rules that histories are judged by: all are explained, and each of them finds something."""

from __future__ import annotations

from harness.audit.histories import RECORDED, explained
from harness.audit.histories.catalogue import ALSO
from harness.audit.rules import RULES
from tests.unit.audit.histories import recorded_runs
from tests.unit.audit.histories.recorded_activities import CASES

assert recorded_runs  # its histories are among the cases


def test_every_rule_on_histories_finds_something() -> None:
    shown = {rule for _, found in CASES.values() for rule, _ in found}
    assert shown == {*ALSO, *(rule.id for rule in RECORDED)}


def test_rules_on_histories_are_explained_beside_those_on_code() -> None:
    rules = [rule.id for rule in explained(RULES)]
    assert rules == sorted(set(rules))
    assert {*ALSO, "CP701", "CP702"} <= set(rules)
