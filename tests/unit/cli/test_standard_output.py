"""Standard output holds one document, whatever else writes there and whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import standard_output
from harness.cli.standard_output import write_failure

PRINTS = """
import os
from harness.cli.standard_output import own_standard_output
own_standard_output()
os.write(1, b"a log of the core\\n")
print("the document \\ud83d")
os.system("echo a child")
"""


def test_what_else_writes_to_standard_output_goes_to_standard_error() -> None:
    ran = subprocess.run([sys.executable, "-c", PRINTS], capture_output=True, text=True, timeout=240)
    assert ran.stdout == "the document \\ud83d\n"
    assert ran.stderr.splitlines() == ["a log of the core", "a child"]


CLOSED = """
import os, sys
from harness.cli.standard_output import own_standard_output
own_standard_output()
print("the document")
print("progress", file=sys.stderr)
for stream in (sys.stdout, sys.stderr):
    stream.flush()
assert os.open(os.devnull, os.O_RDONLY) > 2
os._exit(os.system("echo a child; read line; exit 7") >> 8)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_is_started_with_a_closed_stream_works_as_without_a_reader(closed: str) -> None:
    command = ["sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, CLOSED]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 7
    assert ran.stdout == ("" if " >&-" in f" {closed}" else "the document\n")
    assert ran.stderr == ("" if "2>&-" in closed else "progress\na child\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is always full here")
@pytest.mark.parametrize("full", [">/dev/full", ">/dev/full 2>/dev/full"])
def test_output_that_no_disk_takes_is_a_failure_that_is_said_once(full: str) -> None:
    program = "import sys; sys.argv = ['crashproof', 'checks']; from harness.cli import main; main()"
    command = ["sh", "-c", f'"$0" -c "$1" {full}', sys.executable, program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 3
    said = "crashproof: No space left on device; is the disk full or read-only?\n"
    assert ran.stderr == ("" if "2>" in full else said)


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["run", "x", "-o", "json"], 19),
        (["audit", "--output=json"], 19),
        (["replay", "-ojsonl", "x"], 1),
        (["judge", "--output", "jsonl"], 1),
        (["run", "x"], 0),
        (["run", "-o", "text"], 0),
        (["run", "-o"], 0),
        (["doctor", "-o", "json"], 0),
        ([], 0),
    ],
)
def test_a_command_that_could_not_judge_writes_its_document(
    arguments: list[str], lines: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standard_output, "written", set())
    write_failure("no server \x1b", status=3, arguments=arguments)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == lines
    if lines:
        document = json.loads(out)
        assert (document["outcome"], document["exit_status"]) == ("UNKNOWN", 3)
        assert (document["error"], document["findings"]) == ("no server \x1b", [])


def test_a_document_is_written_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_output, "written", {"json"})
    write_failure("interrupted", status=130, arguments=["run", "-o", "json"])
    assert capsys.readouterr().out == ""
