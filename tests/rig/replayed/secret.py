"""A codec that encrypts the same payload to other bytes each time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec


class Secret(PayloadCodec):
    """Adds a random byte to each byte, and keeps it: nobody must rely on that."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt."""
        return [_encrypted(payload.SerializeToString(), os.urandom(1)) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt."""
        return [Payload.FromString(_added(payload.data, -payload.metadata["nonce"][0])) for payload in payloads]


def _encrypted(plain: bytes, nonce: bytes) -> Payload:
    return Payload(metadata={"encoding": b"binary/encrypted", "nonce": nonce}, data=_added(plain, nonce[0]))


def _added(content: bytes, number: int) -> bytes:
    return bytes((byte + number) % 256 for byte in content)


SECRET = dataclasses.replace(DataConverter.default, payload_codec=Secret())
