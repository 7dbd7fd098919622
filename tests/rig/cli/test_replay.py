"""``crashproof replay`` as its user meets it: what it prints, in every form, and the file of accepted differences."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.rig.cli.running import ROOT, Done, crashproof

HISTORIES = Path("tests/replay/planted/histories")
PROMPT = ("--workflows", "tests.replay.planted.changes.prompt", "--condition", "plain")
SAME = ("--workflows", "tests.replay.planted.recorded", "--condition", "plain")
RESEARCH = str(HISTORIES / "research-1.json")
KEYS = {"schema_version", "outcome", "exit_status", "trials", "points", "vacuous", "findings"}
FINDING_KEYS = {"id", "check", "message", "scenario", "plan", "reproduce"}
LINE = "tests/replay/planted/changes/prompt.py"
MESSAGE = (
    'ScheduleActivityTask plan: input.0 was "Plan the research on tea in two steps.", '
    'is "Plan the research on tea in three steps."'
)


def replayed(folder: Path, *options: str, paths: tuple[str, ...] = (RESEARCH,)) -> Done:
    link = folder / "tests"
    if not link.exists():
        link.symlink_to(ROOT / "tests")
    return crashproof("replay", *paths, *options, cwd=folder)


def test_change_is_told_with_its_line_and_the_command_that_shows_it_again(tmp_path: Path) -> None:
    done = replayed(tmp_path, *PROMPT)
    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[:3] == ["Research", "  FAIL  replays-as-recorded", f"    {MESSAGE}"]
    assert re.fullmatch(rf"      {re.escape(LINE)}:\d+ in run", lines[3])
    assert lines[4:8] == [
        "      event 5, in the workflow task of event 3",
        "      Temporal's own replay lets it pass: of activities id and type are compared alone",
        f"    In {RESEARCH}",
        f"    Reproduce with:  crashproof replay {RESEARCH} --workflows tests.replay.planted.changes.prompt",
    ]
    assert re.fullmatch(
        r"FAIL: 1 history replayed against tests\.replay\.planted\.changes\.prompt, "
        r"6 commands of 6 workflow tasks compared, 1 condition, 1 finding \(\d+\.\d s\)",
        lines[-1],
    )


def test_unchanged_code_passes(tmp_path: Path) -> None:
    done = replayed(tmp_path, *SAME, paths=(str(HISTORIES / "booking-*.json"),))
    assert done.status == 0
    assert "FAIL" not in done.out
    assert done.out.splitlines()[-1].startswith("PASS: 2 histories replayed against tests.replay.planted.recorded, ")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("document")
    (folder / "empty.json").write_text("")
    return replayed(folder, *PROMPT, "-o", "json", paths=(RESEARCH, "empty.json")).json


def test_document_has_what_every_judging_command_has(document: Any) -> None:
    assert document.keys() >= KEYS
    assert (document["outcome"], document["exit_status"]) == ("FAIL", 1)
    assert document["trials"] == {"run": 2, "passed": 0, "failed": 1, "unknown": 1}
    assert document["points"] == {"known": 6, "struck": 6, "unreachable": 0}
    assert document["vacuous"] == 1
    (finding,) = document["findings"]
    assert finding.keys() >= FINDING_KEYS
    assert (finding["message"], finding["histories"]) == (MESSAGE, [RESEARCH])
    assert finding["difference"]["field"] == "input.0"
    assert [each["file"] for each in document["histories"]] == [RESEARCH, "empty.json"]
    assert document["histories"][0]["findings"] == [finding["id"]]
    assert (document["commands"], document["conditions"]) == (6, ["plain"])


def test_jsonl_is_the_document_on_one_line(tmp_path: Path) -> None:
    done = replayed(tmp_path, *PROMPT, "-o", "jsonl")
    (line,) = done.out.splitlines()
    assert json.loads(line).keys() >= KEYS


def test_junit_has_a_case_for_each_history(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    done = replayed(tmp_path, *PROMPT, "--report", "junit", paths=(RESEARCH, "empty.json"))
    assert done.status == 1
    (suite,) = ElementTree.fromstring(done.out)
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "2",
        "failures": "1",
        "errors": "1",
    }
    changed, empty = suite
    (failure,) = changed
    assert (changed.get("name"), failure.get("message")) == (RESEARCH, MESSAGE)
    assert LINE in str(failure.text)
    assert "Reproduce with: crashproof replay" in str(failure.text)
    assert "is empty" in str(empty[0].get("message"))


def test_sarif_gives_the_source_line_as_location(tmp_path: Path) -> None:
    done = replayed(tmp_path, *PROMPT, "--report", "sarif")
    log = json.loads(done.out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "replays-as-recorded"
    (place,) = result["locations"]
    told = place["physicalLocation"]
    assert told["artifactLocation"]["uri"] == LINE
    source = (ROOT / LINE).read_text().splitlines()[told["region"]["startLine"] - 1]
    assert source.endswith("# decided")
    assert MESSAGE in result["message"]["text"]


def test_report_cases_whatever_differs_at_a_path_is_accepted(tmp_path: Path) -> None:
    done = replayed(tmp_path, *PROMPT, "--accept", "activity.input[0]", "--reason", "prompts are tuned each week")
    assert done.status == 0, done.out
    assert 'path = "activity.input[0]"' in (tmp_path / "crashproof-accepted.toml").read_text()
    assert replayed(tmp_path, *PROMPT).status == 0
    refused = replayed(tmp_path, *PROMPT, "--accept", "input[0]", "--reason", "r")
    assert refused.status == 2
    assert "is no path of a difference" in refused.err


def test_accepted_difference_is_written_reviewed_and_passes(tmp_path: Path) -> None:
    file = tmp_path / "crashproof-accepted.toml"
    done = replayed(tmp_path, *PROMPT, "--accept")
    assert done.status == 1
    assert f"1 accepted difference is in {file.name}: review it" in done.err
    assert "not in force, no reason is given: Research ScheduleActivityTask plan input.0" in done.out
    done = replayed(tmp_path, *PROMPT, "--accept", "--reason", "three are better", "--until", "2999-12-31")
    assert done.status == 0
    text = file.read_text()
    assert 'reason = "three are better"' in text
    assert "until = 2999-12-31" in text
    done = replayed(tmp_path, *PROMPT, "-o", "json")
    told = done.json
    assert (done.status, told["findings"], told["stale"]) == (0, [], [])
    assert [(each["message"], each["accepted"]) for each in told["accepted"]] == [(MESSAGE, "three are better")]


def test_stale_and_expired_entries_are_told_and_expired_ones_fail(tmp_path: Path) -> None:
    options = ("--accepted", "mine.toml")
    done = replayed(tmp_path, *PROMPT, *options, "--accept", "--reason", "r", "--until", "2020-12-31")
    assert done.status == 1
    assert "accepted until 2020-12-31, which is over: Research ScheduleActivityTask plan input.0" in done.out
    file = tmp_path / "mine.toml"
    file.write_text(file.read_text().replace("2020-12-31", "2999-12-31"))
    done = replayed(tmp_path, *SAME, *options)
    assert done.status == 0
    assert "accepted, but no history shows it any more: Research ScheduleActivityTask plan input.0" in done.out


def test_malformed_file_of_accepted_differences_is_told_before_the_replay(tmp_path: Path) -> None:
    (tmp_path / "crashproof-accepted.toml").write_text("[[accepted]]\nworkflw = 'a'\n")
    done = replayed(tmp_path, *PROMPT)
    assert (done.status, done.out) == (2, "")
    assert "crashproof-accepted.toml, entry 1: 'workflw' is no key" in done.err
    assert "reading histories" not in done.err
