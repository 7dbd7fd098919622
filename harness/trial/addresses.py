"""Addresses: where the worker processes of one trial find the HTTP doors, which may be refused or not be known."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from harness.doors.http.doors import HttpDoors
from harness.doors.http.gate import Gate
from harness.faults.fault import Fault
from harness.faults.transport import RefuseConnections
from harness.processes.command import KEYS
from harness.processes.ports import IP, held_port
from harness.records.point import Door

UNKNOWN_HOST = "crashproof.invalid"
"""A host name that no resolver knows (RFC 6761, section 6.4)."""

_AT_ONCE = {"RES_OPTIONS": "timeout:1 attempts:1"}
"""The environment variable by which glibc's resolver does not wait long for a name server that is not there."""


class HttpAddresses:
    """The addresses of the HTTP doors in one slot.

    Args:
        doors: The HTTP doors.
        slot: The slot.
        gates: The gates before them, by the door that they lead to; a door without one is reached directly.
    """

    def __init__(self, doors: HttpDoors, *, slot: str, gates: dict[Door, Gate] | None = None) -> None:
        self._doors = doors
        self._slot = slot
        self._gates = gates or {}
        self._unknown: set[Door] = set()
        self._metrics: dict[int, socket.socket] = {}

    @property
    def port(self) -> int:
        """Port of the HTTP doors."""
        return urlsplit(self._doors.effects_url(self._slot, worker=0)).port or 0

    def environment(self, worker: int) -> dict[str, str]:
        """Return the environment variables by which the worker process of that number finds the HTTP doors."""
        model, anthropic = (
            url(self._slot, worker=worker) for url in (self._doors.model_url, self._doors.anthropic_url)
        )
        return {
            **KEYS,
            "OPENAI_BASE_URL": self._led("model", model),
            "ANTHROPIC_BASE_URL": self._led("model", anthropic),
            "METRICS_ADDRESS": self.metrics(worker),
            "EFFECTS_URL": self._led("effect", self._doors.effects_url(self._slot, worker=worker)),
            **(_AT_ONCE if self._unknown else {}),
        }

    def metrics(self, worker: int) -> str:
        """Return where the worker process of that number may serve its metrics; the port is held for it."""
        if worker not in self._metrics:
            self._metrics[worker] = held_port()
        return f"{IP}:{self._metrics[worker].getsockname()[1]}"

    def close(self) -> None:
        """Hold no port any more."""
        for held in self._metrics.values():
            held.close()

    def forget_name(self, door: Door) -> None:
        """Give the worker processes that start from now on an address of a door that nobody knows."""
        self._unknown.add(door)

    def refuse(self, door: Door) -> None:
        """Reset the connections to a door, and refuse new ones.

        Raises:
            KeyError: No gate is before it.
        """
        self._gates[door].shut()

    async def accept(self, door: Door) -> None:
        """Take connections to a door again."""
        await self._gates[door].open()

    def _led(self, door: Door, url: str) -> str:
        host = UNKNOWN_HOST if door in self._unknown else IP
        port = self._gates[door].port if door in self._gates else self.port
        return urlsplit(url)._replace(netloc=f"{host}:{port}").geturl()


@asynccontextmanager
async def http_addresses(doors: HttpDoors, *, slot: str, faults: Iterable[Fault]) -> AsyncIterator[HttpAddresses]:
    """Yield the addresses of the HTTP doors in a slot, with a gate before each door at which a fault refuses."""
    refused = {door for fault in faults if isinstance(fault.action, RefuseConnections) for door in fault.doors}
    async with AsyncExitStack() as stack:
        gates = {door: await stack.enter_async_context(Gate(to=_port(doors, slot))) for door in sorted(refused)}
        addresses = HttpAddresses(doors, slot=slot, gates=gates)
        stack.callback(addresses.close)
        yield addresses


def _port(doors: HttpDoors, slot: str) -> int:
    return HttpAddresses(doors, slot=slot).port
