"""What is withheld from evidence: values that may be secret, while names and all that is known to be harmless stay."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from harness.errors import UsageError
from harness.records.placeholders import PLACEHOLDERS

WITHHELD = "…"
"""What stands in the place of a value that is withheld."""

_HARMLESS_HEADERS = """
    accept accept-charset accept-encoding accept-language accept-ranges anthropic-beta anthropic-version
    cache-control connection content-encoding content-language content-length content-type date expect
    host idempotency-key if-match if-none-match keep-alive openai-beta pragma priority prefer range
    retry-after te traceparent tracestate transfer-encoding upgrade user-agent via x-idempotency-key
    x-request-id x-should-retry
"""
"""Headers whose values say how a message travels, who made it, or which effect it is, and open no door."""

_HARMLESS_PREFIXES = ("x-stainless-", "sec-fetch-", "sec-ch-")
"""What the official clients of models, and browsers, say of themselves."""

_SECRET_NAME = re.compile(
    r"(?<![a-z])(api|access|private|secret|subscription|signing|master|account|encryption|auth)?[-_.]?"
    r"(key|token|secret|passw(or)?d|pwd|pw|passphrase|credentials?|auth|authorization|sig|signature|session|cookie|"
    r"dsn|bearer|jwt|sas)s?(?![a-z])"
    r"|apikey|secret|token|passw|credential|connection_?string",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(
    r"idempotency|max_?tokens|token_?(limit|count)|auth_?(sock|mode|type)|keyboard", re.IGNORECASE
)

_DOOR = rf"\$\{{({'|'.join(PLACEHOLDERS)})\}}(/([a-z]{{1,12}}|v[0-9]))*"
_PLAIN_VALUE = re.compile(rf"[a-z]{{0,12}}|True|False|-?[0-9]{{1,9}}(\.[0-9]{{1,9}})?|{_DOOR}")
"""A value that is kept if its name is harmless: a number, a word in lower case, or a door with a path of such words."""

_PLAIN_NAMES = ("PYTHONPATH",)
"""Variables that hold folders whatever they are."""

_SHORTEST = 6
"""Characters that a value has at least for it to be looked for in logs: what is shorter stands in any text."""


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers, their names in lower case, with the values of all that are not known as harmless withheld."""
    return {name: value if is_harmless_header(name) else WITHHELD for name, value in headers.items()}


def path_without_secrets(path: str) -> str:
    """Return a path with its query, in which values of parameters that look like keys are withheld."""
    bare, mark, query = path.partition("?")
    parts = re.split("([&;])", query)
    return bare + mark + "".join(map(_parameter, parts))


def pair_without_secret(pair: str) -> str:
    """Return ``NAME=VALUE`` as a record keeps it: of the values only plain ones of harmless names stay."""
    name, equals, value = pair.partition("=")
    plain = name in _PLAIN_NAMES or (not looks_secret(name) and _PLAIN_VALUE.fullmatch(value))
    return pair if plain else f"{name}{equals}{WITHHELD}"


def pair_with_secret(pair: str) -> str:
    """Return ``NAME=VALUE`` as it was given, the value from this command's own environment where it was withheld.

    Raises:
        UsageError: The environment has no value of that name.
    """
    name, _, value = pair.partition("=")
    if value != WITHHELD:
        return pair
    if name not in os.environ:
        raise UsageError(
            f"the run was given --env {name}=…, whose value is not kept: give it again in the environment, "
            f"{name}=VALUE before the command"
        )
    return f"{name}={os.environ[name]}"


def command_without_secrets(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a command line with the values of ``--env`` as records keep them."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1] == "--env":
            kept.append(pair_without_secret(word))
        elif word.startswith("--env="):
            kept.append(f"--env={pair_without_secret(word.removeprefix('--env='))}")
        else:
            kept.append(word)
    return tuple(kept)


def secret_values(
    environment: Mapping[str, str], *, given: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Return the values of an environment that must not stand in a log, the longest first.

    Those of names that look like keys, and the passwords in addresses. What names a file is none.

    Args:
        environment: What a process has from crashproof's own environment.
        given: What it was given beside it: as of ``--env``, all that is not plain counts as secret.
    """
    named = {value for name, value in environment.items() if looks_secret(name)}
    named |= {value for name, value in given.items() if pair_without_secret(f"{name}={value}").endswith(WITHHELD)}
    secrets = {value for value in named if not value.startswith(("/", "."))}
    secrets |= {password for value in environment.values() if "://" in value and (password := _password(value))}
    return tuple(sorted((value for value in secrets if len(value) >= _SHORTEST), key=len, reverse=True))


def text_without(secrets: Iterable[str], text: str) -> str:
    """Return a text in which secrets are withheld."""
    for secret in secrets:
        text = text.replace(secret, WITHHELD)
    return text


def is_harmless_header(header: str) -> bool:
    """Tell whether the values of a header, its name in lower case, are known to open no door."""
    return header in _HARMLESS_HEADERS.split() or header.startswith(_HARMLESS_PREFIXES)


def looks_secret(name: str) -> bool:
    """Tell whether a variable, parameter or header of that name looks as if it held a key."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return bool(_SECRET_NAME.search(words)) and not _NO_SECRET_NAME.search(words)


def _parameter(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={WITHHELD}" if equals and looks_secret(name) else part


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
