"""The command of a worker is split as a shell would, and its environment leads to the doors alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.processes.command import command_words, environment


def test_a_command_is_split_as_a_shell_would() -> None:
    assert command_words("python -m 'my worker' --once") == ["python", "-m", "my worker", "--once"]


@pytest.mark.parametrize(("command", "message"), [("", "is empty"), ("  ", "is empty"), ("a 'b", "split into words")])
def test_a_command_that_is_none_is_told(command: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        command_words(command)


def test_the_environment_leads_to_the_doors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_DEBUG", "1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    given = environment({"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    assert "TEMPORAL_DEBUG" not in given
    assert given["NO_PROXY"] == "127.0.0.1,localhost"
    assert given["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert given["TEMPORAL_ADDRESS"] == "127.0.0.1:1"
