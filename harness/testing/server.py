"""The Temporal server as one test has it: in a namespace of its own, to be killed and started again."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from harness.servers import lifecycle as serving
from harness.testing.thread import Calls


class SessionServer:
    """A persisted development server. It is one for the whole session; each test has a namespace of its own.

    Attributes:
        namespace: The namespace of this test. Worker processes of ``crashproof_worker`` work in it, whichever they ask
            for.
    """

    def __init__(self, server: serving.Server, *, namespace: str, calls: Calls) -> None:
        self.namespace = namespace
        self._server = server
        self._calls = calls

    @property
    def address(self) -> str:
        """Host and port of the gRPC service; they stay the same over restarts."""
        return self._server.address

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._server.alive

    def kill(self) -> Coroutine[Any, Any, None]:
        """Kill it with SIGKILL. The next test finds it running again."""
        __tracebackhide__ = True
        return self._calls.make("crashproof_server.kill()", self._server.kill)

    def restart(self) -> Coroutine[Any, Any, None]:
        """Start it again on the same database and port, after killing it if it still runs.

        Raises:
            RigError: It does not start; with the end of its log.
        """
        __tracebackhide__ = True
        return self._calls.make("crashproof_server.restart()", self._server.restart)
