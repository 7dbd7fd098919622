"""The test server is put together through Maven, the full server with Go; what is missing is told with its fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import RigError
from harness.servers.binaries import FULL_SERVER, TEST_SERVER, cached, find_full_server, find_test_server, install
from harness.servers.lifecycle import Server
from harness.servers.time_skipping import TimeSkippingServer

USAGE = "Usage: <command> <port> <flags>"
MAVEN = """
for last in "$@"; do :; done
mkdir -p "${last#-DoutputDirectory=}"
: > "${last#-DoutputDirectory=}/temporal-test-server-1.32.1.jar"
"""


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: a shell and the tools of our script alone, no cache, no download; what is put here is found."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "mkdir", "chmod"):
        (tools / name).symlink_to(f"/bin/{name}")
    for name in ("dirname", "readlink"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{tools}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    for variable in ("CRASHPROOF_TEST_SERVER", "CRASHPROOF_TEMPORAL_SERVER", "JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "bin"


async def test_maven_and_a_script_make_the_test_server(machine: Path) -> None:
    program(machine / "mvn", MAVEN)
    program(machine / "java", f'echo "{USAGE}"; echo "$@" > {machine}/asked')
    told: list[str] = []
    found = await find_test_server(progress=told.append)
    assert (found.path, found.version) == (cached(TEST_SERVER), "temporal-test-server 1.32.1")
    assert found.source == "Maven io.temporal:temporal-test-server:1.32.1"
    assert "putting temporal-test-server 1.32.1 together with Maven (10 to 60 s, once)" in told
    assert (found.path.parent / "lib/temporal-test-server-1.32.1.jar").exists()
    assert "io.temporal.testserver.TestServer" in (machine / "asked").read_text()
    again = await install(TEST_SERVER, again=True)
    assert again.version == found.version
    kept = {file.name for file in found.path.parent.iterdir()}
    assert kept == {"temporal-test-server", "temporal-test-server.json", "lib", "install.lock"}


async def test_a_test_server_that_says_no_version_is_taken_by_its_usage(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(machine / "temporal-test-server", f'echo "{USAGE}"')
    found = await find_test_server()
    assert (found.source, found.version) == (
        "temporal-test-server on PATH",
        "temporal-test-server (it does not say which)",
    )
    monkeypatch.setenv("CRASHPROOF_TEST_SERVER", str(program(machine / "own", 'echo "temporal-test-server 9"')))
    assert (await find_test_server()).version == "temporal-test-server 9"
    option = program(machine / "given", 'echo "temporal-test-server 10"')
    assert (await find_test_server(str(option))).source == "--test-server"


async def test_java_that_is_gone_is_told_when_the_server_is_started(machine: Path, tmp_path: Path) -> None:
    program(machine / "mvn", MAVEN)
    java = program(machine / "java", f'echo "{USAGE}"')
    found = await find_test_server()
    java.unlink()
    server: Server = TimeSkippingServer(found.path, folder=tmp_path / "server")
    with pytest.raises(RigError, match=r"(?s)exit status 127.*java was not found.* install a Java runtime"):
        await server.start()
    program(tmp_path / "jdk/bin/java", 'echo "the other Java"; exit 3')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
        with pytest.raises(RigError, match=r"(?s)exit status 3.*the other Java"):
            await server.start()


async def test_without_java_and_maven_the_fix_of_each_way_is_told(machine: Path) -> None:
    with pytest.raises(RigError) as raised:
        await find_test_server()
    assert str(raised.value).splitlines() == [
        "the time-skipping test server was not found and could not be got. Tried, in this order:",
        "  --test-server: not given",
        "  CRASHPROOF_TEST_SERVER: not set",
        "  temporal-test-server on PATH: not found",
        "    fix: only runs with the engine `time-skipping` need it; get it from the releases of temporalio/sdk-java",
        "  crashproof's own cache: not found",
        "    fix: the first run with `--engine time-skipping` gets it",
        "  download by the Temporal SDK: switched off by CRASHPROOF_NO_DOWNLOAD",
        "    fix: let this machine reach temporal.download, and have CRASHPROOF_NO_DOWNLOAD unset",
        "  Maven io.temporal:temporal-test-server:1.32.1: no mvn and no java on PATH",
        "    fix: install a JDK (11 or newer) and Maven, have `java` and `mvn` on PATH, "
        "and let Maven reach its repository",
        "Or name one with --test-server or CRASHPROOF_TEST_SERVER.",
    ]


async def test_maven_that_fails_is_told_with_its_log(machine: Path) -> None:
    program(machine / "mvn", "echo '[ERROR] repository not reached'; exit 1")
    program(machine / "java", f'echo "{USAGE}"')
    with pytest.raises(RigError, match=r"(?s)Maven failed with exit status 1.*repository not reached"):
        await find_test_server()


async def test_go_builds_the_full_server(machine: Path) -> None:
    body = 'printf \'#!/bin/sh\\necho temporal version 1.32.0\\n\' > "$GOBIN/server"; chmod +x "$GOBIN/server"'
    program(machine / "go", f'echo "$@" > {machine}/asked; {body}')
    found = await find_full_server()
    assert (machine / "asked").read_text() == "install go.temporal.io/server/cmd/server@v1.32.0\n"
    assert (found.path, found.version) == (cached(FULL_SERVER), "temporal version 1.32.0")
    assert found.path.name == "temporal-server"


async def test_without_go_the_fix_is_told(machine: Path) -> None:
    with pytest.raises(RigError, match=r"(?s)the full Temporal server was not found.*no go on PATH\n.*fix: install Go"):
        await find_full_server()
