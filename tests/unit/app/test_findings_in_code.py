"""What a run found is told with the lines of the worker's code that explain it; what they do not explain, without."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness import Scenario, start
from harness.app import findings_in_code
from harness.app.findings_in_code import with_code, with_code_here
from harness.app.progress import silent
from harness.campaign.code import python_digest
from harness.campaign.places import CODE
from harness.records.run_record import DeclaredScenario, RunRecord
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Finding, Judgement, Outcome
from tests.unit.report.samples import FAILED, PASSED, TWICE

AGENT = """\
from datetime import timedelta

import httpx
from temporalio import activity, workflow


@activity.defn
async def charge(order: str) -> str:
    async with httpx.AsyncClient() as client:
        answer = await client.post("http://shop/charges", json={"order": order})
    return answer.text


@workflow.defn
class TripAgent:
    @workflow.run
    async def run(self, order: str) -> str:
        return await workflow.execute_activity(charge, order, start_to_close_timeout=timedelta(seconds=5))
"""
SCENARIO = Scenario(name="trip", worker="python agent.py", work=start("TripAgent"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "agent.py").write_text(AGENT)
    return tmp_path


def found(*sweeps: SweepResult, folder: Path, told: list[News] | None = None) -> tuple[SweepResult, ...]:
    tell = silent if told is None else told.append
    return asyncio.run(with_code(sweeps, [SCENARIO] * len(sweeps), folder=folder, tell=tell))


def test_the_line_that_does_it_is_told_and_of_what_no_line_does_nothing(project: Path) -> None:
    other = Finding(check="retry-cap", message="charge was tried 9 times", subject="charge")
    judged = Judgement(check="retry-cap", outcome=Outcome.FAIL, findings=(other,))
    both = replace(
        FAILED, verdicts=tuple(replace(each, judgements=(*each.judgements, judged)) for each in FAILED.verdicts)
    )
    [explained] = found(both, folder=project)
    assert list(explained.code) == [TWICE.id]
    [line] = explained.code[TWICE.id]
    assert (line.rule, line.place.file, line.place.line, line.place.function) == ("CP306", "agent.py", 10, "charge")
    assert explained.outcome is both.outcome


def test_a_run_that_passes_reads_no_code(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings_in_code, "code_of", None)
    assert found(PASSED, folder=project) == (PASSED,)


def test_what_another_worker_does_explains_nothing(project: Path) -> None:
    (project / "agent.py").rename(project / "beside.py")
    assert found(FAILED, folder=project) == (FAILED,)
    (project / "agent.py").write_text("print('no charge')\n")
    assert found(FAILED, PASSED, folder=project) == (FAILED, PASSED)


def test_code_that_cannot_be_read_is_a_note_and_not_the_end_of_the_run(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.crashproof.audit]\nrules = ['no-such-rule']\n")
    told: list[News] = []
    failed, passed = found(FAILED, PASSED, folder=project, told=told)
    assert "the worker's code is not read, and no line of it is told: UsageError: " in failed.notes[-1]
    assert [each.text for each in told] == [failed.notes[-1]]
    assert replace(failed, notes=FAILED.notes) == FAILED
    assert passed == PASSED


DECLARED = """\
from harness import Scenario, start

trip = Scenario(worker="python agent.py", work=start("TripAgent"))
"""


@pytest.mark.parametrize("changed", [False, True])
def test_of_a_campaign_lines_are_told_where_its_code_is_here_and_not_of_other_code(
    project: Path, changed: bool
) -> None:
    (project / "declared.py").write_text(DECLARED)
    declared = DeclaredScenario(name="trip", file="declared.py", variable="trip")
    options = {CODE: python_digest(project)}
    record = RunRecord(command=(), cwd="", started=1.0, scenarios=(declared,), sweeps=(FAILED,), options=options)
    if changed:
        (project / "agent.py").write_text(AGENT + "\n")
    told: list[News] = []
    [explained] = asyncio.run(with_code_here(record, folder=project, tell=told.append))
    assert list(explained.code) == ([] if changed else [TWICE.id])
    why = "no line of code is told: the code in this folder is not what the machines ran"
    assert [each.text for each in told] == [why] * changed
