"""Free ports of the loopback interface, where every server and door of crashproof listens."""

from __future__ import annotations

import random
import socket

from harness.errors import RigError

IP = "127.0.0.1"
_PORTS = range(15000, 32000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((IP, port))
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
