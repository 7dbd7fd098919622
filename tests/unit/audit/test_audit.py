from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.audit.code.project import Project
from harness.audit.rules import RULES
from harness.records.audit_result import AuditFinding
from tests.unit.audit.small_rules import CLOCK, CODE, RAISES, rule
from tests.unit.audit.source_files import agent, write


def places(found: tuple[AuditFinding, ...]) -> list[tuple[str, int]]:
    return [(Path(each.place.file).name, each.place.line) for each in found]


def test_a_finding_names_line_path_workflow_and_text(tmp_path: Path) -> None:
    audited = audit([write(tmp_path, CODE)], rules=(CLOCK,), jobs=1)
    (finding,) = audited.findings
    assert (finding.text, finding.workflow, finding.place.function) == ("    return time.time()", "Agent", "pick")
    assert [step.what for step in finding.path] == ["calls pick()"]
    assert (audited.workflows, audited.activities, len(audited.files)) == (1, 0, 3)
    assert [report.lines for report in audited.files] == [9, 4, 0] or sorted(r.lines for r in audited.files) == [
        0,
        4,
        9,
    ]


def test_a_rule_that_raises_is_told_in_one_line_and_the_others_are_asked(tmp_path: Path) -> None:
    audited = audit([write(tmp_path, CODE)], rules=(RAISES, CLOCK), jobs=1)
    assert len(audited.findings) == 1
    (error,) = audited.errors
    assert error.rule == "CP902"
    assert error.message.startswith("LookupError: lost in 1 module (small_rules.py:")
    assert error.files


def test_a_fingerprint_outlives_moved_and_indented_lines(tmp_path: Path) -> None:
    def fingerprints(clock: str) -> list[str]:
        write(tmp_path, {**CODE, "app/clock.py": clock})
        return [each.fingerprint for each in audit([tmp_path], rules=(CLOCK,), jobs=1).findings]

    before = fingerprints(CODE["app/clock.py"])
    moved = fingerprints("import time\n\n# moved\n\ndef pick():\n    if True:\n        return time.time()\n")
    assert before == moved
    twice = fingerprints("import time\n\ndef pick():\n    time.time()\n    time.time()\n")
    assert len(set(twice)) == 2


def test_files_not_asked_for_are_followed(tmp_path: Path) -> None:
    audited = audit([write(tmp_path, CODE) / "app/agents.py"], rules=(CLOCK,), jobs=1)
    assert places(audited.findings) == [("clock.py", 4)]
    assert [Path(report.file).name for report in audited.files] == ["agents.py"]


def test_an_activity_started_by_name_belongs_to_the_same_part(tmp_path: Path) -> None:
    activities = "from temporalio import activity\n@activity.defn\ndef fetch(): ...\n"
    starting = agent("await workflow.execute_activity('fetch', start_to_close_timeout=timedelta(seconds=1))")
    write(tmp_path, {"one/agents.py": starting, "two/activities.py": activities})
    seen: list[bool] = []

    def judge(project: Project) -> Iterator[AuditFinding]:
        seen.extend(each.activity is not None for each in project.started)
        yield from ()

    audit([tmp_path], rules=(rule("CP903", judge),), jobs=1)
    assert seen == [True]


def test_several_processes_tell_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.audit.audit.WORTH_PROCESSES", 0)
    for number in range(3):
        write(tmp_path / f"p{number}", {"agents.py": agent("return time.time()", top="import time")})
    told: list[tuple[int, int]] = []
    alone = audit([tmp_path], rules=RULES, jobs=1)
    both = audit([tmp_path], rules=RULES, jobs=2, progress=lambda done, of: told.append((done, of)))
    assert both.findings == alone.findings
    assert (both.workflows, both.errors) == (3, ())
    assert sorted(told) == [(1, 3), (2, 3), (3, 3)]


def test_the_working_directory_stays(tmp_path: Path) -> None:
    before = os.getcwd()
    audit([write(tmp_path, CODE)], rules=(CLOCK,), jobs=1)
    assert os.getcwd() == before
