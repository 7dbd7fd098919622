"""Judging one part of the code: findings, rules that raise, and the installed files that the result depends on."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.audit.code.modules import installed_folders
from harness.audit.code.reachability import AuditLimits
from harness.audit.code.source import collect
from harness.audit.judging import PartResult, is_fresh, judge
from harness.audit.rule import Rule
from tests.unit.audit.small_rules import CLOCK, CODE, RAISES
from tests.unit.audit.source_files import agent, write

BESIDE = ".venv/lib/python3.11/site-packages/beside.py"


def judged(folder: Path, rules: Sequence[Rule]) -> PartResult:
    sources = collect([folder])
    files = [source.path for source in sources]
    return judge(sources, rules, files=files, installed=installed_folders([folder]), limits=AuditLimits())


def test_findings_are_those_of_all_rules_and_what_raises_is_an_error(tmp_path: Path) -> None:
    result = judged(write(tmp_path, CODE), (RAISES, CLOCK))
    assert [finding.rule for finding in result.findings] == ["CP901"]
    assert [(error.rule, error.message.split(" (")[0]) for error in result.errors] == [
        ("CP902", "LookupError: lost in 1 module")
    ]
    assert (result.workflows, result.activities) == (1, 0)


def test_calls_that_cannot_be_followed_are_listed(tmp_path: Path) -> None:
    result = judged(write(tmp_path, {"agents.py": agent("return missing.answer()")}), ())
    assert [(each.name, each.why) for each in result.unresolved] == [
        ("missing.answer", "missing is bound nowhere in this module")
    ]


def test_a_result_is_fresh_while_the_installed_files_are_as_they_were(tmp_path: Path) -> None:
    files = {
        "agents.py": agent("return beside.now()", top="import beside"),
        ".venv/pyvenv.cfg": "",
        BESIDE: "def now(): ...\n",
    }
    result = judged(write(tmp_path, files), (CLOCK,))
    assert [Path(path).name for path, _, _ in result.installed] == ["beside.py"]
    assert is_fresh(result)
    (tmp_path / BESIDE).write_text("def now():\n    return 1\n")
    assert not is_fresh(result)
    (tmp_path / BESIDE).unlink()
    assert not is_fresh(result)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_as_it_was(tmp_path: Path, enabled: bool) -> None:
    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        judged(write(tmp_path, CODE), (RAISES,))
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
