"""The server binary is found in order, got in order, and told clearly when there is none."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import RigError, UsageError
from harness.processes import watchdog
from harness.servers.binaries import TEMPORAL, cached, find_temporal, install_temporal, survey
from harness.servers.candidates import cache_folder

DEADLINE = 30.0


def cached_path() -> Path:
    return cached(TEMPORAL)


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def temporal(path: Path, version: str) -> Path:
    return program(path, f"echo 'temporal version {version} (Server 1.2.3, UI 4.5.6)'")


def go(path: Path, *, before: str = "", version: str = "9.9.9") -> Path:
    """A ``go`` that makes a temporal, after writing a line for each call to the file beside it."""
    body = f"""
echo "$@" >> {path}.calls
{before}
printf '#!/bin/sh\\necho temporal version {version}\\n' > "$GOBIN/temporal"
chmod +x "$GOBIN/temporal"
"""
    return program(path, body)


def calls(fake: Path) -> list[str]:
    return Path(f"{fake}.calls").read_text().splitlines()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: nothing on PATH but a shell, an empty cache, no download; what is put here is on PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "sleep", "chmod"):
        (tools / name).symlink_to(f"/bin/{name}")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{tools}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    monkeypatch.delenv("CRASHPROOF_TEMPORAL", raising=False)
    return tmp_path / "bin"


async def test_the_order_is_option_variable_path_cache(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporal(cached_path(), "4")
    temporal(bin_folder / "temporal", "3")
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
    told: list[str] = []
    assert (await find_temporal(progress=told.append)).path == cached_path()
    assert len(told) == 1
    assert told[0].startswith("passed over temporal on PATH: ")


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


async def test_go_builds_one_into_the_cache(bin_folder: Path) -> None:
    fake = go(bin_folder / "go")
    told: list[str] = []
    built = await find_temporal(progress=told.append)
    assert calls(fake) == ["install github.com/temporalio/cli/cmd/temporal@v1.5.1"]
    assert built.path == cached_path()
    assert built.source == "go install github.com/temporalio/cli/cmd/temporal@v1.5.1"
    assert told == [
        "download by the Temporal SDK: switched off by CRASHPROOF_NO_DOWNLOAD",
        "building temporal v1.5.1 with go (2 to 5 minutes, once)",
    ]
    note = json.loads(built.path.with_suffix(".json").read_text())
    assert (note["version"], note["sha256"], note["source"]) == (built.version, built.sha256, built.source)
    again = await find_temporal()
    assert again.source == f"crashproof's own cache, from {built.source}"
    assert len(calls(fake)) == 1
    assert {file.name for file in built.path.parent.iterdir()} == {"temporal", "temporal.json", "install.lock"}


async def test_install_passes_over_path_and_builds_anew_only_when_told(bin_folder: Path) -> None:
    temporal(bin_folder / "temporal", "3")
    fake = go(bin_folder / "go")
    assert (await install_temporal()).path == cached_path()
    assert (await install_temporal()).version == "temporal version 9.9.9"
    assert len(calls(fake)) == 1
    go(bin_folder / "go", version="10")
    assert (await install_temporal(again=True)).version == "temporal version 10"
    assert len(calls(fake)) == 2


async def test_a_broken_copy_in_the_cache_is_replaced(bin_folder: Path) -> None:
    program(cached_path(), "exit 1")
    go(bin_folder / "go")
    assert (await find_temporal()).version == "temporal version 9.9.9"


async def test_a_long_build_tells_of_itself(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.servers.installing.PROGRESS_SECONDS", 0.05)
    go(bin_folder / "go", before=f"while [ ! -e {bin_folder}/on ]; do sleep 0.05; done")
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) > 4:
            (bin_folder / "on").touch()

    await find_temporal(progress=tell)
    assert told[4].startswith("building temporal v1.5.1 with go (2 to 5 minutes, once): ")


async def test_nothing_found_lists_all_that_was_tried(bin_folder: Path) -> None:
    program(bin_folder / "go", "echo 'go: module lookup disabled' >&2; exit 1")
    program(bin_folder / "temporal", "exit 1")
    with pytest.raises(RigError) as raised:
        await find_temporal()
    lines = str(raised.value).splitlines()
    assert lines == [
        "the Temporal CLI was not found and could not be got. Tried, in this order:",
        "  --temporal: not given",
        "  CRASHPROOF_TEMPORAL: not set",
        f"  temporal on PATH: `{bin_folder}/temporal --version` failed with exit status 1",
        "    fix: install it from https://docs.temporal.io/cli",
        "  crashproof's own cache: not found",
        "    fix: run `crashproof server install`",
        "  download by the Temporal SDK: switched off by CRASHPROOF_NO_DOWNLOAD",
        "    fix: let this machine reach temporal.download, and have CRASHPROOF_NO_DOWNLOAD unset",
        "  go install github.com/temporalio/cli/cmd/temporal@v1.5.1: "
        "`go install github.com/temporalio/cli/cmd/temporal@v1.5.1` failed with exit status 1",
        "    | go: module lookup disabled",
        "    fix: install Go from https://go.dev/dl, have `go` on PATH, and let it reach a Go module proxy",
        "Or name one with --temporal or CRASHPROOF_TEMPORAL.",
    ]


async def test_the_download_is_tried_before_go(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD")
    # Stands for the interpreter that runs the SDK: its last argument is the folder that the SDK downloads to.
    code = 'for last in "$@"; do :; done; printf "#!/bin/sh\\necho temporal version 8\\n" > "$last/temporal-sdk"'
    fake = program(bin_folder / "python", f'{code}; chmod +x "$last/temporal-sdk"; exit 1')
    monkeypatch.setattr("harness.servers.installing.PYTHON", str(fake))
    go(bin_folder / "go")
    got = await install_temporal()
    assert (got.version, got.source) == ("temporal version 8", "download by the Temporal SDK")


async def test_survey_starts_nothing_and_lists_every_step(bin_folder: Path) -> None:
    temporal(bin_folder / "temporal", "3")
    steps = await survey()
    assert [(step.source, bool(step.binary)) for step in steps] == [
        ("--temporal", False),
        ("CRASHPROOF_TEMPORAL", False),
        ("temporal on PATH", True),
        ("crashproof's own cache", False),
        ("download by the Temporal SDK", False),
        ("go install github.com/temporalio/cli/cmd/temporal@v1.5.1", False),
    ]
    assert steps[-1].detail == "cannot be tried: no go on PATH"


INSTALL = (
    "import asyncio; from harness.servers.binaries import find_temporal; asyncio.run(find_temporal(progress=print))"
)


def test_two_at_once_build_once(bin_folder: Path) -> None:
    # The first to build waits until the second says that it waits; the second says so after every tenth of a second.
    code = f"from harness.rig import installing; installing.PROGRESS_SECONDS = 0.1; {INSTALL}"
    fake = go(bin_folder / "go", before=f"while [ ! -e {bin_folder}/on ]; do sleep 0.05; done")
    logs = [bin_folder / "one.log", bin_folder / "two.log"]
    started = []
    for log in logs:
        with log.open("wb") as file:
            started.append(subprocess.Popen([sys.executable, "-u", "-c", code], stdout=file, stderr=file))
    until(lambda: any("waiting for another crashproof" in log.read_text() for log in logs))
    (bin_folder / "on").touch()
    assert [process.wait(DEADLINE) for process in started] == [0, 0]
    assert len(calls(fake)) == 1


def test_kill_in_the_middle_of_a_build_leaves_no_process_and_no_lock(bin_folder: Path) -> None:
    fake = go(bin_folder / "go", before=f"echo $$ > {bin_folder}/pid; sleep 600")
    with (bin_folder / "log").open("wb") as file:
        crashproof = subprocess.Popen([sys.executable, "-c", INSTALL], stdout=file, stderr=file)
    until(lambda: (bin_folder / "pid").exists() and (bin_folder / "pid").read_text().endswith("\n"))
    crashproof.kill()
    crashproof.wait()
    pid = int((bin_folder / "pid").read_text())
    until(lambda: (seen := watchdog.look(pid)) is None or seen.dead)
    go(fake)
    assert asyncio.run(install_temporal()).version == "temporal version 9.9.9"
    assert list(cached_path().parent.glob("install-*")) == []


async def test_a_cache_that_cannot_be_made_is_told(bin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(RigError, match=r"cache folder .* cannot be made: Not a directory"):
        await install_temporal()
