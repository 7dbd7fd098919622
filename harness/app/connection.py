"""The connection to a user's cluster: what is given comes first, then Temporal's own environment and profiles."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import RigError, UsageError

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.envconfig import ClientConfigProfile, ClientConfigTLS
    from temporalio.runtime import Runtime

ADDRESS = "localhost:7233"
"""Where a cluster is looked for if nothing says where it is, as by Temporal's own command."""

_FAILURES = (
    ("ConnectionRefused", "nothing listens there"),
    ("dns error", "there is no such host"),
    ("UnknownIssuer", "its certificate is not signed by an authority known here; name one with --tls-ca-path"),
    ("NotValidForName", "its certificate is for another name; name that with --tls-server-name"),
    ("PrivateKeyParse", "the client's key cannot be read"),
    ("InvalidContentType", "it does not speak TLS; connect with --tls=false"),
    ("CorruptMessage", "it does not speak TLS; connect with --tls=false"),
    ("HandshakeFailure", "it refuses the client's certificate"),
    ("CertificateRequired", "it wants a client certificate: --tls-cert-path and --tls-key-path"),
    ("CaUsedAsEndEntity", "its certificate is one of an authority and not of a server"),
    ("InvalidCertificate", "its certificate is not accepted"),
    ("TimeoutExpired", "it did not answer in time"),
    ("TimedOut", "it did not answer in time"),
    ("transport error", "it ends the connection"),
)

_WITHOUT_HINT = {"nothing listens there", "there is no such host"}


@dataclass(frozen=True, kw_only=True)
class ClusterConnection:
    """Where a cluster is and how to connect to it; what is not given is left to the environment and the profile.

    Attributes:
        address: Its gRPC endpoint, ``host:port``.
        namespace: Namespace.
        api_key: API key.
        profile: Profile of Temporal's configuration file.
        config_file: That file, instead of the usual one.
        tls: Whether to connect by TLS; None: if a key or a TLS option is given.
        tls_cert_path: Client certificate (PEM).
        tls_key_path: Key of the client certificate (PEM).
        tls_ca_path: Certificate of the authority that the server is checked by (PEM).
        tls_server_name: Name that the server's certificate is checked for.
        grpc_meta: gRPC headers of every request, each ``KEY=VALUE``.
    """

    address: str | None = None
    namespace: str | None = None
    api_key: str | None = None
    profile: str | None = None
    config_file: Path | None = None
    tls: bool | None = None
    tls_cert_path: Path | None = None
    tls_key_path: Path | None = None
    tls_ca_path: Path | None = None
    tls_server_name: str | None = None
    grpc_meta: Sequence[str] = ()


async def connect(wanted: ClusterConnection, *, metrics: str = "") -> Client:
    """Connect as is wanted, else as the environment says, else as the profile does.

    Args:
        wanted: Where, and how.
        metrics: ``HOST:PORT`` at which Prometheus finds the metrics of the SDK meanwhile; empty for nowhere.

    Raises:
        UsageError: A value, a file that it names, or the configuration is wrong.
        RigError: No cluster can be reached there.
    """
    from temporalio.client import Client

    profile = _profile(wanted)
    _check_tls(profile.tls)
    try:
        config = profile.to_client_connect_config()
    except OSError as error:
        raise UsageError(f"cannot read the TLS file {error.filename}: {error.strerror}") from error
    address = config.pop("target_host", ADDRESS)
    runtime = _measured(metrics)
    try:
        return await Client.connect(address, identity="crashproof", runtime=runtime, **config)  # type: ignore[misc]
    except ValueError as error:
        raise UsageError(f"cannot connect to {address}: {error}") from error
    except RuntimeError as error:
        raise RigError(_explained(str(error), address=address, tls=bool(config.get("tls")))) from error


def _measured(address: str) -> Runtime | None:
    """Return a runtime whose metrics Prometheus finds at an address; None where none is given.

    Raises:
        UsageError: They cannot be served there.
    """
    from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

    if not address:
        return None
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=address)))
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"metrics cannot be served at {address!r}, which is to be HOST:PORT: {error}") from error


