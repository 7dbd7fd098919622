"""The command of a worker is split as a shell would, and its environment leads to the doors alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.processes.command import command_words, environment, is_installed_here, left_out

_MAC = "Library/Application Support"


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
    assert given["NO_PROXY"] == "127.0.0.1,localhost,.invalid"
    assert given["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert given["TEMPORAL_ADDRESS"] == "127.0.0.1:1"


def test_secrets_and_addresses_of_the_users_own_cluster_do_not_reach_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {
        "TEMPORAL_ADDRESS": "prod.tmprl.cloud:7233",
        "TEMPORAL_HOST_URL": "prod.tmprl.cloud:7233",
        "TEMPORAL_PROFILE": "prod",
        "TEMPORAL_CONFIG_FILE": "prod.toml",
        "TEMPORAL_API_KEY": "key",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_CLIENT_KEY_DATA": "key",
        "TEMPORAL_GRPC_META_AUTHORIZATION": "Bearer key",
        "ANTHROPIC_AUTH_TOKEN": "key",
    }
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TEMPORAL_TASK_QUEUE", "q")
    monkeypatch.setenv("ORDERS_URL", "kept")
    given = environment({"TEMPORAL_ADDRESS": "127.0.0.1:1"})
    assert {name: given.get(name) for name in theirs} == {
        **dict.fromkeys(theirs),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "TEMPORAL_CONFIG_FILE": os.devnull,
    }
    assert (given["TEMPORAL_TASK_QUEUE"], given["ORDERS_URL"]) == ("q", "kept")
    assert set(theirs) <= set(left_out())


def test_the_secrets_of_a_profile_in_the_users_home_are_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = '[profile.default]\naddress = "prod:7233"\napi_key = "key"\n'
    for folder in (tmp_path / "temporalio", tmp_path / ".config/temporalio", tmp_path / _MAC / "temporalio"):
        folder.mkdir(parents=True)
        (folder / "temporal.toml").write_text(profile)
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    asked = "from temporalio.envconfig import ClientConfig; print(ClientConfig.load_client_connect_config())"
    command, their_own = [sys.executable, "-c", asked], {**os.environ, "TEMPORAL_ADDRESS": "127.0.0.1:1"}
    worker = subprocess.run(command, env=environment({"TEMPORAL_ADDRESS": "127.0.0.1:1"}), capture_output=True)
    assert worker.stdout.decode().strip() == "{'target_host': '127.0.0.1:1'}"
    assert b"'api_key': 'key'" in subprocess.run(command, env=their_own, capture_output=True).stdout


def test_what_is_given_to_a_worker_by_name_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "of the shell")
    given = environment({"TEMPORAL_API_KEY": "for the test", "TEMPORAL_CONFIG_FILE": "mine.toml"})
    assert (given["TEMPORAL_API_KEY"], given["TEMPORAL_CONFIG_FILE"]) == ("for the test", "mine.toml")


@pytest.mark.parametrize(
    ("command", "here"),
    [
        ("python worker.py", True),
        (f"{sys.executable} -m app.worker", True),
        ("/bin/sh -c 'exec python worker.py'", False),
        ("no-such-program worker.py", True),
        ("python 'worker.py", True),
    ],
)
def test_a_program_of_another_folder_has_packages_of_its_own(command: str, here: bool) -> None:
    assert is_installed_here(command) is here
