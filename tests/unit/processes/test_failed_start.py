"""Why a worker did not start: the chain of causes from its root on, and the hint that fits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from harness.processes.failed_start import chain_of_causes, failed_start, hints
from harness.processes.process import Process

DOOR = {"TEMPORAL_ADDRESS": "127.0.0.1:15001"}
REFUSED = (
    "RuntimeError: Failed client connect: Server connection error: tonic::transport::Error(Transport, ConnectError("
    'ConnectError("tcp connect error", 127.0.0.1:7233, Os { code: 111, kind: ConnectionRefused })))'
)
NO_TLS = "RuntimeError: Failed client connect: ConnectError(Custom { error: InvalidMessage(InvalidContentType) })"


def written_by(folder: Path, **files: str) -> str:
    """Return what a program of these files writes to standard error."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text))
    ran = subprocess.run([sys.executable, folder / "worker.py"], capture_output=True, cwd=folder, timeout=240)
    return ran.stderr.decode()


def test_the_root_of_a_chain_of_causes_comes_first(tmp_path: Path) -> None:
    written = written_by(
        tmp_path,
        worker="""
            def deep(left):
                if left:
                    return deep(left - 1)
                raise KeyError("the root")

            try:
                try:
                    deep(100)
                except KeyError as error:
                    raise ValueError("in between") from error
            except ValueError:
                raise RuntimeError("what is seen last")
        """,
    )
    causes = ["KeyError: 'the root'", "ValueError: in between", "RuntimeError: what is seen last"]
    assert chain_of_causes(written.splitlines()) == causes
    earlier = 'Traceback (most recent call last):\n  File "x", line 1\nOSError: of another time\n\n'
    assert chain_of_causes((earlier + written).splitlines()) == causes
    assert chain_of_causes(["no traceback", "Error: nothing"]) == []


def test_a_group_of_errors_is_a_chain(tmp_path: Path) -> None:
    written = written_by(tmp_path, worker="raise ExceptionGroup('all', [ValueError('one'), OSError('two')])")
    assert chain_of_causes(written.splitlines())[0] == "ExceptionGroup: all (2 sub-exceptions)"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (REFUSED, "the worker connects to 127.0.0.1:7233, and not to TEMPORAL_ADDRESS (127.0.0.1:15001)"),
        (REFUSED, "give it with --address 127.0.0.1:7233"),
        (NO_TLS, "give --tls"),
        ("RuntimeError: InvalidCertificate(UnknownIssuer)", "does not trust the certificate of the door"),
        ("RuntimeError: dns error: failed to lookup address", "connects to a host that is not known here"),
        ("ModuleNotFoundError: No module named 'acme'", "has no module 'acme'"),
        ("temporal_sdk_bridge.ConfigError: Profile 'prod' not found", "--env TEMPORAL_CONFIG_FILE=FILE"),
        ("KeyError: 'TEMPORAL_CLOUD_KEY'", "give the worker one with --env TEMPORAL_CLOUD_KEY=VALUE"),
    ],
)
def test_a_hint_fits_what_was_written(written: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_CLOUD_KEY", "of the shell")
    (hint,) = hints(written, environment=DOOR)
    assert expected in hint


@pytest.mark.parametrize(
    "written", ["", "KeyError: 'ORDERS_URL'", "ValueError: nothing of that kind", REFUSED.replace("7233", "15001")]
)
def test_there_is_no_hint_where_none_fits(written: str) -> None:
    assert list(hints(written, environment=DOOR)) == []


def test_a_variable_that_is_not_set_is_told(tmp_path: Path) -> None:
    reads = "import os\n\ndef key():\n    return os.environ['ACME_KEY_OF_NOBODY']\n"
    written = written_by(tmp_path, worker="import settings\nsettings.key()\n", settings=reads)
    (hint,) = hints(written, environment=DOOR)
    assert hint.startswith("ACME_KEY_OF_NOBODY is not set here: set it, or give the worker one with --env")
    assert list(hints(written, environment={**DOOR, "ACME_KEY_OF_NOBODY": "set"})) == []


def test_a_worker_without_tls_behind_a_door_with_it_is_told() -> None:
    (hint,) = hints(NO_TLS, environment=DOOR, tls=True)
    assert "leave --tls out" in hint


def test_a_refusal_of_the_sandbox_names_the_import(tmp_path: Path) -> None:
    written = written_by(
        tmp_path,
        worker="""
            from temporalio import workflow
            from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
            from flows import Flow

            SandboxedWorkflowRunner().prepare_workflow(workflow._Definition.must_from_class(Flow))
        """,
        flows="""
            from temporalio import workflow
            import tools

            @workflow.defn
            class Flow:
                @workflow.run
                async def run(self) -> None: ...
        """,
        tools="import socket_user\n",
        socket_user="import random\nrandom.seed()\nVALUE = random.random()\n",
    )
    (hint,) = hints(written, environment=DOOR)
    assert "the workflow sandbox refuses what a workflow's module imports" in hint
    assert "random.seed" in hint
    assert f"{tmp_path / 'tools.py'}:1: import socket_user" in hint.replace(os.path.relpath(tmp_path), str(tmp_path))
    assert "imports_passed_through" in hint


def test_a_program_that_the_sandbox_starts_again_is_told_to_guard_its_start(tmp_path: Path) -> None:
    written = written_by(
        tmp_path,
        worker="""
            import asyncio
            from temporalio import workflow
            from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

            @workflow.defn
            class Flow:
                @workflow.run
                async def run(self) -> None: ...

            async def main() -> None:
                try:
                    SandboxedWorkflowRunner().prepare_workflow(workflow._Definition.must_from_class(Flow))
                except Exception as error:
                    raise RuntimeError("Failed validating workflow Flow") from error

            asyncio.run(main())
        """,
    )
    (hint,) = hints(written, environment=DOOR)
    assert hint.endswith('let only `if __name__ == "__main__":` start it')


async def test_the_error_shows_no_secret_and_names_the_log(tmp_path: Path) -> None:
    code = "import sys; sys.exit('my key is sk-canary')"
    environment = {**os.environ, **DOOR, "MY_API_KEY": "sk-canary"}
    async with asyncio.timeout(240):
        process = await Process.start([sys.executable, "-c", code], name="worker-1", logs=tmp_path, env=environment)
        await process.wait()
        error = failed_start("it ended", process=process, environment=environment)
    assert str(error).startswith("it ended\nIts whole log: ")
    assert "worker-1.err and worker-1.out" in str(error)
    assert "  | my key is …" in str(error)
    await process.kill()
