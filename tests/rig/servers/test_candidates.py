"""A candidate is run and hashed once, as long as its file stays the same; one that hangs is given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.servers.binaries import TEMPORAL, find_temporal
from harness.servers.candidates import cache_folder
from tests.rig.servers.machine import program


async def test_a_candidate_that_hangs_is_given_up(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.servers.candidates.VERSION_SECONDS", 0.3)
    with pytest.raises(UsageError, match="did not end within"):
        await find_temporal(str(program(tmp_path / "slow", "sleep 600")))


async def test_a_binary_is_run_and_hashed_once_until_it_changes(bin_folder: Path) -> None:
    body = f"echo . >> {bin_folder}/count; echo temporal version"
    found = program(bin_folder / "temporal", f"{body} 1")
    first = await find_temporal()
    assert await find_temporal() == first
    assert (bin_folder / "count").read_text() == ".\n"
    program(found, f"{body} 1.10")
    assert (await find_temporal()).version == "temporal version 1.10"
    for note in (cache_folder(TEMPORAL) / "seen").iterdir():
        note.write_text("{")
    assert (await find_temporal()).version == "temporal version 1.10"
