"""A gate: a port of its own before the HTTP doors, which can be shut, so that connections are refused for real."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from harness.processes.ports import IP

_AT_ONCE = 64 * 1024
_LINGER_ZERO = struct.pack("ii", 1, 0)


class Gate:
    """Passes bytes on to another port of this machine while it is open. An async context manager.

    ::

        client ──▶ the gate's port ──▶ the doors' port
                     shut: listener closed, connections reset

    While it is shut its port stays bound, by a socket that never listens, so that nobody else is given it.

    Args:
        to: The port that it leads to.

    Attributes:
        port: Its own port.
    """

    def __init__(self, *, to: int) -> None:
        self._to = to
        self._listening: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Gate:
        self._keeper = _bound(0)
        self.port = self._keeper.getsockname()[1]
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.shut()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)
        self._keeper.close()

    async def open(self) -> None:
        """Take connections, from now on or again."""
        if self._listening is None:
            self._listening = await asyncio.start_server(self._accept, sock=_bound(self.port), backlog=1024)

    def shut(self) -> None:
        """Reset all connections, and refuse new ones."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for writer in self._clients:
            with contextlib.suppress(OSError):  # it is closed already
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                there, back = await asyncio.open_connection(IP, self._to)
                with contextlib.closing(back):
                    await asyncio.gather(_pipe(reader, back), _pipe(there, writer))
            except OSError:
                writer.transport.abort()
            finally:
                self._clients.discard(writer)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(_AT_ONCE):
            writer.write(some)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


def _bound(port: int) -> socket.socket:
    """Return a socket that is bound and does not listen; those of one port stand beside each other.

    Its protocol is named, for asyncio turns Nagle's algorithm off only then.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
    bound.bind((IP, port))
    return bound
