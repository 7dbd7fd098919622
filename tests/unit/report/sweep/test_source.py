"""The document of a run: the promised fields, every finding by itself, and every fault apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome
from harness.report.document import document as document_of
from harness.report.sweep.source import sweep_report
from tests.unit.report.samples import (
    FAILED,
    INAPPLICABLE,
    KILL,
    NO_MODEL,
    PASSED,
    POINT,
    TWICE,
    UNSHOWN,
    every_fault,
    several,
    swept,
    truncated,
    verdict,
)


def document(results: Sequence[SweepResult], *, folder: str = "") -> dict[str, Any]:
    return document_of(sweep_report(results, folder=folder))


def test_the_document_has_the_promised_fields() -> None:
    told = document([FAILED, PASSED], folder="f")
    assert {name: told[name] for name in ("schema_version", "outcome", "exit_status", "folder", "vacuous")} == {
        "schema_version": 1,
        "outcome": "FAIL",
        "exit_status": 1,
        "folder": "f",
        "vacuous": 0,
    }
    assert {name: told["trials"][name] for name in ("run", "passed", "failed", "unknown")} == {
        "run": 5,
        "passed": 3,
        "failed": 2,
        "unknown": 0,
    }
    assert told["points"] == {"known": 2, "struck": 2, "unreachable": 0}
    [finding] = told["findings"]
    assert {name: finding[name] for name in ("id", "check", "message", "scenario", "plan", "reproduce")} == {
        "id": TWICE.id,
        "check": "effects-happen-once",
        "message": "charge happened 2 times, expected once",
        "scenario": "trip",
        "plan": KILL,
        "reproduce": "crashproof reproduce 9f3a2c",
    }
    assert finding["trials"] == ("9f3a2c", "77aa01")


def test_a_run_that_shows_nothing_counts_its_vacuous_trials_and_says_why_each_is_unknown() -> None:
    told = document([UNSHOWN])
    assert (told["outcome"], told["exit_status"], told["vacuous"]) == ("UNKNOWN", 3, 1)
    assert [len(trial["unknown"]) for trial in told["trials"]["verdicts"]] == [0, 1, 1]
    assert document([])["exit_status"] == 3


def test_each_fault_is_told_apart_by_scenario_and_over_all_of_them() -> None:
    nothing = {"known": 0, "struck": 0, "unreachable": 0, "passed": 0, "failed": 0, "unknown": 0}
    expected = {
        "kill-worker": {"family": "process", **nothing, "known": 1, "struck": 1, "failed": 1},
        "kill-server": {"family": "server", **nothing, "known": 1, "struck": 1, "passed": 1},
        "unavailable-once": {"family": "wire", **nothing, "unreachable": 1},
        "model-429": {"family": "model", "not_applicable": NO_MODEL},
        "model-400": {"family": "model", "not_applicable": NO_MODEL},
    }
    told = document([several(), several()])
    for scenario in told["scenarios"]:
        assert scenario["faults"] == expected
        assert list(scenario["faults"]) == list(expected)
        assert scenario["points"] == {"known": 2, "struck": 2, "unreachable": 1}
        assert scenario["unreachable"] == [f"unavailable-once@{POINT.id}"]
        assert [cut["fault"] for cut in scenario["cuts"]] == ["kill-worker", "kill-server", "unavailable-once"]
    doubled = {"family": "process", **nothing, "known": 2, "struck": 2, "failed": 2}
    assert told["faults"]["kill-worker"] == doubled
    assert told["faults"]["model-429"] == expected["model-429"]


def test_a_scenario_that_the_engine_cannot_run_has_no_outcome_and_counts_neither_way() -> None:
    told = document([PASSED, INAPPLICABLE])
    assert (told["outcome"], told["exit_status"]) == ("PASS", 0)
    assert told["scenarios"][1]["outcome"] == ""
    assert told["scenarios"][1]["inapplicable"] == INAPPLICABLE.inapplicable
    assert document([INAPPLICABLE])["exit_status"] == 3


def test_findings_with_one_cause_are_all_there() -> None:
    told = document([swept(verdict("9f3a2c", KILL, Outcome.FAIL, *truncated()))])
    assert [finding["message"] for finding in told["findings"]] == [finding.message for finding in truncated()]


def test_the_document_of_a_run_with_every_fault_is_json() -> None:
    told = msgspec.json.decode(msgspec.json.encode(document([every_fault(), INAPPLICABLE])))
    assert set(told["faults"]) == {cut.fault for cut in every_fault().cuts} | set(every_fault().not_applicable)
    assert told["points"] == {"known": 20, "struck": 20, "unreachable": 10}
