"""A server is downloaded once, into the cache, by one crashproof at a time; a long download reports on itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import RigError
from harness.processes import tree
from harness.servers.binaries import find_temporal, install_temporal
from tests.rig.servers.machine import cached_path, calls, downloading, program, temporal
from tests.waiting import until

DEADLINE = 60.0
FAILING = """
import atexit
atexit.register(print, "atexit was reached, where threads may crash")

class WorkflowEnvironment:
    @staticmethod
    async def start_local(*, download_dest_dir):
        raise RuntimeError("the site cannot be reached")
"""
"""An SDK whose download fails."""


def installing(sdk: Path, *, progress_seconds: float = 5.0) -> list[str]:
    """Return the command of another crashproof that looks for a server on the same machine."""
    code = f"""
import asyncio
from harness.servers import binaries, installing, packages
installing.PYTHON, installing.PROGRESS_SECONDS = {str(sdk)!r}, {progress_seconds}
packages.installed = lambda name, program: None
asyncio.run(binaries.find_temporal(progress=print))
"""
    return [sys.executable, "-u", "-c", code]


async def test_the_sdk_downloads_one_into_the_cache(sdk: Path) -> None:
    lines: list[str] = []
    got = await find_temporal(progress=lines.append)
    assert calls(sdk) == ["called"]
    assert got.path == cached_path()
    assert (got.version, got.source) == ("temporal version 9.9.9", "download by the Temporal SDK")
    assert lines == ["downloading the Temporal CLI through the Temporal SDK"]
    note = json.loads(got.path.with_suffix(".json").read_text())
    assert (note["version"], note["sha256"], note["source"]) == (got.version, got.sha256, got.source)
    again = await find_temporal()
    assert again.source == f"crashproof's own cache, from {got.source}"
    assert len(calls(sdk)) == 1
    assert {file.name for file in got.path.parent.iterdir()} == {"temporal", "temporal.json", "install.lock"}


async def test_install_passes_over_path_and_downloads_anew_only_when_asked(bin_folder: Path, sdk: Path) -> None:
    temporal(bin_folder / "temporal", "3")
    assert (await install_temporal()).path == cached_path()
    assert (await install_temporal()).version == "temporal version 9.9.9"
    assert len(calls(sdk)) == 1
    downloading(sdk, version="10")
    assert (await install_temporal(again=True)).version == "temporal version 10"
    assert len(calls(sdk)) == 2


async def test_a_broken_copy_in_the_cache_is_replaced(sdk: Path) -> None:
    program(cached_path(), "exit 1")
    assert (await find_temporal()).version == "temporal version 9.9.9"


async def test_a_long_download_reports_on_itself(bin_folder: Path, sdk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.servers.installing.PROGRESS_SECONDS", 0.05)
    downloading(sdk, before=f"while [ ! -e {bin_folder}/on ]; do sleep 0.05; done")
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        if len(lines) > 3:
            (bin_folder / "on").touch()

    await find_temporal(progress=report)
    assert lines[3].startswith("downloading the Temporal CLI through the Temporal SDK: ")


def test_two_at_once_download_once(bin_folder: Path, sdk: Path) -> None:
    # The first to download waits until the second says that it waits, which it does after every tenth of a second.
    downloading(sdk, before=f"while [ ! -e {bin_folder}/on ]; do sleep 0.05; done")
    logs = [bin_folder / "one.log", bin_folder / "two.log"]
    started = []
    for log in logs:
        with log.open("wb") as file:
            started.append(subprocess.Popen(installing(sdk, progress_seconds=0.1), stdout=file, stderr=file))
    until(lambda: any("waiting for another crashproof" in log.read_text() for log in logs))
    (bin_folder / "on").touch()
    assert [process.wait(DEADLINE) for process in started] == [0, 0]
    assert len(calls(sdk)) == 1


def test_kill_in_the_middle_of_a_download_leaves_no_process_and_no_lock(bin_folder: Path, sdk: Path) -> None:
    downloading(sdk, before=f"echo $$ > {bin_folder}/pid; sleep 600")
    with (bin_folder / "log").open("wb") as file:
        crashproof = subprocess.Popen(installing(sdk), stdout=file, stderr=file)
    until(lambda: (bin_folder / "pid").exists() and (bin_folder / "pid").read_text().endswith("\n"))
    crashproof.kill()
    crashproof.wait()
    pid = int((bin_folder / "pid").read_text())
    until(lambda: (seen := tree.look(pid)) is None or seen.dead)
    downloading(sdk)
    assert asyncio.run(install_temporal()).version == "temporal version 9.9.9"
    assert list(cached_path().parent.glob("install-*")) == []


async def test_a_download_that_fails_says_why_in_the_words_of_the_sdk(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD")
    package = tmp_path / "temporalio/testing"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text(FAILING)
    python = program(bin_folder / "python", f'PYTHONPATH={tmp_path} exec {sys.executable} "$@"')
    monkeypatch.setattr("harness.servers.installing.PYTHON", str(python))
    with pytest.raises(RigError) as raised:
        await install_temporal()
    text = str(raised.value)
    assert "the site cannot be reached" in text
    assert "Traceback" not in text
    assert "atexit" not in text


async def test_a_cache_that_cannot_be_made_is_told(bin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(RigError, match=r"cache folder .* cannot be made: Not a directory"):
        await install_temporal()
