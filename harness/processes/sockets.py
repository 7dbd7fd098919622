"""Sockets of this machine as the kernel lists them, by inode, which is how ``/proc/PID/fd`` names what is open.

Linux tells it by sock_diag(7) in binary and for the states that are asked for. The tables of ``/proc/net`` say the same
in text, with every connection that waits for its end.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLMSG_ERROR, _NLMSG_DONE = 4, 20, 2, 3
_REQUEST, _DUMP = 1, 0x300
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_INET_ASKED = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states, and no socket in particular
_INET_TOLD = struct.Struct("=BBxxHH16s16s24xII")  # family, state, ports, addresses, and more up to user and inode
_UNIX_ASKED = struct.Struct("=BBxxIIIII")  # family, protocol, states, inode, what to show, cookie
_UNIX_TOLD = struct.Struct("=BBBxI8x")  # family, type, state, inode, cookie
_LISTENS = 1 << 10
_WAITS_FOR_ITS_END = 1 << 6
_ALL = 0xFFFFFFFF
_ANSWER_BYTES = 1 << 17
_PROTOCOLS = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


class Address(NamedTuple):
    """Where a socket is, or what it is connected to."""

    ip: str
    port: int


def remote_addresses() -> dict[int, Address | None]:
    """Return what each socket is connected to, by its inode; None for one that leads to no network.

    A socket that is not connected to anything yet is not among them.

    Raises:
        OSError: The kernel does not say.
    """
    remote: dict[int, Address | None] = {}
    for family in _FAMILIES:
        for protocol in _PROTOCOLS:
            connected = _inet(family, protocol, states=_ALL & ~_LISTENS & ~_WAITS_FOR_ITS_END)
            for _, _, _, port, _, ip, _, inode in connected:
                if port and inode:
                    remote[inode] = Address(_shown(family, ip), socket.ntohs(port))
    asked = _UNIX_ASKED.pack(socket.AF_UNIX, 0, _ALL, 0, 0, _ALL, _ALL)
    for message in _dumped(asked):
        remote[_UNIX_TOLD.unpack_from(message)[3]] = None
    return remote


def listening(port: int) -> set[int]:
    """Return the inodes of the sockets that listen for TCP connections at a port.

    Raises:
        OSError: The kernel does not say.
    """
    listeners = (each for family in _FAMILIES for each in _inet(family, socket.IPPROTO_TCP, states=_LISTENS))
    return {inode for _, _, own, _, _, _, _, inode in listeners if socket.ntohs(own) == port}


def _inet(family: int, protocol: int, *, states: int) -> Iterator[tuple[int, int, int, int, bytes, bytes, int, int]]:
    for message in _dumped(_INET_ASKED.pack(family, protocol, 0, states)):
        yield _INET_TOLD.unpack_from(message)


def _dumped(asked: bytes) -> Iterator[bytes]:
    """Yield what the kernel tells of each socket that fits what was asked."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
        kernel.send(_HEAD.pack(_HEAD.size + len(asked), _SOCK_DIAG_BY_FAMILY, _REQUEST | _DUMP, 0, 0) + asked)
        while True:
            answer = memoryview(kernel.recv(_ANSWER_BYTES))
            while answer:
                length, kind, *_ = _HEAD.unpack_from(answer)
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    raise OSError(-struct.unpack_from("=i", answer, _HEAD.size)[0], "the kernel lists no such sockets")
                yield bytes(answer[_HEAD.size : length])
                answer = answer[(length + 3) & ~3 :]


def _shown(family: int, ip: bytes) -> str:
    return socket.inet_ntop(family, ip[:4] if family == socket.AF_INET else ip)
