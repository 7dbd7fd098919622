"""Replays as a report: the document, JUnit XML and SARIF of hand-written records."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import msgspec

from harness.records.replay_result import ReplayFinding, ReplayResult
from harness.report.document import document
from harness.report.junit import junit
from harness.report.replay.source import replay_report
from harness.report.sarif import sarif
from tests.unit.report.replayed import CHANGE, DEPENDS, REPLAYED, UNKNOWN


def again(finding: ReplayFinding) -> str:
    return f"crashproof replay {finding.histories[0]}"


def written(replayed: ReplayResult) -> Any:
    return json.loads(msgspec.json.encode(document(replay_report(replayed, reproduce=again)), enc_hook=repr))


def test_document() -> None:
    told = written(REPLAYED)
    assert {name: told[name] for name in ("outcome", "exit_status", "trials", "points", "vacuous", "conditions")} == {
        "outcome": "FAIL",
        "exit_status": 1,
        "trials": {"run": 3, "passed": 1, "failed": 1, "unknown": 1},
        "points": {"known": 7, "struck": 6, "unreachable": 1},
        "vacuous": 1,
        "conditions": ["plain", "time zone east"],
    }
    assert told["unusable"] == ["app.other cannot be used: ImportError: no"]
    change, depends = told["findings"]
    assert (change["difference"]["old"], change["difference"]["new"], change["line"]) == ("Graz", "Wien", CHANGE.line)
    assert [each["function"] for each in depends["causes"]] == [f"time.time{number}" for number in range(5)]
    assert told["histories"][0]["findings"] == [change["id"], depends["id"]]
    assert told["histories"][2]["reason"] == "it is empty"


def test_nothing_compared_is_unknown() -> None:
    assert written(ReplayResult(against="a"))["exit_status"] == 3
    assert written(ReplayResult(against="a", histories=(UNKNOWN,)))["outcome"] == "UNKNOWN"


def test_junit_is_xml_whatever_a_history_says() -> None:
    (suite,) = ElementTree.fromstring(junit(replay_report(REPLAYED, reproduce=again)))
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert [case.get("name") for case in suite][2] == "h/\N{REPLACEMENT CHARACTER}[31mcut.json"
    assert [failure.get("type") for failure in suite[0]] == [CHANGE.check, DEPENDS.check]


def test_sarif_places() -> None:
    log = sarif(replay_report(REPLAYED, reproduce=again), version="1.2.3")
    (run,) = log["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places] == [
        ("app/order.py", 7),
        ("h/one.json", 1),
    ]
    changed, depends = run["results"]
    assert "lets it pass: of activities id and type" in changed["message"]["text"]
    assert (changed["properties"]["tolerated"], "tolerated" in depends["properties"]) == (True, False)
    assert run["tool"]["driver"]["version"] == "1.2.3"
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].endswith("cut.json: it is empty")
