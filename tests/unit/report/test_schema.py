"""The schemas describe the documents: what is written by hand for every form of the report is as they say."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.records.explore_result import Explorations
from harness.report.audit.source import audit_report
from harness.report.document import document, encoded, failure_document
from harness.report.explore.source import explore_report
from harness.report.finding import Report
from harness.report.replay.source import replay_report
from harness.report.schema import NAMES, schema
from harness.report.sweep.source import sweep_report
from tests.unit.report import audited, replayed, samples
from tests.unit.report.shapes import unlike


def as_printed(report: Report) -> Any:
    return msgspec.json.decode(encoded(document(report)))


SWEEPS = [
    samples.PASSED,
    samples.FAILED,
    samples.EXPLAINED,
    samples.UNSHOWN,
    samples.INAPPLICABLE,
    samples.several(),
    samples.graded(),
]


def test_a_document_of_runs_is_as_its_schema_says() -> None:
    assert unlike(as_printed(sweep_report(SWEEPS, folder="f")), "run") == []


def test_a_document_of_an_audit_is_as_its_schema_says() -> None:
    told = as_printed(audit_report(audited.EVERYTHING, rules=audited.RULES, reproduce=str))
    assert told["findings"]
    assert told["unresolved"]
    assert told["missed"]
    assert unlike(told, "audit") == []


def test_a_document_of_replays_is_as_its_schema_says() -> None:
    told = as_printed(replay_report(replayed.REPLAYED, reproduce=str))
    assert told["findings"]
    assert told["histories"]
    assert unlike(told, "replay") == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "finding"])
def test_what_a_command_says_that_could_not_judge_is_as_its_schema_says(name: str) -> None:
    assert unlike(msgspec.json.decode(encoded(failure_document("why", status=2))), name) == []


def test_a_document_that_lacks_something_or_has_more_is_told() -> None:
    told = as_printed(explore_report(Explorations(results=(), folder="f", seconds=1.0)))
    assert unlike(told, "explore") == []
    assert unlike({**told, "mood": "good"}, "explore")
    del told["outcome"]
    assert unlike(told, "explore") == ["$: 'outcome' is a required property"]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_printed_has_a_name_of_its_own_and_forbids_nothing_more(name: str) -> None:
    printed = msgspec.json.decode(CliRunner().invoke(cli, ["schema", name]).output)
    assert printed == schema(name)
    assert printed["$id"] == f"urn:crashproof:schema:{name}:1"
    jsonschema.Draft202012Validator.check_schema(printed)
    assert "additionalProperties" not in printed
