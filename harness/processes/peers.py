"""Whose a connection on this machine's loopback interface is: ours, or another's who has no business here.

Linux tells everybody to which user a socket belongs, see sock_diag(7), and each user which of its own processes has it
open. Elsewhere nobody is told apart; nor is a process of our own user that hides what it has open.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from collections.abc import Iterable
from urllib.parse import unquote

from harness.foreign import for_line
from harness.processes import process, sockets, tree

CLOSED = "of nobody: it is closed"
"""What is said of a connection that no process has any more."""

_ASKED = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ENDS = struct.Struct("!HH16s16s")  # ports and addresses of the socket asked for, its own first
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)  # interface, cookie
_TOLD = struct.Struct("=4x48x12xII")  # state and more, the socket, queues, user, inode


def stranger(peer: str, *, door: Iterable[str]) -> str:
    """Say whose a connection is that does not belong here; an empty text where it does, or where nobody can tell.

    It belongs here if it is of this process or of one below it. It does not if it is of another process that can be
    seen, or of a user whom nothing below this process runs as: root can do anything anyway.

    Args:
        peer: Where it comes from, as gRPC says it: ``ipv4:127.0.0.1:40312``, ``ipv6:%5B::1%5D:40312``.
        door: The addresses that it may lead to, ``IP:PORT`` each.
    """
    if not sys.platform.startswith("linux"):
        return ""
    comes_from = _end(unquote(peer.partition(":")[2]))
    try:
        connected = [
            _socket(comes_from, _end(address)) for address in door if _family(address) == _family(comes_from[0])
        ]
    except OSError:
        return ""
    end = next((each for each in connected if each is not None), None)
    if end is None:
        return CLOSED
    user, inode = end
    # Mostly the one that was started here last has it: a worker calls as soon as it runs. To list all that is below
    # takes 5 ms for a hundred threads, and this process has hundreds of files open.
    if any(_has(pid, inode) for pid in (*reversed(process.started()), os.getpid())):
        return ""
    below = [os.getpid(), *(each.pid for each in reversed(tree.descendants(os.getpid())))]
    if any(_has(pid, inode) for pid in below):
        return ""
    if (other := _another_with(inode)) is not None:
        return f"of process {other} ({_name(other)}), which crashproof has not started"
    return "" if user in (0, os.getuid()) or user in _users_of(below) else f"of user {user}"


def _end(address: str) -> tuple[str, int]:
    ip, _, port = address.rpartition(":")
    return ip.strip("[]").removeprefix("::ffff:"), int(port)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET if "." in address else socket.AF_INET6


def _socket(near: tuple[str, int], far: tuple[str, int]) -> tuple[int, int] | None:
    """Return user and inode of the socket that is connected from one address to another; None: no process has it.

    Raises:
        OSError: The kernel does not say.
    """
    family = _family(near[0])
    ips = [socket.inet_pton(family, ip) for ip, _ in (near, far)]
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, sockets.ALL_STATES)
    try:
        (message,) = sockets.socket_messages(asked + _ENDS.pack(near[1], far[1], *ips) + _ANY, every=False)
    except FileNotFoundError:
        return None
    user, inode = _TOLD.unpack_from(message)
    return (user, inode) if inode else None  # one that its process has closed, or died with, is root's by then


def _has(pid: int, inode: int) -> bool:
    return inode in sockets.opened_by(pid).values()


def _another_with(inode: int) -> int | None:
    """Return a process that has a socket open and is not below this one; None where one below has it, or none seen."""
    around = tree.look_around()
    having = [each.pid for each in around if _has(each.pid, inode)]
    return None if any(map(_is_below, having)) else next(iter(having), None)


def _is_below(pid: int) -> bool:
    """Tell whether a process is this one or below it; it gets other parents while those between are ending."""
    at = pid
    while at > 1 and at != os.getpid():
        seen = tree.look(at)
        if seen is None and tree.look(pid) is None:
            return True  # it has ended meanwhile: nobody can tell any more
        at = seen.parent if seen else pid
    return at == os.getpid()


def _name(pid: int) -> str:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", errors="replace") as file:
        return for_line(file.read().strip())
    return "it has ended"


def _users_of(processes: Iterable[int]) -> set[int]:
    users = set[int]()
    for pid in processes:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status", errors="replace") as file:
            users |= {int(line.split()[2]) for line in file if line.startswith("Uid:")}  # the one that acts
    return users
