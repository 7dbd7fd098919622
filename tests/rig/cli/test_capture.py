"""``crashproof capture`` connects as Temporal's own command does, and says clearly what was asked wrongly."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import pty
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from harness.app.capture import CaptureOrder, _query, _since, chosen_executions, scrub_key
from harness.app.connection import ClusterConnection, connect
from harness.doors.decision import Decision
from harness.errors import RigError, UsageError
from harness.processes.ports import held_port
from harness.records.tape import Entry
from harness.servers.binaries import find_temporal
from harness.servers.dev import DevServer
from tests.rig.cli.running import COMMAND, LIMIT, ROOT, begun, crashproof
from tests.wire import wire_door

NOW = datetime.datetime(2026, 5, 4, 12, tzinfo=datetime.UTC)


def order(**asked: Any) -> CaptureOrder:
    return CaptureOrder(connection=ClusterConnection(), folder=Path("histories"), **asked)


@pytest.fixture(autouse=True)
def _no_configuration_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("TEMPORAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "nothing says what to capture"),
        ({"run_id": "r"}, "--run-id needs --workflow-id"),
        ({"workflow_ids": ("a", "b"), "run_id": "r"}, "--run-id goes with one --workflow-id"),
        ({"workflow_ids": ("a",), "query": "x"}, "--workflow-id names executions"),
        ({"since": "yesterday"}, "'yesterday' is no age"),
        ({"since": "9999999999999d"}, "is no age"),
        ({"since": "2999-01-01"}, "lies ahead"),
    ],
)
def test_what_does_not_go_together_is_told(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen_executions(order(**asked))


def test_all_that_was_asked_for_is_in_the_query() -> None:
    listing = {"query": "A = 1 OR B = 2", "task_queue": "it's", "workflow_type": "a\\b", "since": None}
    assert _query(order(**listing)) == "TaskQueue = 'it\\'s' AND WorkflowType = 'a\\\\b' AND (A = 1 OR B = 2)"
    assert _query(order(query=" A = 1 OR B = 2 ")) == "A = 1 OR B = 2"


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ("90m", "2026-05-04T10:30:00+00:00"),
        ("7d", "2026-04-27T12:00:00+00:00"),
        ("2w", "2026-04-20T12:00:00+00:00"),
        ("2026-05-01", "2026-05-01T00:00:00+00:00"),
        ("2026-05-01T08:00+02:00", "2026-05-01T08:00:00+02:00"),
    ],
)
def test_since_is_an_age_or_a_date(given: str, when: str) -> None:
    assert _since(given, now=NOW) == when


def test_the_key_of_stand_ins_is_made_once_and_is_for_its_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scrub_key()
    assert len(made) == 32
    assert scrub_key() == made
    (file,) = (tmp_path / "state").rglob("scrub.key")
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("CRASHPROOF_SCRUB_KEY", "given")
    assert scrub_key() == b"given"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "nope"}, "Profile 'nope' not found"),
        ({"config_file": Path("nope.toml")}, "there is no configuration file nope.toml"),
        ({"config_file": "bad.toml"}, "Temporal's configuration cannot be used"),
        ({"grpc_meta": ("a",)}, "--grpc-meta 'a' is not KEY=VALUE"),
        ({"tls_ca_path": Path("nope.pem")}, "cannot read the TLS file nope.pem: No such file"),
        ({"tls_ca_path": "bad.toml"}, "holds no PEM certificate"),
        ({"tls_ca_path": "bad.pem"}, r"bad\.pem holds no certificate that can be read"),
        ({"tls_cert_path": "bad.pem"}, "a client certificate and its key go together"),
        ({"tls_cert_path": "bad.pem", "tls_key_path": "bad.pem"}, "holds no PEM private key"),
    ],
)
async def test_a_wrong_file_or_profile_is_told_before_anything_is_connected(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    (tmp_path / "bad.toml").write_text("[profile")
    (tmp_path / "bad.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    given = {key: tmp_path / value if str(value).startswith("bad") else value for key, value in options.items()}
    with pytest.raises(UsageError, match=message):
        await connect(ClusterConnection(**given))


async def test_a_place_where_nothing_listens_is_told() -> None:
    with held_port() as nobody:
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(RigError, match=f"no Temporal cluster answers at {address}: nothing listens there"):
            await connect(ClusterConnection(address=address))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    """A server with two executions of a type, one of them ended."""
    binary = (await find_temporal()).path
    async with DevServer(binary, folder=tmp_path_factory.mktemp("server"), namespaces=["slot-1"]) as server:
        client = await Client.connect(server.address, namespace="slot-1")
        await (await client.start_workflow("Pay", "canary", id="one", task_queue="q")).terminate("over")
        await client.start_workflow("Pay", "canary", id="two", task_queue="q")
        yield server


@pytest.mark.asyncio(loop_scope="module")
class TestAgainstAServer:
    async def test_options_come_before_the_environment_and_tls_where_there_is_none_is_told(
        self, server: DevServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "slot-1")
        given: dict[str, Any] = {"address": server.address}
        assert (await connect(ClusterConnection(**given))).namespace == "slot-1"
        for more in ({"tls": True}, {"api_key": "key"}):
            with pytest.raises(RigError, match=r"it does not speak TLS; connect with --tls=false"):
                await connect(ClusterConnection(**given, **more))
        assert await connect(ClusterConnection(**given, api_key="key", tls=False))

    async def test_a_profile_leads_there_and_the_exit_status_says_what_it_came_to(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        profile = f'[profile.mine]\naddress = "{server.address}"\nnamespace = "slot-1"\n'
        (tmp_path / "temporal.toml").write_text(profile)
        env = {"TEMPORAL_CONFIG_FILE": str(tmp_path / "temporal.toml"), "TEMPORAL_PROFILE": "mine"}

        def captured(*arguments: str) -> Any:
            return crashproof("capture", *arguments, cwd=tmp_path, env=env)

        done = await asyncio.to_thread(captured, "-w", "one", "-w", "two", "--scrub", "--gzip", "-o", "json")
        assert (done.status, done.json["outcome"], done.json["counts"]["new"]) == (0, "PASS", 2), done
        assert {each["file"].split(".")[0] for each in done.json["histories"]} == {"one", "two"}
        assert done.json["scrubbed"]["replaced"]["input"] == 2
        done = await asyncio.to_thread(captured, "-w", "none")
        assert (done.status, "UNKNOWN  no history captured: nothing matches none" in done.out) == (3, True), done
        done = await asyncio.to_thread(captured, "-w", "one", "-w", "none")
        assert (done.status, "Not on the cluster, or no longer: none" in done.out) == (3, True), done
        done = await asyncio.to_thread(captured, "-q", "Bogus = 1")
        assert (done.status, "does not take the query `Bogus = 1`: invalid query" in done.err) == (2, True), done
        done = await asyncio.to_thread(captured, "-q", "", "-n", "nowhere")
        assert (done.status, "there is no namespace 'nowhere' here" in done.err) == (2, True), done

    async def test_interrupted_it_says_so_and_a_second_capture_stays_away_meanwhile(
        self, server: DevServer, tmp_path: Path
    ) -> None:
        held = asyncio.Event()

        async def hold(entry: Entry) -> Decision:
            if entry.operation == "GetWorkflowExecutionHistory":
                held.set()
                await asyncio.Event().wait()
            return "go"

        async with wire_door(server.address, namespace="slot-1", decide=hold, worker=0) as proxy:
            arguments = ["capture", "--address", proxy.address, "-w", "one"]
            with begun(*arguments, cwd=tmp_path) as running:
                async with asyncio.timeout(LIMIT):
                    await held.wait()
                (tmp_path / "second").mkdir()
                other = [*arguments, "--out", str(tmp_path / "histories")]
                second = await asyncio.to_thread(crashproof, *other, cwd=tmp_path / "second")
                running.process.send_signal(signal.SIGINT)
                await asyncio.to_thread(running.process.wait, LIMIT)
        assert (second.status, "another capture is writing to" in second.err) == (2, True), second
        assert running.done().status == 130
        assert "interrupted; 0 histories are in histories; the same command goes on" in running.done().err

    @pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False)])
    async def test_on_a_terminal_it_asks_before_it_writes_over_a_file(
        self, server: DevServer, tmp_path: Path, answer: bytes, written: bool
    ) -> None:
        arguments = ["capture", "--address", server.address, "-n", "slot-1", "-w", "one"]
        await asyncio.to_thread(crashproof, *arguments, cwd=tmp_path)
        (file,) = (tmp_path / "histories").glob("one.*.json")
        was = file.read_bytes()
        file.write_text("{}")
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        process = subprocess.Popen(
            [*COMMAND, *arguments, "-o", "json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        out, _ = await asyncio.to_thread(process.communicate, timeout=LIMIT)
        os.close(theirs)
        shown = os.read(ours, 100_000).decode()
        os.close(ours)
        assert "Write over 1 file that holds something else?" in shown
        assert json.loads(out)["counts"]["replaced" if written else "changed"] == 1
        assert (file.read_bytes() == was) is written
