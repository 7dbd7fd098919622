"""The model server's answers: what a script says, in the words of the provider that was asked, whole or as a stream.

What the model says comes from a *script*, a Python file with ``answer(request)``, where ``request`` is the body that
the worker sent: the conversation so far. It returns

- a text: what the assistant says;
- ``{"text": ..., "tool_calls": [{"name": ..., "arguments": {...}}], "finish_reason": ..., "usage": {...}}``: all
  optional, see ``harness.doors.model.said.Said``;
- ``{"status": 429, "error": {"message": ...}, "headers": {"retry-after": "3"}}``: an error answer;
- ``{"raw": body}``: exactly this body, a text as it is and anything else as JSON.

Without a script the model says a short text that names the request, or what the request insists on, a tool or a form
(``harness.doors.model.unscripted``); the same whenever it is asked the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from harness.doors.http.answer import Answer, json_answer, plain_headers
from harness.doors.http.script import Script, ScriptError
from harness.doors.model.catalogue import dialect_of, served
from harness.doors.model.dialect import NO_CONVERSATION, Dialect, bare_path
from harness.doors.model.errors import error_answer
from harness.doors.model.said import Said
from harness.doors.model.unscripted import said_to
from harness.records.withheld import path_without_secrets

_PROPERTIES_OF_AN_ERROR = frozenset({"status", "error", "headers"})


def answer(*, method: str, path: str, body: bytes, script: Script | None = None) -> Answer:
    """Return the answer to one request, in the provider's own form whatever goes wrong."""
    dialect = dialect_of(path)
    digest = hashlib.blake2s(body, digest_size=12).hexdigest()
    if method != dialect.method or not dialect.plays(path):
        return _unknown(method, path, digest=digest)
    try:
        request = json.loads(body) if method == "POST" else {"model": bare_path(path).partition("/")[2]}
    except (ValueError, RecursionError):
        return _refused({"message": "We could not parse the JSON body of your request."}, dialect, digest=digest)
    wrong = dialect.what_is_wrong(request)
    if wrong:
        return _refused(wrong, dialect, digest=digest)
    digest = _digest(request)
    try:
        return _said(request, dialect, digest=digest, script=script)
    except ScriptError as error:
        words = {"message": str(error), "code": "script_error"}
        return error_answer(dialect, status=500, said=words, digest=digest, notice=str(error))


def _said(request: dict[str, Any], dialect: Dialect, *, digest: str, script: Script | None) -> Answer:
    if script is None or not dialect.scripted:
        return _whole(request, said_to(request, digest=digest), dialect, digest=digest)
    # The script gets a copy of its own: what it changes must not change the answer.
    returned = script.answer(json.loads(json.dumps(request)))
    try:
        return _read(returned, request, dialect, digest=digest)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise script.refuse(f"{error}; it is a text, or a dict as `crashproof model --help` shows") from None


def _read(returned: Any, request: dict[str, Any], dialect: Dialect, *, digest: str) -> Answer:
    """Make an answer of what a script returned.

    Raises:
        TypeError, ValueError: It is no answer.
    """
    if isinstance(returned, str):
        return _whole(request, Said(text=returned), dialect, digest=digest)
    if not isinstance(returned, dict):
        raise TypeError(f"expected a text or a dict, got {type(returned).__name__}")
    if "raw" in returned:
        return _raw(returned, dialect, digest=digest)
    if "status" in returned:
        return _error(returned, dialect, digest=digest)
    return _whole(request, _converted(returned), dialect, digest=digest)


def _converted(returned: dict[str, Any]) -> Said:
    usage = returned.get("usage")
    if isinstance(usage, dict):
        names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
        returned = {**returned, "usage": {names.get(name, name): count for name, count in usage.items()}}
    plain = {name: value for name, value in returned.items() if value is not None}
    return msgspec.convert(plain, Said)


def _whole(request: dict[str, Any], said: Said, dialect: Dialect, *, digest: str) -> Answer:
    assert dialect.body is not None
    return as_asked(dialect.body(request, said, digest=digest), request, dialect, digest=digest)


def as_asked(body: Any, request: Any, dialect: Dialect, *, digest: str) -> Answer:
    """Return the body of an answer as the stream that the request asks for, or whole where it asks for none."""
    whole = json_answer(body, headers=dialect.identified(digest))
    if dialect.stream is None or not dialect.streams(request):
        return whole
    events = tuple(event.encode() for event in dialect.stream(request, body).events)
    headers = {**whole.headers, "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
    return replace(whole, headers=headers, events=events)


def _raw(returned: dict[str, Any], dialect: Dialect, *, digest: str) -> Answer:
    if returned.keys() != {"raw"}:
        raise ValueError(f"beside 'raw' there can be nothing, got {sorted(returned.keys() - {'raw'})}")
    raw = returned["raw"]
    if isinstance(raw, str):
        headers = {"content-type": "application/json", **dialect.identified(digest)}
        return Answer(headers=headers, body=raw.encode(errors="surrogatepass"))
    return json_answer(raw, headers=dialect.identified(digest))


def _error(returned: dict[str, Any], dialect: Dialect, *, digest: str) -> Answer:
    unknown = sorted(returned.keys() - _PROPERTIES_OF_AN_ERROR)
    if unknown:
        raise ValueError(f"beside 'status' there can be 'error' and 'headers', got {unknown}")
    status, said = returned["status"], returned.get("error", {})
    if type(status) is not int or not 400 <= status <= 599:
        raise ValueError(f"status must be 400 to 599, got {status!r}")
    if not isinstance(said, dict | str):
        raise TypeError(f"error must be a dict or a text, got {type(said).__name__}")
    return error_answer(
        dialect, status=status, said=said, digest=digest, headers=plain_headers(returned.get("headers", {}))
    )


def _refused(words: Mapping[str, str], dialect: Dialect, *, digest: str) -> Answer:
    notice = f"{dialect.operation or dialect.path} was refused: {words['message']}"
    return error_answer(dialect, status=400, said=words, digest=digest, notice=notice)


def _unknown(method: str, path: str, *, digest: str) -> Answer:
    notice = (
        f"{method} {path_without_secrets(path)} is not served by crashproof's model server, which serves {served()}"
    )
    return error_answer(dialect_of(path), status=404, said=notice, digest=digest, notice=notice)


def _digest(request: dict[str, Any]) -> str:
    """Return the digest of what is asked: the same for the same conversation, in whatever order its fields come."""
    asked = {name: value for name, value in request.items() if name not in NO_CONVERSATION}
    return hashlib.blake2s(json.dumps(asked, sort_keys=True).encode(), digest_size=12).hexdigest()
