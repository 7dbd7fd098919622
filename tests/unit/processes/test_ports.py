"""A free port is one that a server can listen on, outside the range of outgoing connections."""

from __future__ import annotations

import socket

import pytest

from harness.errors import RigError
from harness.processes import ports


def test_a_port_is_free_until_somebody_listens_there() -> None:
    port = ports.free_port()
    assert 15000 <= port < 32000
    with socket.create_server((ports.IP, port)):
        assert not ports.is_free(port)


def test_a_machine_without_a_free_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(RigError, match="no free port"):
        ports.free_port()