def _profile(wanted: ClusterConnection) -> ClientConfigProfile:
    from temporalio.envconfig import ClientConfigProfile

    file = wanted.config_file or os.environ.get("TEMPORAL_CONFIG_FILE")
    if file and not Path(file).is_file():
        raise UsageError(f"there is no configuration file {file}")
    try:
        loaded = ClientConfigProfile.load(wanted.profile, config_source=wanted.config_file)
    except Exception as error:  # the SDK names no type for what is wrong with a configuration
        raise UsageError(f"Temporal's configuration cannot be used: {error}") from error
    return replace(
        loaded,
        address=wanted.address or loaded.address,
        namespace=wanted.namespace or loaded.namespace,
        api_key=wanted.api_key or loaded.api_key,
        tls=_tls(wanted, loaded.tls),
        grpc_meta={**loaded.grpc_meta, **dict(map(_header, wanted.grpc_meta))},
    )


def _tls(wanted: ClusterConnection, loaded: ClientConfigTLS | None) -> ClientConfigTLS | None:
    from temporalio.envconfig import ClientConfigTLS

    changes: dict[str, Any] = {
        "server_name": wanted.tls_server_name,
        "server_root_ca_cert": wanted.tls_ca_path,
        "client_cert": wanted.tls_cert_path,
        "client_private_key": wanted.tls_key_path,
    }
    changes = {name: value for name, value in changes.items() if value}
    if changes:
        changes["disabled"] = False
    if wanted.tls is not None:
        changes["disabled"] = not wanted.tls
    return replace(loaded or ClientConfigTLS(), **changes) if changes else loaded


def _header(given: str) -> tuple[str, str]:
    key, separator, value = given.partition("=")
    if not (key and separator):
        raise UsageError(f"--grpc-meta {given!r} is not KEY=VALUE")
    return key.lower(), value


def _check_tls(tls: ClientConfigTLS | None) -> None:
    """Look at TLS files before anything is connected: what the client says of them later does not name them.

    Raises:
        UsageError: One is missing or is not what it should be, or the key is not that of the certificate.
    """
    if tls is None or tls.disabled:
        return
    authority, certificate, key = tls.server_root_ca_cert, tls.client_cert, tls.client_private_key
    if bool(certificate) != bool(key):
        raise UsageError("a client certificate and its key go together: --tls-cert-path and --tls-key-path")
    for source, mark in ((authority, "CERTIFICATE"), (certificate, "CERTIFICATE"), (key, "PRIVATE KEY")):
        if isinstance(source, Path):
            _check_pem(source, mark)
    tried = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if isinstance(authority, Path):
        _try(f"{authority} holds no certificate that can be read", lambda: tried.load_verify_locations(authority))
    if isinstance(certificate, Path) and isinstance(key, Path):
        message = f"{key} is not the key of {certificate}, or needs a password"
        _try(message, lambda: tried.load_cert_chain(certificate, key, password=lambda: b""))


def _check_pem(file: Path, mark: str) -> None:
    try:
        content = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"cannot read the TLS file {file}: {error.strerror}") from error
    if not re.search(f"-----BEGIN [A-Z ]*{mark}-----", content):
        raise UsageError(f"{file} holds no PEM {mark.lower()}")


def _try(message: str, action: Callable[[], object]) -> None:
    try:
        action()
    except (ssl.SSLError, ValueError) as error:
        raise UsageError(f"{message} ({getattr(error, 'reason', None) or error})") from error


def _explained(error: str, *, address: str, tls: bool) -> str:
    """Return what the client says of a failed connection in words that help."""
    known = next((words for sign, words in _FAILURES if sign in error), "")
    why = known or error.removeprefix("Failed client connect: ")
    hint = "" if tls or known in _WITHOUT_HINT else "; a server that wants TLS needs --tls"
    return (
        f"no Temporal cluster answers at {address}: {why} "
        f"(the address comes from --address, TEMPORAL_ADDRESS or the profile{hint})"
    )
