"""The cache of audits: what is remembered, and when it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.audit.audit import audit
from harness.audit.code.project import Project
from harness.audit.rule import Rule
from harness.records.audit_result import AuditFinding
from tests.unit.audit.small_rules import CLOCK, CODE, RAISES, finds_clocks, rule
from tests.unit.audit.source_files import agent, write


@pytest.fixture
def asked() -> list[int]:
    return []


@pytest.fixture
def counting(asked: list[int]) -> Rule:
    def judge(project: Project) -> Iterator[AuditFinding]:
        asked.append(1)
        yield from finds_clocks(project)

    return rule("CP901", judge)


def test_unchanged_files_are_not_judged_again(tmp_path: Path, counting: Rule, asked: list[int]) -> None:
    write(tmp_path / "code", CODE)
    first = audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    again = audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    assert len(asked) == 1
    assert again.findings == first.findings
    assert (again.workflows, again.files) == (first.workflows, first.files)


def test_a_change_of_an_imported_file_is_seen(tmp_path: Path, counting: Rule, asked: list[int]) -> None:
    code = write(tmp_path / "code", CODE)
    audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    write(code, {"app/clock.py": "def pick():\n    return 1\n"})
    assert audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings == ()
    assert len(asked) == 2


def test_a_change_of_a_file_not_asked_for_is_seen(tmp_path: Path, counting: Rule, asked: list[int]) -> None:
    code = write(tmp_path / "code", CODE)
    for text, expected in ((CODE["app/clock.py"], 1), ("def pick():\n    return 1\n", 0)):
        write(code, {"app/clock.py": text})
        audited = audit([code / "app/agents.py"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
        assert len(audited.findings) == expected


def test_a_change_of_an_installed_package_is_seen(tmp_path: Path, counting: Rule) -> None:
    beside = ".venv/lib/python3.11/site-packages/beside.py"
    files = {"agents.py": agent("return beside.now()", top="import beside"), ".venv/pyvenv.cfg": ""}
    code = write(tmp_path / "code", {**files, beside: "import time\ndef now():\n    return time.time()\n"})
    assert len(audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 1
    write(code, {beside: "def now():\n    return 12345\n"})
    assert len(audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 0


def test_parts_that_share_nothing_are_remembered_apart(tmp_path: Path, counting: Rule, asked: list[int]) -> None:
    code = write(tmp_path / "code", {**CODE, "other.py": agent("return 'x'")})
    audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    write(code, {"other.py": agent("return 'y'")})
    audit([code], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    assert len(asked) == 3


def test_results_with_errors_are_not_remembered(tmp_path: Path) -> None:
    write(tmp_path / "code", CODE)
    for _ in range(2):
        assert audit([tmp_path / "code"], rules=(RAISES,), jobs=1, cache=tmp_path / "cache").errors


def test_a_spoilt_cache_is_as_good_as_none(tmp_path: Path, counting: Rule, asked: list[int]) -> None:
    write(tmp_path / "code", CODE)
    audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache")
    for path in (tmp_path / "cache").iterdir():
        path.write_bytes(b"\x00{")
    assert len(audit([tmp_path / "code"], rules=(counting,), jobs=1, cache=tmp_path / "cache").findings) == 1


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    write(tmp_path, {**CODE, "cache": "a file"})
    assert len(audit([tmp_path / "app"], rules=(CLOCK,), jobs=1, cache=tmp_path / "cache").findings) == 1
