"""The options that say where a user's cluster is: those of Temporal's own command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from harness.app.connection import ADDRESS, ClusterConnection

_FILE = click.Path(path_type=Path)

_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--address",), {"metavar": "HOST:PORT", "help": f"The cluster's gRPC endpoint. [default: {ADDRESS}]"}),
    (("-n", "--namespace"), {"metavar": "NAME", "help": "Namespace. [default: default]"}),
    (("--api-key",), {"metavar": "KEY", "help": "API key; better given as TEMPORAL_API_KEY."}),
    (("--profile",), {"metavar": "NAME", "help": "Profile of Temporal's configuration file."}),
    (("--config-file",), {"type": _FILE, "help": "Temporal's configuration file, instead of the usual one."}),
    (
        ("--tls",),
        {
            "is_flag": False,
            "flag_value": "true",
            "type": click.BOOL,
            "metavar": "[=false]",
            "help": "Connect by TLS; --tls=false: without. By default with it if a key or a TLS option is given.",
        },
    ),
    (("--tls-cert-path",), {"type": _FILE, "help": "Client certificate (PEM)."}),
    (("--tls-key-path",), {"type": _FILE, "help": "Key of the client certificate (PEM)."}),
    (("--tls-ca-path",), {"type": _FILE, "help": "Certificate of the authority that the server is checked by (PEM)."}),
    (("--tls-server-name",), {"metavar": "NAME", "help": "Name that the server's certificate is checked for."}),
    (
        ("--grpc-meta",),
        {"metavar": "KEY=VALUE", "multiple": True, "help": "gRPC header of every request; once for each."},
    ),
)

NAMES = tuple(flags[-1].removeprefix("--").replace("-", "_") for flags, _ in _OPTIONS)
"""The parameters that ``options`` gives to a command."""


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options by which Temporal's own command connects."""
    for flags, settings in reversed(_OPTIONS):
        command = click.option(*flags, **settings)(command)
    return command


def connection_of(given: Mapping[str, Any]) -> ClusterConnection:
    """Return the connection that the options describe, by the names in ``NAMES``."""
    return ClusterConnection(**{name: given[name] for name in NAMES})
