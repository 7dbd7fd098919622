"""A guard for tests: nothing in the process connects, sends or looks a name up beyond this machine.

It stands on the interpreter's own audit events (PEP 578), which every socket of Python's raises, those of asyncio, of
threads and of libraries too. What a library in another language opens by itself (gRPC's core, Temporal's, libuv) raises
none.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SENDING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKING_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")

_attempts: list[str] | None = None  # None: nobody guards
_hooked = False  # an audit hook stays for the life of the process


class BeyondLoopbackError(AssertionError):
    """Something tried to leave this machine while it was guarded."""


@contextmanager
def loopback_only() -> Iterator[list[str]]:
    """Refuse whatever would leave this machine, in all threads, and yield the list of what was refused."""
    global _attempts, _hooked
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked = True
    outer, _attempts = _attempts, []
    try:
        yield _attempts
    finally:
        _attempts = outer


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _attempts is None or not event.startswith("socket."):
        return
    attempt = _beyond(event, arguments)
    if attempt:
        _attempts.append(attempt)
        raise BeyondLoopbackError(f"crashproof_loopback_only: {attempt} was refused")


def _beyond(event: str, arguments: tuple[Any, ...]) -> str:
    """Say what an event would do beyond this machine; empty: nothing."""
    if event in _SENDING:
        sender, address = arguments[:2]
        if sender.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
            return ""
        return "" if _is_here(address[0]) else f"{event.removeprefix('socket.')} to {address[0]} port {address[1]}"
    if event in _LOOKING_UP:
        asked = arguments[0][0] if event == "socket.getnameinfo" else arguments[0]
        name = asked.decode(errors="replace") if isinstance(asked, bytes | bytearray) else asked
        return "" if _is_here(name) or _is_address(name) else f"the lookup of the name {name!r}"
    return ""


def _is_here(name: Any) -> bool:
    """Tell whether a name or address is this machine's loopback interface, or its own name."""
    if name is None or name in ("", "localhost", socket.gethostname()) or str(name).endswith(".localhost"):
        return True
    if not _is_address(name):
        return False
    address = ipaddress.ip_address(str(name).partition("%")[0])
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_loopback or inner.is_unspecified)


def _is_address(name: Any) -> bool:
    try:
        ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return True
