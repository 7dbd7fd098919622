"""The effect server's answers: what a tool, a payment or a search says to the worker.

``POST``, ``PUT``, ``PATCH`` and ``DELETE`` are effects, and their operation is their name: the path below
``EFFECTS_URL``. Every other method only reads: it is answered too, and its operation is ``GET:name``, so that nothing
that counts effects of a name counts a read.

The ledger of effects is the tape: an effect counts from the moment at which it was answered here, whether the worker
heard the answer or not.

What they answer comes from *scripts*, Python files with ``answer(effect)``, where ``effect`` is a dict of ``name``,
``method``, ``path``, ``key`` (of idempotency), ``headers``, ``body`` and ``trial`` (its name, as in ``${TRIAL}``). A
script returns

- the body, any dict;
- ``{"status": 409, "body": {...}, "headers": {...}, "delay": 2.5}``: all but ``status`` optional; ``delay`` is the
  seconds that the answer takes.

A service may have a script of its own: the one of ``payments`` answers ``payments`` and all below ``payments/``. What
has none is answered by the script whose name is empty, or else by a default.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from harness.doors.http.answer import Answer, json_answer, parsed, plain_headers
from harness.doors.http.script import Script, ScriptError
from harness.records.effect_name import effect_name
from harness.records.idempotency import idempotency_key
from harness.records.withheld import path_without_secrets

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""The methods that are effects."""

_ENVELOPE = frozenset({"status", "body", "headers", "delay"})

LONGEST_DELAY = 3600.0
"""Seconds that the answer to an effect may take at most."""


@dataclass(frozen=True, kw_only=True)
class EffectRequest:
    """One request to the effect server.

    Attributes:
        name: Path below ``EFFECTS_URL``, without slashes at its ends: ``note``, ``cards/7/charge``.
        method: HTTP method in capitals.
        path: The same as it was sent, with its leading slash and its query.
        headers: Names in lower case.
        body: Parsed JSON, else the text.
        trial: Name of the trial whose worker sent it, as ``${TRIAL}`` stands for it.
    """

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    trial: str = ""

    @property
    def key(self) -> str:
        """The idempotency key: the header of that name, else that field of the body, else empty."""
        return idempotency_key(self.headers, self.body)


def operation_of(method: str, path: str) -> str:
    """Return the operation of a request: the effect's name, or ``GET:name`` for a read."""
    name = effect_name(_name(path))
    return name if method in CHANGING else f"{method}:{name}"


def answer(effect: EffectRequest, *, scripts: Mapping[str, Script] = MappingProxyType({})) -> Answer:
    """Return the answer to an effect or a read: that of the script of its service, else the default one.

    The default is ``{"id": digest, "name": name, "ok": true}`` with the digest of name and key, or of name and body
    where there is no key: asked again with the same key, the answer is the same.
    """
    if not effect.name:
        notice = (
            f"{effect.method} {path_without_secrets(effect.path)}: an effect needs a name: the path below EFFECTS_URL"
        )
        return json_answer({"error": {"message": notice}}, status=404, notice=notice)
    script = _script_of(effect.name, scripts)
    if script is None:
        return json_answer({"id": _digest(effect), "name": effect.name, "ok": True})
    try:
        return _scripted(effect, script)
    except ScriptError as error:
        return json_answer({"error": {"message": str(error)}}, status=500, notice=str(error))


def _script_of(name: str, scripts: Mapping[str, Script]) -> Script | None:
    """Return the script of the service that an effect is of, the one with the longest name where several are."""
    services = [service for service in scripts if name == service or name.startswith(f"{service}/")]
    return scripts[max(services, key=len)] if services else scripts.get("")


def _scripted(effect: EffectRequest, script: Script) -> Answer:
    """Ask the script, which returns the body, or status and body: a dict with an integer ``status`` and no more."""
    fields = ("name", "method", "path", "key", "headers", "body", "trial")
    said = script.answer({name: getattr(effect, name) for name in fields})
    if not isinstance(said, dict):
        raise script.refuse(f"expected a dict, got {type(said).__name__}")
    envelope: dict[str, Any] = {"status": 200, "body": said}
    if type(said.get("status")) is int and said.keys() <= _ENVELOPE:
        envelope = said
    status, delay = envelope["status"], envelope.get("delay", 0)
    if not 200 <= status <= 599:
        raise script.refuse(f"status must be 200 to 599, got {status}")
    if type(delay) not in (int, float) or not 0 <= delay <= LONGEST_DELAY:
        raise script.refuse(f"delay must be 0 to {LONGEST_DELAY:g} seconds, got {delay!r}")
    try:
        headers = plain_headers(envelope.get("headers", {}))
        return replace(json_answer(envelope.get("body", {}), status=status, headers=headers), pause=float(delay))
    except (TypeError, ValueError, RecursionError) as error:
        raise script.refuse(str(error)) from None


def read(*, method: str, path: str, headers: Mapping[str, str], body: bytes, trial: str = "") -> EffectRequest:
    """Make an effect of a request as it arrived."""
    said = parsed(body) if body else ""
    return EffectRequest(name=_name(path), method=method, path=path, headers=headers, body=said, trial=trial)


def _name(path: str) -> str:
    return unquote(path.partition("?")[0]).strip("/")


def _digest(effect: EffectRequest) -> str:
    said = effect.key or json.dumps(effect.body, sort_keys=True)
    return hashlib.blake2s(f"{effect.name}\n{said}".encode(errors="surrogatepass"), digest_size=8).hexdigest()
