"""Standard output holds one document, whatever else writes there and whatever goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys

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
