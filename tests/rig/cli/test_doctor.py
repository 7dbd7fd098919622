"""The doctor says what is here and what is missing, with the fix for each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.doctor import doctor
from harness.servers.binaries import TEST_SERVER, Binary, cached
from harness.servers.candidates import note


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH and an empty cache; what is put here is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for variable in ("CRASHPROOF_TEMPORAL", "CRASHPROOF_TEMPORAL_SERVER", "CRASHPROOF_TEST_SERVER", "JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    monkeypatch.delenv("TEMPORAL_DEBUG", raising=False)
    return folder


def temporal(path: Path) -> Path:
    path.write_text("#!/bin/sh\necho temporal version 3\n")
    path.chmod(0o755)
    return path


def test_ready_when_a_binary_is_found(machine: Path) -> None:
    found = temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, ["-o", "json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["exit_code"], report["ready"]) == (0, 0, True)
    assert report["temporal"]["path"] == str(found)
    assert report["temporal"]["version"] == "temporal version 3"
    assert len(report["temporal"]["sha256"]) == 64
    looks = {look["name"]: look for look in report["looks"]}
    assert looks["go"]["value"] == "not found"
    assert looks["Python"]["value"].startswith(sys.version.split()[0])
    assert looks["free port"]["ok"]


def test_not_ready_without_a_binary(machine: Path) -> None:
    result = CliRunner().invoke(doctor, [])
    assert result.exit_code == 3
    assert "none yet: `crashproof server install` gets one" in result.stdout
    assert "fix: install it from https://docs.temporal.io/cli" in result.stdout
    assert "cannot be tried: no go on PATH" in result.stdout
    assert result.stdout.endswith("No run is possible yet.\n")


def test_not_ready_when_what_is_named_does_not_work(machine: Path) -> None:
    temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, ["--temporal", "/nowhere/temporal", "-o", "json"])
    report = json.loads(result.stdout)
    assert (result.exit_code, report["temporal"]) == (3, None)
    assert report["steps"][0]["detail"] == "/nowhere/temporal: No such file or directory"


def test_warnings_do_not_stop_a_run(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporal(machine / "temporal")
    monkeypatch.setenv("TEMPORAL_DEBUG", "1")
    monkeypatch.setattr("harness.cli.doctor.OPEN_FILES", 2**62)
    result = CliRunner().invoke(doctor, [])
    assert result.exit_code == 0
    assert "!   TEMPORAL_DEBUG: 1\n        fix: unset it" in result.stdout
    assert "fix: raise it before a run with many jobs: `ulimit -n" in result.stdout


def test_the_further_engines_are_shown_with_what_is_missing(machine: Path) -> None:
    temporal(machine / "temporal")
    result = CliRunner().invoke(doctor, [])
    assert result.exit_code == 0
    assert "  -   full: no full Temporal server\n        fix: install Go from" in result.stdout
    missing = "  -   time-skipping: no time-skipping test server\n        fix: let this machine reach temporal.download"
    assert missing in result.stdout
    assert "; or install a JDK (11 or newer) and Maven" in result.stdout


def test_the_further_engines_are_shown_with_what_is_there(machine: Path) -> None:
    server = temporal(machine / "temporal-server")
    (machine / "mvn").symlink_to("/bin/sh")
    (machine / "java").symlink_to("/bin/sh")
    engines = json.loads(CliRunner().invoke(doctor, ["-o", "json"]).stdout)["engines"]
    assert (engines["full"]["ready"], engines["full"]["binary"]["path"]) == (True, str(server))
    assert (engines["time-skipping"]["ready"], engines["time-skipping"]["binary"]) == (False, None)
    assert engines["time-skipping"]["advice"] == "the first run with `--engine time-skipping` gets it"


def test_a_test_server_without_java_is_told(machine: Path) -> None:
    path = cached(TEST_SERVER)
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\necho temporal-test-server 1.32.1\n")
    path.chmod(0o755)
    known = Binary(path=path, version="temporal-test-server 1.32.1", sha256="00", source="Maven x:y:1")
    note(TEST_SERVER, known, stat=path.stat())
    found = json.loads(CliRunner().invoke(doctor, ["-o", "json"]).stdout)["engines"]["time-skipping"]
    assert (found["ready"], found["binary"]["version"]) == (False, "temporal-test-server 1.32.1")
    assert found["advice"] == "install a Java runtime (11 or newer): it is a Java program"


def test_help_has_an_example_and_starts_light() -> None:
    code = "import sys; from harness.cli.doctor import doctor as run; run(['--help'], standalone_mode=False)"
    code += "; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Example:\n    crashproof doctor\n" in shown
    assert "temporalio" not in shown.splitlines()[-1].split()
    assert "grpc" not in shown.splitlines()[-1].split()
