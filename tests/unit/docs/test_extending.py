"""An installed package adds one of everything, and each shows where those of crashproof show."""

from __future__ import annotations

import configparser
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness import extensions, faults
from harness.checks import catalogue as checks
from harness.cli.checks import checks as checks_command
from harness.cli.faults import faults as faults_command
from harness.doors.model import catalogue as dialects
from harness.doors.model import faulty, model
from harness.doors.model.faulty import MetCall, answer_to
from harness.faults import catalogue
from harness.records.point import Point
from harness.records.sweep_result import SweepResult
from harness.records.tape import Entry
from harness.report import files
from harness.servers import engine
from harness.trial.live_tape import LiveTape
from harness.trial.striking import Striking

PAGE = (Path(harness.__file__).parent / "docs/extending.md").read_text()
PACKAGE = Path(__file__).parent / "package"
CACHED: tuple[Any, ...] = (
    extensions.installed,
    catalogue._by_name,
    checks.standard,
    dialects.listed,
    files.forms,
    engine.engines,
)


def forget() -> None:
    for cached in CACHED:
        cached.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "added"]:
        del sys.modules[name]


@pytest.fixture
def _added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(PACKAGE)
    forget()
    yield
    forget()


pytestmark = pytest.mark.usefixtures("_added")


def listed(command: Any) -> list[str]:
    done = CliRunner().invoke(command, ["-o", "json"])
    return [each["name"] for each in json.loads(done.output)]


def test_faults_are_listed_in_their_family() -> None:
    names = listed(faults_command)
    assert names == [fault.name for fault in faults.listed()]
    assert names.index("model-teapot") == names.index("tool-twenty") + 1
    assert names.index("nudge-worker") == names.index("pause-worker") + 1
    assert faults.chosen(["model"])[-1] is faults.named("model-teapot")


def test_a_known_action_is_carried_out_as_it_is() -> None:
    action = faults.named("model-teapot").action
    assert answer_to(action, MetCall(operation="chat.completions", path="/v1/chat/completions", now=0.0)).status == 418


def test_an_action_is_carried_out_as_it_registers() -> None:
    fault = faults.named("nudge-worker")
    assert not faulty.is_answer(fault.action)
    tape = LiveTape()
    unused: Any = SimpleNamespace(registry=None)
    striking = Striking(unused, tape=tape, recovery=unused, answers={}, server=unused)
    point = Point(position="before", door="wire", operation="PollWorkflowTaskQueue")
    entry = Entry(at=0.0, kind="request", door="wire", operation=point.operation, point=point, worker=3)
    assert striking.strike(fault, entry).decision == "go"
    assert [(act.operation, act.worker) for act in tape.entries] == [("nudge", 3)]


def test_a_check_is_a_standard_check() -> None:
    assert listed(checks_command)[-1] == "leaves-a-history"
    assert harness.checks.named("leaves-a-history") in harness.checks.standard


def test_a_dialect_is_answered() -> None:
    answer = model.answer(method="POST", path="/v1/parrot", body=b'{"model": "m"}')
    assert (answer.status, list(json.loads(answer.body)), list(answer.headers)) == (
        200,
        ["parrot"],
        ["content-type", "parrot-id"],
    )
    assert dialects.operation_of("/v1/parrot") == "parrot"
    assert "POST /v1/parrot" in dialects.served()


def test_a_form_of_the_report_is_kept(tmp_path: Path) -> None:
    files.keep([SweepResult(scenario="one"), SweepResult(scenario="two")], folder=tmp_path)
    assert (tmp_path / "names.txt").read_text() == "one\ntwo"
    assert (tmp_path / "report.json").exists()


def test_an_engine_is_known(tmp_path: Path) -> None:
    mine = engine.engine("mine")
    assert list(engine.engines()) == ["dev", "time-skipping", "mine"]
    assert mine.server(tmp_path / "temporal", folder=tmp_path).folder == tmp_path
    assert engine.engine("time-skipping").lacks("restart").endswith("`dev` and `mine` can")


def test_the_page_shows_the_entry_points_of_this_package() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    points = configparser.ConfigParser()
    points.read(PACKAGE / "added-1.0.dist-info/entry_points.txt")
    shown = re.findall(r'\[project\.entry-points\."(.*?)"\]\n(\w+) = "(.*?)"', block)
    assert shown == [(group, *pair) for group in points.sections() for pair in points[group].items()]


def test_the_page_shows_as_many_files_as_it_says() -> None:
    said = re.findall(r"^\| \[.*?\]\(#(.*?)\).*?\| (\d)", PAGE, re.MULTILINE)
    sections = {
        title.lower().replace(" ", "-"): text
        for title, text in re.findall(r"^## (.*?)$(.*?)(?=^## )", PAGE, re.M | re.S)
    }
    for place, count in said:
        shown = sections[place].split("A fault has it:")[0]
        assert len(re.findall(r"^\+\+\+ b/", shown, re.MULTILINE)) == int(count), place
    assert len(said) == 6
