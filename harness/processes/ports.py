"""Ports and addresses of the loopback interface, where every server and door of crashproof listens."""

from __future__ import annotations

import contextlib
import ipaddress
import random
import socket

from harness.errors import RigError, UsageError

IP = "127.0.0.1"
_IP6 = "::1"
_PORTS = range(15000, 32000)


def is_free(port: int, *, ip: str = IP) -> bool:
    """Return whether a server could listen on the port of the loopback interface now."""
    with socket.socket(_family(ip)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ip, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a free port outside the range from which outgoing connections take theirs.

    So no connection can take it while a killed server is down.
    """
    for _ in range(200):
        port = random.choice(_PORTS)
        if is_free(port):
            return port
    raise RigError(f"no free port found on {IP} in {_PORTS.start} to {_PORTS.stop}")


def listening() -> socket.socket:
    """Return a socket that listens on a free port, for a server of asyncio's.

    asyncio turns Nagle's algorithm off only for sockets that name their protocol. With it every answer is 40 ms late,
    where its head and its body are written one after the other.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((IP, 0))
    listener.listen(1024)
    return listener


def held_port() -> socket.socket:
    """Return a socket that holds a free port for somebody else, who may listen there.

    It listens to nothing itself. Whoever sets SO_REUSEADDR, as servers do, can listen at its port; nobody else is given
    it while the socket is open.
    """
    held = socket.socket(socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((IP, 0))
    return held


def loopback_addresses(address: str) -> tuple[str, ...]:
    """Return every ``IP:PORT`` of this machine that a client of the address may connect to.

    ``localhost`` is both that of IPv4 and that of IPv6, whatever the machine's own table of hosts says: a client may
    have another.

    Args:
        address: ``host:port``, where the host is a name or an IP (one of IPv6 in brackets).

    Raises:
        UsageError: It is no such address, has no port, or leads anywhere but to the loopback interface.
    """
    host, _, port = address.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not bare or (":" in bare and bare == host) or not port.isascii() or not port.isdigit():
        raise UsageError(_refused(address))
    if not 0 < int(port) < 1 << 16:
        raise UsageError(f"{_refused(address)}: a port is a number from 1 to 65535")
    ips = _resolved(bare)
    elsewhere = [ip for ip in ips if not ipaddress.ip_address(ip.partition("%")[0]).is_loopback]
    if not ips or elsewhere:
        leads = f"leads to {', '.join(elsewhere)}" if elsewhere else "is known to nobody here"
        raise UsageError(f"{_refused(address)}: {bare} {leads}; crashproof listens on this machine alone")
    return tuple(f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip in ips if is_free(0, ip=ip))


def _resolved(host: str) -> list[str]:
    if host == "localhost":
        return [IP, _IP6]
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    try:
        ips = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in ips))


def _refused(address: str) -> str:
    return f"the address {address!r} is not a loopback HOST:PORT such as localhost:7233"


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET
