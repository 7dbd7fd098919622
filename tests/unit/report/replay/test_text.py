"""The reports of a strict replay: whole text, document, JUnit XML and SARIF, from hand-written records."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec

from harness.records.replay_result import ReplayFinding, ReplayResult
from harness.report.document import document
from harness.report.junit import junit
from harness.report.replay.source import replay_report
from harness.report.replay.text import replay_text
from harness.report.sarif import sarif
from tests.unit.report.replayed import CHANGE, DEPENDS, FAILED, PASSED, REPLAYED

TEXT = """\
Order
  FAIL  replays-as-recorded
    ScheduleActivityTask book: input.0 was "Graz", is "Wien"
      app/order.py:7 in run
      called from app/order.py:3 in main -> app/order.py:5 in step
      event 5, in the workflow task of event 3
      Temporal's own replay lets it pass: of activities id and type are compared alone
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

history             workflow  outcome  events  tasks  commands
h/one.json          Order     FAIL         34      5         6
h/two.json          Order     PASS          9      1         2
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
    return json.loads(msgspec.json.encode(document(replay_report(replayed, reproduce=again)), enc_hook=repr))


def test_text() -> None:
    assert replay_text(REPLAYED, reproduce=again) == TEXT


def test_one_finding_of_many_histories_is_told_once() -> None:
    files = [f"h/{number}.json" for number in range(30)]
    many = tuple(replace(FAILED, file=file, findings=(replace(CHANGE, histories=(file,)),)) for file in files)
    text = replay_text(ReplayResult(against="a", histories=(*many, PASSED)), reproduce=again)
    assert text.count("FAIL  replays-as-recorded") == 1
    assert "    In h/0.json, h/1.json, h/2.json and 27 other histories" in text
    assert "\n1 history passed and is not listed\n" in text
    assert "h/two.json  " not in text


def test_accepted_finding_comes_last_with_its_reason() -> None:
    accepted = replace(CHANGE, accepted="by design")
    told = ReplayResult(against="a", histories=(replace(FAILED, findings=(accepted, DEPENDS)),))
    text = replay_text(told, reproduce=again)
    assert text.index("replays-under-every-condition") < text.index("accepted  replays-as-recorded")
    assert "      accepted: by design" in text
    whole = written(told)
    assert [each["check"] for each in whole["findings"]] == [DEPENDS.check]
    assert [each["accepted"] for each in whole["accepted"]] == ["by design"]
    assert b"Graz" not in junit(replay_report(told, reproduce=again))
    _, result = sarif(replay_report(told, reproduce=again), version="1")["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "by design"}]
