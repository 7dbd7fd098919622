"""Whose a connection is, as the kernel says it."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from harness.processes import peers


@pytest.mark.parametrize(
    ("ip", "peer"),
    [
        ("127.0.0.1", "ipv4:127.0.0.1:{port}"),
        ("::1", "ipv6:%5B::1%5D:{port}"),
    ],
)
def test_a_connection_of_our_own_belongs_here_until_it_is_closed(ip: str, peer: str) -> None:
    with socket.create_server((ip, 0), family=socket.AF_INET6 if ":" in ip else socket.AF_INET) as server:
        port = server.getsockname()[1]
        door = (f"127.0.0.1:{port}", f"[::1]:{port}")
        with socket.create_connection((ip, port)) as client:
            peer = peer.format(port=client.getsockname()[1])
            assert peers.stranger(peer, door=door) == ""
            assert peers.stranger(peer, door=("127.0.0.1:9", "[::1]:9")) == "of nobody: it is closed"
        assert peers.stranger(peer, door=door) == "of nobody: it is closed"


def test_where_the_kernel_does_not_say_nobody_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError("no such protocol")

    monkeypatch.setattr(socket, "socket", refuse)
    assert peers.stranger("ipv4:127.0.0.1:40200", door=["127.0.0.1:7233"]) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says whose a connection is")
def test_a_connection_that_a_process_below_has_taken_over_belongs_here() -> None:
    """Whoever else has it open, too: a connection goes on in what a worker forks."""
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        door = [f"127.0.0.1:{server.getsockname()[1]}"]
        client = socket.create_connection(server.getsockname())
        peer = f"ipv4:127.0.0.1:{client.getsockname()[1]}"
        with subprocess.Popen(waits, stdin=subprocess.PIPE, pass_fds=[client.fileno()]) as process:
            client.close()
            assert peers.stranger(peer, door=door) == ""
            process.communicate()
        assert peers.stranger(peer, door=door) == peers.CLOSED
