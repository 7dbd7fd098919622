"""The sockets of this machine as the kernel lists them are those that this process has open."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack

import pytest

from harness.processes import sockets
from harness.processes.sockets import Address

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists them so")


def _inode(each: socket.socket) -> int:
    return os.fstat(each.fileno()).st_ino


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_what_a_socket_is_connected_to_is_told(ip: str, kind: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.socket(family, kind) as server, socket.socket(family, kind) as client:
        server.bind((ip, 0))
        if kind is socket.SOCK_STREAM:
            server.listen()
        assert _inode(client) not in sockets.remote_addresses()
        client.connect(server.getsockname()[:2])
        remote = sockets.remote_addresses()
        assert remote[_inode(client)] == Address(ip, server.getsockname()[1])
        assert _inode(server) not in remote


def test_a_socket_that_leads_to_no_network_is_told_as_such() -> None:
    with ExitStack() as stack:
        pair = [stack.enter_context(each) for each in socket.socketpair(socket.AF_UNIX)]
        remote = sockets.remote_addresses()
        assert [remote[_inode(each)] for each in pair] == [None, None]


def test_who_listens_is_told_and_who_is_connected_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0] as accepted:
            assert sockets.listening(port) == {_inode(server)}
            assert accepted.getsockname()[1] == port
    assert sockets.listening(port) == set()


def test_elsewhere_the_kernel_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OSError, match="not implemented"):
        sockets.listening(1)
