"""A certificate of the wire door's own, for workers that insist on TLS, and the files by which they trust it."""

from __future__ import annotations

import functools
import importlib
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from harness.errors import UsageError
from harness.processes import scratch

_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate with its key, made for this process alone.

    Attributes:
        key: The private key, as PEM.
        chain: The certificate, as PEM.
        authority: File with the certificate of the authority that signed it.
        authorities: File with that one and all those that this machine trusts anyway.
    """

    key: bytes
    chain: bytes
    authority: Path
    authorities: Path

    @property
    def credentials(self) -> grpc.ServerCredentials:
        """The same for gRPC. No client is asked for a certificate of its own."""
        return grpc.ssl_server_credentials([(self.key, self.chain)])

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which a client trusts it: in code (``tls=True``, an API key) and by its configuration.

        Of what a worker trusts nothing is taken away. The API key opens nothing: a program that reads one finds one.
        """
        return {
            "SSL_CERT_FILE": str(self.authorities),
            "TEMPORAL_TLS": "true",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.authority),
            "TEMPORAL_API_KEY": "crashproof",
        }


@functools.cache
def certificate(host: str = "") -> Certificate:
    """Make a certificate for the addresses of this machine and the host of a fixed address; once for each.

    Raises:
        UsageError: The package that makes it is not installed.
    """
    try:
        trustme = importlib.import_module("trustme")
    except ModuleNotFoundError as error:
        raise UsageError("--tls needs a package that makes certificates: pip install 'crashproof[tls]'") from error
    authority = trustme.CA(organization_name="crashproof")
    own = authority.issue_cert(*dict.fromkeys((*_NAMES, *filter(None, [host.strip("[]")]))))
    folder = scratch.new_folder("tls")
    (folder / "authority.pem").write_bytes(authority.cert_pem.bytes())
    (folder / "authorities.pem").write_bytes(authority.cert_pem.bytes() + b"\n" + _trusted_anyway())
    return Certificate(
        key=own.private_key_pem.bytes(),
        chain=b"".join(part.bytes() for part in own.cert_chain_pems),
        authority=folder / "authority.pem",
        authorities=folder / "authorities.pem",
    )


def _trusted_anyway() -> bytes:
    """Return the authorities that a client trusts here without a word from crashproof, as PEM."""
    file = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    try:
        return Path(file).read_bytes() if file else b""
    except OSError:
        return b""
