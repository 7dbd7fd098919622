"""The time-skipping test server of the Temporal SDKs: all in memory, with one clock for everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import grpc.aio

from harness.servers.lifecycle import Server


class TimeSkippingServer(Server):
    """A test server that ``async with`` starts, and kills at the end, when all that it knew is gone.

    Its clock stands still for nobody: time skips only while somebody has unlocked it and no workflow task or activity
    is under way. Every workflow of every namespace lives by that one clock.

    A namespace needs not be made: any name can be used at once, and workflows of two namespaces do not see each other.

    Args:
        binary: The test server, or a program that starts it with the arguments given.
        folder: Folder of its logs.
        port: Port to listen on; 0 for a free one, which then stays the same over restarts.
        namespaces: Namespaces beside ``default``.
    """

    engine = "time-skipping"
    database: None

    def __init__(self, binary: Path, *, folder: Path, port: int = 0, namespaces: Sequence[str] = ()) -> None:
        super().__init__(folder=folder, database=None, port=port, namespaces=namespaces)
        self.binary = binary

    def _command(self, port: int) -> list[str]:
        return [str(self.binary), str(port)]

    async def _make_namespace(self, channel: grpc.aio.Channel, name: str) -> None:
        """Do nothing: the server has no RegisterNamespace, and takes any namespace."""


def server(binary: Path, *, folder: Path, skips_time: bool) -> TimeSkippingServer:
    """Make a server of the engine ``time-skipping``; see ``harness.servers.engine``. It always skips time."""
    return TimeSkippingServer(binary, folder=folder)
