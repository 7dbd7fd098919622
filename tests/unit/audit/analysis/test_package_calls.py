"""Clocks and random values in installed packages are found at the own call, if their value gets somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.code.project import Project
from harness.audit.rules import named

PACKAGE = """
import random
import time


def stamp():
    return _now()


def _now():
    return time.time()


def tell(text):
    print(time.time(), text)


def length(text):
    started = time.perf_counter()
    _report(time.perf_counter() - started)
    return len(text)


def _report(seconds):
    print(seconds)


class Jitter:
    def next(self):
        return random.random()
"""

AGENT = """
from datetime import timedelta

import clocks
from temporalio import workflow


@workflow.defn
class Agent:
    @workflow.run
    async def run(self, text: str) -> str:
        {line}
        return text
"""


@pytest.fixture
def project_of(tmp_path: Path):
    installed = tmp_path / ".venv/lib/python3.11/site-packages/clocks"
    installed.mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").touch()
    (installed / "__init__.py").write_text(PACKAGE)

    def make(line: str) -> Project:
        (tmp_path / "agent.py").write_text(AGENT.format(line=line))
        return Project.of([tmp_path / "agent.py"])

    return make


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("text += str(clocks.stamp())", "CP101"),
        ("await workflow.sleep(clocks.Jitter().next())", "CP102"),
    ],
)
def test_a_value_of_a_package_that_gets_somewhere_is_found_at_the_own_call(project_of, line: str, rule: str) -> None:
    (finding,) = named(rule).judge(project_of(line))
    assert (finding.rule, Path(finding.place.file).name, finding.place.line) == (rule, "agent.py", 12)
    assert "of the package clocks" in finding.message
    assert any("__init__.py" in each for each in finding.evidence)


@pytest.mark.parametrize("line", ["clocks.tell(text)", "text += str(clocks.length(text))"])
def test_what_a_package_only_writes_or_measures_is_not_found(project_of, line: str) -> None:
    assert [*named("CP101").judge(project_of(line)), *named("CP102").judge(project_of(line))] == []
