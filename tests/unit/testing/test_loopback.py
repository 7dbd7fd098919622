"""The guard: whoever leaves this machine is refused and remembered, and who does not is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from harness.testing.loopback import BeyondLoopbackError, loopback_only

ELSEWHERE = "192.0.2.1"  # RFC 5737: an address of documentation, which is nobody's


def udp(family: int = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


LEAVING: dict[str, tuple[Callable[[], Any], str]] = {
    "a connection": (lambda: socket.create_connection((ELSEWHERE, 80), timeout=1), f"connect to {ELSEWHERE} port 80"),
    "connect_ex": (lambda: socket.socket().connect_ex((ELSEWHERE, 80)), f"connect to {ELSEWHERE} port 80"),
    "one of IPv6": (lambda: udp(socket.AF_INET6).connect(("2001:db8::1", 53)), "connect to 2001:db8::1 port 53"),
    "a datagram": (lambda: udp().sendto(b"x", (ELSEWHERE, 53)), f"sendto to {ELSEWHERE} port 53"),
    "a name": (lambda: socket.getaddrinfo("api.openai.com", 443), "the lookup of the name 'api.openai.com'"),
    "a name in bytes": (lambda: socket.getaddrinfo(b"api.openai.com", 443), "the lookup of the name 'api.openai.com'"),
    "an old lookup": (lambda: socket.gethostbyname("api.openai.com"), "the lookup of the name 'api.openai.com'"),
    "a client": (lambda: urllib.request.urlopen("http://api.openai.com"), "the lookup of the name 'api.openai.com'"),
}


@pytest.mark.parametrize("how", LEAVING)
def test_what_leaves_this_machine_is_refused(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    leave, attempt = LEAVING[how]
    with loopback_only() as attempts, pytest.raises(BeyondLoopbackError, match="was refused"):
        leave()
    assert attempts == [attempt]


async def test_asyncio_and_threads_are_guarded_and_what_is_caught_is_remembered() -> None:
    with loopback_only() as attempts:
        for host in (ELSEWHERE, "api.openai.com"):
            with contextlib.suppress(Exception):
                await asyncio.open_connection(host, 443)

        def connect() -> None:
            with contextlib.suppress(Exception):
                socket.socket().connect((ELSEWHERE, 22))

        thread = threading.Thread(target=connect)
        thread.start()
        thread.join()
    assert attempts == [
        f"connect to {ELSEWHERE} port 443",
        "the lookup of the name 'api.openai.com'",
        f"connect to {ELSEWHERE} port 22",
    ]


async def test_this_machine_is_left_alone() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(9))
        writer.close()

    with loopback_only() as attempts:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            for host in ("127.0.0.1", "localhost", "::ffff:127.0.0.1"):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(b"here")
                assert await reader.read() == b"here"
                writer.close()
        socket.getaddrinfo(None, 80)
        socket.getaddrinfo("0.0.0.0", 0, flags=socket.AI_PASSIVE)
        one, other = socket.socketpair()
        one.close()
        other.close()
    assert attempts == []


def test_the_guard_ends_with_its_test() -> None:
    with loopback_only() as attempts:
        pass
    sys.audit("socket.getaddrinfo", "api.openai.com", 443, 0, 0, 0)
    assert attempts == []
