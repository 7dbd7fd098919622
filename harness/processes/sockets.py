"""Sockets of this machine as the kernel lists them, by inode, which is how ``/proc/PID/fd`` names what is open.

Linux tells it by sock_diag(7) in binary and for the states that are asked for. The tables of ``/proc/net`` say the same
in text, with every connection that waits for its end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

ALL_STATES = 0xFFFFFFFF
"""Every state of a socket, where states are asked for."""

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLMSG_ERROR, _NLMSG_DONE = 4, 20, 2, 3
_REQUEST, _DUMP = 1, 0x300
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_INET_ASKED = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states, and no socket in particular
_INET_TOLD = struct.Struct("=BBxxHH16s16s24xII")  # family, state, ports, addresses, and more up to user and inode
_UNIX_ASKED = struct.Struct("=BBxxIIIII")  # family, protocol, states, inode, what to show, cookie
_UNIX_TOLD = struct.Struct("=BBBxI8x")  # family, type, state, inode, cookie
_LISTENS = 1 << 10
_WAITS_FOR_ITS_END = 1 << 6
_ANY_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_SOCKET = "socket:["
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
            connected = _inet(family, protocol, states=ALL_STATES & ~_LISTENS & ~_WAITS_FOR_ITS_END)
            for _, _, _, port, _, ip, _, inode in connected:
                if port and inode:
                    remote[inode] = Address(_shown(family, ip), socket.ntohs(port))
    asked = _UNIX_ASKED.pack(socket.AF_UNIX, 0, ALL_STATES, 0, 0, *_ANY_COOKIE)
    for message in socket_messages(asked, every=True):
        remote[_UNIX_TOLD.unpack_from(message)[3]] = None
    return remote


def listening(port: int) -> set[int]:
    """Return the inodes of the sockets that listen for TCP connections at a port.

    Raises:
        OSError: The kernel does not say.
    """
    listeners = (each for family in _FAMILIES for each in _inet(family, socket.IPPROTO_TCP, states=_LISTENS))
    return {inode for _, _, own, _, _, _, _, inode in listeners if socket.ntohs(own) == port}


def opened_by(pid: int) -> dict[int, int]:
    """Return the inode of each socket that a process has open, by descriptor; no other socket ever has the same.

    None where that is not known: it is gone, another user's, hides it, or this is not Linux.
    """
    opened: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):  # closed again
                if (link := os.readlink(f"/proc/{pid}/fd/{name}")).startswith(_SOCKET):
                    opened[int(name)] = int(link[len(_SOCKET) : -1])
    return opened


def socket_messages(asked: bytes, *, every: bool) -> Iterator[bytes]:
    """Yield what the kernel tells of sockets, as sock_diag(7) has it.

    Args:
        asked: What is asked for, after the head of the message.
        every: Whether every socket is told that fits; else it is the one that is asked for.

    Raises:
        OSError: The kernel does not say, or this is not Linux; ENOENT: no such socket is there.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
        flags = _REQUEST | (_DUMP if every else 0)
        kernel.send(_HEAD.pack(_HEAD.size + len(asked), _SOCK_DIAG_BY_FAMILY, flags, 0, 0) + asked)
        while True:
            answer = memoryview(kernel.recv(_ANSWER_BYTES))
            while answer:
                length, kind, *_ = _HEAD.unpack_from(answer)
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    code = -struct.unpack_from("=i", answer, _HEAD.size)[0]
                    raise OSError(code, os.strerror(code))
                yield bytes(answer[_HEAD.size : length])
                answer = answer[(length + 3) & ~3 :]
            if not every:
                return


def _inet(family: int, protocol: int, *, states: int) -> Iterator[tuple[int, int, int, int, bytes, bytes, int, int]]:
    for message in socket_messages(_INET_ASKED.pack(family, protocol, 0, states), every=True):
        yield _INET_TOLD.unpack_from(message)


def _shown(family: int, ip: bytes) -> str:
    return socket.inet_ntop(family, ip[:4] if family == socket.AF_INET else ip)
