"""Whose a connection is, as the kernel says it."""

from __future__ import annotations

import socket

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
