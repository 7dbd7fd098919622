"""A door that speaks TLS is trusted by clients of the SDK that insist on TLS or an API key, and by no others."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import grpc
import grpc.aio
import pytest

from harness.doors.wire import certificate as certificates
from harness.doors.wire.certificate import certificate
from harness.doors.wire.serving import GrpcServer
from harness.errors import UsageError
from harness.processes import scratch

INSISTS = """
import asyncio, sys
from temporalio.client import Client
from temporalio.envconfig import ClientConfig

async def main():
    await Client.connect(sys.argv[1], tls=True)
    await Client.connect(sys.argv[1], api_key="mine")
    await Client.connect(**ClientConfig.load_client_connect_config())
    print("connected", flush=True)

asyncio.run(main())
"""


async def nothing(method: str, raw: bytes, context: Any) -> bytes:
    return b""


async def connects(address: str, environment: dict[str, str]) -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        INSISTS,
        address,
        env={**os.environ, "TEMPORAL_ADDRESS": address, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    return b"connected" in out


async def test_a_client_that_insists_on_tls_trusts_the_door_by_its_environment_alone() -> None:
    own = certificate()
    assert own is certificate()
    try:
        async with asyncio.timeout(120), GrpcServer(certificate=own) as server:
            await server.serve(nothing)
            assert await connects(server.address, own.environment)
            assert not await connects(server.address, {})
            trusting = grpc.ssl_channel_credentials(own.authority.read_bytes())
            async with grpc.aio.secure_channel(f"localhost:{server.address.rpartition(':')[2]}", trusting) as channel:
                calling: Any = channel.unary_unary("/a.B/C")
                assert await calling(b"x") == b""
    finally:
        certificate.cache_clear()
        scratch.remove_all()
    assert not own.authority.exists()


def test_what_is_missing_for_a_certificate_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(certificates.importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"pip install 'crashproof\[tls\]'"):
        certificate("other.example")
