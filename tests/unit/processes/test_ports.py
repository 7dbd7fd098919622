"""A free port is one that a server can listen on, outside the range of outgoing connections."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from harness.errors import RigError, UsageError
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


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:7233", ("127.0.0.1:7233",)),
        ("127.8.8.8:1", ("127.8.8.8:1",)),
        ("localhost:7233", ("127.0.0.1:7233", "[::1]:7233")),
        ("[::1]:7233", ("[::1]:7233",)),
    ],
)
def test_an_address_of_this_machine_leads_to_each_of_its_interfaces(
    address: str, found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port, *, ip=ports.IP: True)
    assert ports.loopback_addresses(address) == found


def test_an_interface_that_this_machine_lacks_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port, *, ip=ports.IP: ":" not in ip)
    assert ports.loopback_addresses("localhost:7233") == ("127.0.0.1:7233",)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0:7233", "0.0.0.0 leads to 0.0.0.0"),
        ("[::]:7233", ":: leads to ::"),
        ("192.168.0.7:7233", "leads to 192.168.0.7"),
        ("both:7233", "both leads to 10.0.0.1"),
        ("nobody:7233", "nobody is known to nobody here"),
        ("localhost", "is not a loopback HOST:PORT"),
        ("::1:7233", "is not a loopback HOST:PORT"),
        ("localhost:", "is not a loopback HOST:PORT"),
        ("localhost:0", "a port is a number from 1 to 65535"),
        ("localhost:70000", "a port is a number from 1 to 65535"),
        (":7233", "is not a loopback HOST:PORT"),
    ],
)
def test_an_attack_by_an_address_that_leads_anywhere_else_is_refused(
    address: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", known)
    with pytest.raises(UsageError) as raised:
        ports.loopback_addresses(address)
    assert why in str(raised.value)


def known(host: str, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
    if host != "both":
        raise socket.gaierror
    return [(socket.AF_INET, 1, 6, "", (ip, 0)) for ip in ("127.0.0.1", "10.0.0.1")]
