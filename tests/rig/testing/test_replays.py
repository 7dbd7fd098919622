"""Stored histories as a test: one line that passes, or fails with the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.testing import assert_replays
from tests import ROOT
from tests.replay.planted import planted, recorded

RESEARCH = planted.HISTORIES / "research-1.json"
pytest_plugins = ["pytester"]

FEW = ("hash seed 1",)


def test_histories_that_replay() -> None:
    assert_replays(RESEARCH, workflows=[recorded.Research], conditions=FEW, cwd=ROOT)


async def test_within_an_event_loop(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(RESEARCH.read_bytes())
    assert_replays(tmp_path, workflows=[recorded.__name__], conditions=FEW, cwd=ROOT)


def test_change_fails_with_field_and_line() -> None:
    (case,) = (each for each in planted.CHANGES if each.name == "prompt")
    with pytest.raises(AssertionError, match=r"input\.0 was") as failed:
        assert_replays(RESEARCH, workflows=[case.import_name], conditions=FEW, cwd=ROOT)
    assert case.lines[0] in str(failed.value)


def test_accepted_difference_passes(tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    accepted.write_text(
        '[[accepted]]\nworkflow = "Research"\nkind = "ScheduleActivityTask"\nsubject = "plan"\n'
        'field = "startToCloseTimeout"\nold = "30.0"\nnew = "60.0"\nreason = "plans take longer"\n'
    )
    (case,) = (each for each in planted.CHANGES if each.name == "start to close")
    assert_replays(RESEARCH, workflows=[case.import_name], conditions=FEW, accepted=accepted, cwd=ROOT)


def test_what_proves_nothing_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="UNKNOWN"):
        assert_replays(planted.HISTORIES / "agenda-1.json", workflows=[recorded.Research], conditions=FEW, cwd=ROOT)
    with pytest.raises(UsageError, match="what to replay against"):
        assert_replays(RESEARCH)
    with pytest.raises(UsageError, match="no history"):
        assert_replays(tmp_path, workflows=[recorded.Research])

    class Here:
        pass

    with pytest.raises(UsageError, match="top of a module"):
        assert_replays(RESEARCH, workflows=[Here])


def test_fixture(pytester: pytest.Pytester) -> None:
    (case,) = (each for each in planted.CHANGES if each.name == "prompt")
    pytester.path.joinpath("stored.json").write_bytes(RESEARCH.read_bytes())
    pytester.makepyfile(
        f"""
        HOW = dict(conditions={FEW}, cwd={str(ROOT)!r})

        def test_unchanged(crashproof_replays):
            crashproof_replays("stored.json", workflows=[{recorded.__name__!r}], **HOW)

        def test_changed(crashproof_replays):
            crashproof_replays("stored.json", workflows=[{case.import_name!r}], **HOW)

        def test_nothing(crashproof_replays):
            crashproof_replays("gone.json", workflows=["app"])
        """
    )
    ran = pytester.runpytest_subprocess()
    ran.assert_outcomes(passed=1, failed=2)
    ran.stdout.fnmatch_lines(["*crashproof:*", "*input.0 was*is*three steps*", f"*{case.lines[0]}*", "*gone.json*"])
    assert "Traceback" not in ran.stdout.str()
