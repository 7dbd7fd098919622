"""The reports of a strict replay: whole text, document, JUnit XML and SARIF, from hand-written records."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import msgspec

from harness.records.replay_result import (
    Difference,
    LeftOut,
    NondeterministicCall,
    ReplayedHistory,
    ReplayFinding,
    ReplayResult,
)
from harness.records.verdict import Outcome
from harness.report.replay.document import replayed_document, replayed_junit, replayed_sarif
from harness.report.replay.text import replayed_text

CHANGE = ReplayFinding(
    check="replays-as-recorded",
    workflow="Order",
    message='ScheduleActivityTask book: input.0 was "Graz", is "Wien"',
    subject="ScheduleActivityTask book input.0",
    line="app/order.py:7 in run",
    difference=Difference(
        event_id=5,
        workflow_task=3,
        kind="ScheduleActivityTask",
        subject="book",
        field="input.0",
        old="Graz",
        new="Wien",
        line="app/order.py:7 in run",
    ),
    histories=("h/one.json",),
)
DEPENDS = ReplayFinding(
    check="replays-under-every-condition",
    workflow="Order",
    message="StartTimer 1 depends on the time zone",
    subject="StartTimer 1: time zone",
    conditions=("time zone east",),
    causes=tuple(
        NondeterministicCall(
            function=f"time.time{number}", stack=("app/order.py:7 in run", "app/now.py:2 in now"), workflow="Order"
        )
        for number in range(5)
    ),
    histories=("h/one.json",),
)
FAILED = ReplayedHistory(
    file="h/one.json",
    workflow="Order",
    workflow_id="one",
    run_id="r",
    events=34,
    outcome=Outcome.FAIL,
    commands=6,
    tasks=5,
    prefixes=4,
    left_out=(LeftOut(workflow_task=30, why="open"),),
    conditions=("plain", "time zone east"),
    findings=(CHANGE, DEPENDS),
)
PASSED = ReplayedHistory(
    file="h/two.json",
    workflow="Order",
    outcome=Outcome.PASS,
    events=9,
    commands=2,
    tasks=1,
    unseen=1,
    conditions=("plain",),
    note="no workflow id is kept with it",
)
UNKNOWN = ReplayedHistory(file="h/\x1b[31mcut.json", reason="it is empty")
REPLAYED = ReplayResult(
    against="app.workflows",
    histories=(FAILED, PASSED, UNKNOWN),
    stale=("accepted, but no history shows it any more: x",),
    unusable=("app.other cannot be used: ImportError: no",),
    seconds=1.25,
)

TEXT = """\
Order
  FAIL  replays-as-recorded
    ScheduleActivityTask book: input.0 was "Graz", is "Wien"
      app/order.py:7 in run
      event 5, in the workflow task of event 3
    In h/one.json
    Reproduce with:  crashproof replay h/one.json

Order
  FAIL  replays-under-every-condition
    StartTimer 1 depends on the time zone
      seen under: time zone east
      calls time.time0: app/order.py:7 in run -> app/now.py:2 in now
      calls time.time1: app/order.py:7 in run -> app/now.py:2 in now
      calls time.time2: app/order.py:7 in run -> app/now.py:2 in now
      … and 2 other non-deterministic calls
    In h/one.json
    Reproduce with:  crashproof replay h/one.json

  UNKNOWN  it is empty
    In h/\\x1b[31mcut.json

history          workflow  outcome  events  tasks  commands
h/one.json       Order     FAIL         34      5         6
h/two.json       Order     PASS          9      1         2
h/\\x1b[31mcut.json            UNKNOWN       0      0         0

  - 1 workflow task not compared: still open in the recording
  - 1 value not compared: encrypted, or kept by the replay
  - h/two.json: no workflow id is kept with it
  - app.other cannot be used: ImportError: no
  - accepted, but no history shows it any more: x

FAIL: 3 histories replayed against app.workflows, 8 commands of 6 workflow tasks compared, 4 prefixes, 2 conditions, \
2 findings (1.2 s)"""


def again(finding: ReplayFinding) -> str:
    return f"crashproof replay {finding.histories[0]}"


def written(replayed: ReplayResult) -> Any:
    return json.loads(msgspec.json.encode(replayed_document(replayed, again=again), enc_hook=repr))


def test_text() -> None:
    assert replayed_text(REPLAYED, again=again) == TEXT


def test_one_finding_of_many_histories_is_told_once() -> None:
    files = [f"h/{number}.json" for number in range(30)]
    many = tuple(replace(FAILED, file=file, findings=(replace(CHANGE, histories=(file,)),)) for file in files)
    text = replayed_text(ReplayResult(against="a", histories=(*many, PASSED)), again=again)
    assert text.count("FAIL  replays-as-recorded") == 1
    assert "    In h/0.json, h/1.json, h/2.json and 27 other histories" in text
    assert "\n1 history passed and is not listed\n" in text
    assert "h/two.json  " not in text


def test_accepted_finding_comes_last_with_its_reason() -> None:
    accepted = replace(CHANGE, accepted="by design")
    told = ReplayResult(against="a", histories=(replace(FAILED, findings=(accepted, DEPENDS)),))
    text = replayed_text(told, again=again)
    assert text.index("replays-under-every-condition") < text.index("accepted  replays-as-recorded")
    assert "      accepted: by design" in text
    document = written(told)
    assert [each["check"] for each in document["findings"]] == [DEPENDS.check]
    assert [each["accepted"] for each in document["accepted"]] == ["by design"]
    assert b"Graz" not in replayed_junit(told, again=again)
    _, result = replayed_sarif(told, again=again, version="1")["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "by design"}]


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
    (suite,) = ElementTree.fromstring(replayed_junit(REPLAYED, again=again))
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert [case.get("name") for case in suite][2] == "h/\N{REPLACEMENT CHARACTER}[31mcut.json"
    assert [failure.get("type") for failure in suite[0]] == [CHANGE.check, DEPENDS.check]


def test_sarif_places() -> None:
    log = replayed_sarif(REPLAYED, again=again, version="1.2.3")
    (run,) = log["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places] == [
        ("app/order.py", 7),
        ("h/one.json", 1),
    ]
    assert run["tool"]["driver"]["version"] == "1.2.3"
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"].endswith("cut.json: it is empty")
