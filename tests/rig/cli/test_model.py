"""The model server alone: the official clients reach it by what it prints, and meet the faults that are asked for."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from harness.doors.http.script import load
from tests.rig.cli.running import crashproof

SCRIPT = "def answer(request): return 'Paris.'"


@contextmanager
def serving(
    folder: Path, *options: str, command: tuple[str, ...] = ("--script", "script.py")
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Yield the URL for OpenAI's clients and the command, which is ended by Ctrl-C if the test has not done so."""
    words = [sys.executable, "-m", "harness.cli", "model", *command, *options]
    (folder / "script.py").write_text(SCRIPT)
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            variables = running.stdout.readline() + running.stdout.readline()
            yield dict(re.findall(r"(\w+_BASE_URL)=(\S+)", variables))["OPENAI_BASE_URL"], running
        finally:
            running.send_signal(signal.SIGINT)


def test_a_client_meets_the_fault_and_then_the_script(tmp_path: Path) -> None:
    with serving(tmp_path, "--fault", "model-500-until-healed") as (url, running):
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
        for _ in range(2):
            with pytest.raises(openai.InternalServerError):
                client.models.list()
        said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "capital of France?"}])
        running.send_signal(signal.SIGINT)
        _, shown = running.communicate(timeout=200)
    assert said.choices[0].message.content == "Paris."
    assert re.findall(r"^models .*|^chat.*", shown, re.MULTILINE) == [
        "models model-500-until-healed",
        "models model-500-until-healed",
        "chat.completions 200",
    ]
    assert (running.returncode, "Traceback" in shown) == (130, False)


def test_what_is_recorded_is_there_when_the_command_is_ended(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as (upstream, _),
        serving(tmp_path, command=("record", "--upstream", upstream)) as (url, running),
    ):
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
        said = client.responses.create(model="m", input="capital of France?")
        running.send_signal(signal.SIGINT)
        _, shown = running.communicate(timeout=200)
    assert said.output_text == "Paris."
    assert [line for line in shown.splitlines()[1:] if line] == [
        "POST /v1/responses 200, recorded",
        "1 answer in recorded_script.py: crashproof model --script recorded_script.py",
        "crashproof: interrupted",
    ]
    assert running.returncode == 130
    assert (
        load(tmp_path / "recorded_script.py").answer({"model": "m", "input": "capital of France?"})["text"] == "Paris."
    )
    again = crashproof("model", "record", "--upstream", upstream, cwd=tmp_path)
    assert (again.status, "recorded_script.py is there already" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["record"], "Missing option '--upstream'"),
        (["record", "--upstream", "api.openai.com"], "must be an address such as https://api.openai.com/v1"),
        (
            ["record", "--upstream", "https://h", "--out", "no/such/script.py"],
            "a Python file in a folder that is",
        ),
        (["--fault", "model-429", "record", "--upstream", "https://h"], "for the server alone"),
        (["--script", "none.py"], "script none.py does not exist"),
        (["--fault", "model-420"], "no fault is called 'model-420' (did you mean 'model-"),
        (["--fault", "kill-worker"], "; `crashproof faults model` lists its faults"),
    ],
)
def test_what_is_asked_wrongly_is_told(tmp_path: Path, options: list[str], message: str) -> None:
    done = crashproof("model", *options, cwd=tmp_path)
    assert (done.status, message in done.err) == (2, True)
