from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.audit.rules import RULES
from harness.records.audit_result import AuditFinding, Severity
from tests.unit.audit.source_files import agent, write


def rule(id: str, judge: object) -> Rule:
    texts = dict.fromkeys(("name", "title", "why", "evidence", "fix", "bad", "right"), "")
    return Rule(id=id, severity=Severity.CERTAIN, judge=judge, **texts)  # type: ignore[arg-type]


def _clock(project: Project) -> Iterator[AuditFinding]:
    for reached in project.reached():
        for call in project.calls(reached):
            if project.called_name(call, reached) == "time.time":
                yield project.finding("CP901", call, "the clock", severity=Severity.CERTAIN, reached=reached)


def _raises(project: Project) -> Iterator[AuditFinding]:
    raise LookupError(f"lost\nin {len(project.modules)} module")
    yield


CLOCK, RAISES = rule("CP901", _clock), rule("CP902", _raises)

CODE = {
    "app/__init__.py": "",
    "app/clock.py": "import time\n\ndef pick():\n    return time.time()\n",
    "app/agents.py": agent("return pick()", top="from app.clock import pick"),
}


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
    assert error.message.startswith("LookupError: lost in 1 module (test_audit.py:")
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


class TestCache:
    """What is remembered, and when it is not."""

    @pytest.fixture
    def asked(self) -> list[int]:
        return []

    @pytest.fixture
    def counting(self, asked: list[int]) -> Rule:
        def judge(project: Project) -> Iterator[AuditFinding]:
            asked.append(1)
            yield from _clock(project)

        return rule("CP901", judge)

    def test_unchanged_files_are_not_judged_again(self, tmp_path: Path, counting: Rule, asked: list[int]) -> None:
        write(tmp_path / "code", CODE)
        first = audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        again = audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        assert len(asked) == 1
        assert again.findings == first.findings
        assert (again.workflows, again.files) == (first.workflows, first.files)

    def test_a_change_of_an_imported_file_is_seen(self, tmp_path: Path, counting: Rule, asked: list[int]) -> None:
        code = write(tmp_path / "code", CODE)
        audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        write(code, {"app/clock.py": "def pick():\n    return 1\n"})
        assert audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings == ()
        assert len(asked) == 2

    def test_a_change_of_a_file_not_asked_for_is_seen(self, tmp_path: Path, counting: Rule, asked: list[int]) -> None:
        code = write(tmp_path / "code", CODE)
        for text, expected in ((CODE["app/clock.py"], 1), ("def pick():\n    return 1\n", 0)):
            write(code, {"app/clock.py": text})
            audited = audit([code / "app/agents.py"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
            assert len(audited.findings) == expected

    def test_a_change_of_an_installed_package_is_seen(self, tmp_path: Path, counting: Rule) -> None:
        beside = ".venv/lib/python3.11/site-packages/beside.py"
        files = {"agents.py": agent("return beside.now()", top="import beside"), ".venv/pyvenv.cfg": ""}
        code = write(tmp_path / "code", {**files, beside: "import time\ndef now():\n    return time.time()\n"})
        assert len(audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 1
        write(code, {beside: "def now():\n    return 12345\n"})
        assert len(audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 0

    def test_parts_that_share_nothing_are_remembered_apart(
        self, tmp_path: Path, counting: Rule, asked: list[int]
    ) -> None:
        code = write(tmp_path / "code", {**CODE, "other.py": agent("return 'x'")})
        audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        write(code, {"other.py": agent("return 'y'")})
        audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        assert len(asked) == 3

    def test_results_with_errors_are_not_remembered(self, tmp_path: Path) -> None:
        write(tmp_path / "code", CODE)
        for _ in range(2):
            assert audit([tmp_path / "code"], rules=(RAISES,), jobs=1, cache=tmp_path / "cache").errors

    def test_a_spoilt_cache_is_as_good_as_none(self, tmp_path: Path, counting: Rule, asked: list[int]) -> None:
        write(tmp_path / "code", CODE)
        audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        for path in (tmp_path / "cache").iterdir():
            path.write_bytes(b"\x00{")
        assert len(audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 1

    def test_a_cache_that_cannot_be_written_does_no_harm(self, tmp_path: Path) -> None:
        write(tmp_path, {**CODE, "cache": "a file"})
        assert len(audit([tmp_path / "app"], rules=(CLOCK,), jobs=1, cache=tmp_path / "cache").findings) == 1


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
