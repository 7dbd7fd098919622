"""Whose a connection on this machine's loopback interface is: ours, or another user's who has no business here.

Linux tells everybody to which user a socket belongs: see sock_diag(7). Elsewhere nobody is told apart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterable
from urllib.parse import unquote

from harness.processes import tree

_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, _NLMSG_ERROR = 4, 20, 1, 2
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ENDS = struct.Struct("!HH16s16s")  # ports and addresses of the socket asked for, its own first
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, cookie
_TOLD = struct.Struct("=4x48x12xII")  # state and more, the socket, queues, user, inode
_ALL_STATES = 0xFFFFFFFF


def stranger(peer: str, *, door: Iterable[str]) -> str:
    """Say whose a connection is that does not belong here; an empty text where it does, or where nobody can tell.

    It belongs here if it is of our own user, of root, who can do anything anyway, or of a user that something runs as
    which this process has started.

    Args:
        peer: Where it comes from, as gRPC says it: ``ipv4:127.0.0.1:40312``, ``ipv6:%5B::1%5D:40312``.
        door: The addresses that it may lead to, ``IP:PORT`` each.
    """
    if not sys.platform.startswith("linux"):
        return ""
    comes_from = _end(unquote(peer.partition(":")[2]))
    try:
        owners = [_owner(comes_from, _end(address)) for address in door if _family(address) == _family(comes_from[0])]
    except OSError:
        return ""
    owner = next((each for each in owners if each is not None), None)
    if owner is None:
        return "of nobody: it is closed"
    if owner in (0, os.getuid()) or owner in _users_below():
        return ""
    return f"of user {owner}"


def _end(address: str) -> tuple[str, int]:
    ip, _, port = address.rpartition(":")
    return ip.strip("[]").removeprefix("::ffff:"), int(port)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET if "." in address else socket.AF_INET6


def _owner(near: tuple[str, int], far: tuple[str, int]) -> int | None:
    """Return the user of the socket that is connected from one address to another; None: no process has it.

    Raises:
        OSError: The kernel does not say.
    """
    family = _family(near[0])
    ips = [socket.inet_pton(family, ip) for ip, _ in (near, far)]
    body = _ASKED.pack(family, socket.IPPROTO_TCP, 0, _ALL_STATES) + _ENDS.pack(near[1], far[1], *ips) + _ANY
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as kernel:
        head = _HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 0, 0)
        kernel.send(head + body)
        answer = kernel.recv(1 << 12)
    if _HEAD.unpack_from(answer)[1] == _NLMSG_ERROR:
        code = -struct.unpack_from("=i", answer, _HEAD.size)[0]
        if code == errno.ENOENT:
            return None
        raise OSError(code, os.strerror(code))
    user, inode = _TOLD.unpack_from(answer, _HEAD.size)
    return user if inode else None  # one that its process has closed, or died with, is root's by then


def _users_below() -> set[int]:
    users = set[int]()
    for process in tree.descendants(os.getpid()):
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/status", errors="replace") as file:
            users |= {int(line.split()[2]) for line in file if line.startswith("Uid:")}  # the one that acts
    return users
