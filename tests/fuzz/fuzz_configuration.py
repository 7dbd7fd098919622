"""Configuration: whatever a TOML file holds, it is taken or refused in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from harness.audit import baseline, configuration
from harness.errors import UsageError
from harness.replay.compare import accepted_differences
from tests.fuzz.surfaces import fuzz, mutated

SURFACES = 3
_PROJECT = b"""
[project]
name = "x"
[tool.crashproof.audit]
rules = ["CP1", "CP301"]
skip = ["CP106"]
fail_on = "certain"
exclude = ["bad/x*.py", "**/gen/*"]
passed_through = ["numpy"]
baseline = "known.toml"
[tool.crashproof.audit.severity]
CP101 = "likely"
"""
_KNOWN = b'[[finding]]\nfingerprint = "a"\nrule = "CP101"\nfile = "a.py"\nfunction = "f"\ntext = "x"\nreason = "r"\n'
_ACCEPTED = (
    b'[[accepted]]\nworkflow = "W"\nkind = "ScheduleActivityTask"\nsubject = "a"\nfield = "b"\nold = "1"\nnew = "2"\n'
    b'reason = "r"\nuntil = 2027-01-31\n'
)


@fuzz(content=mutated(_PROJECT))
def test_a_configuration_is_taken_or_refused(content: bytes) -> None:
    _take("pyproject.toml", content, configuration.load)


@fuzz(content=mutated(_KNOWN))
def test_a_baseline_is_taken_or_refused(content: bytes) -> None:
    _take("known.toml", content, baseline.load)


@fuzz(content=mutated(_ACCEPTED))
def test_accepted_differences_are_taken_or_refused(content: bytes) -> None:
    def taken(file: Path) -> None:
        accepted_differences.apply((), accepted_differences.load(file), today=date(2026, 1, 1))

    _take("accepted.toml", content, taken)


def _take(name: str, content: bytes, read: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        try:
            read(file)
        except UsageError as error:
            assert name in str(error)
