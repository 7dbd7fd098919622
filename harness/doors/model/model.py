"""The model server's answers: it plays OpenAI's Chat Completions and Responses, not streaming.

What the model says comes from a *script*, a Python file with ``answer(request)``, where ``request`` is the body that
the worker sent: the conversation so far. It returns

- a text: what the assistant says;
- ``{"text": ..., "tool_calls": [{"name": ..., "arguments": {...}}], "finish_reason": ..., "usage": {...}}``: all
  optional, see ``harness.doors.model.openai_chat.Said``;
- ``{"status": 429, "error": {"message": ...}, "headers": {"retry-after": "3"}}``: an error answer;
- ``{"raw": body}``: exactly this body, a text as it is and anything else as JSON.

Without a script the model says a short text that names the request, the same whenever it is asked the same.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from harness.doors.http.answer import Answer, json_answer, plain_headers
from harness.doors.http.script import Script, ScriptError
from harness.doors.model import openai_chat as model_answers
from harness.doors.model.errors import error_answer, identified
from harness.doors.model.openai_chat import Said

OPERATIONS = {"chat/completions": "chat.completions", "responses": "responses"}
"""Path below ``v1/`` and the operation it is."""

_ASKED_BY = {"chat.completions": "messages", "responses": "input"}

_NO_CONVERSATION = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "store", "user"}
)
"""Fields of a request that are no part of what is asked: they do not change the answer."""

_PROPERTIES_OF_AN_ERROR = frozenset({"status", "error", "headers"})


def operation_of(path: str) -> str:
    """Return the operation of a path below the model's door; an unknown one is its own path."""
    bare = path.partition("?")[0].strip("/")
    return OPERATIONS.get(bare.removeprefix("v1/"), bare or "/")


def answer(*, method: str, path: str, body: bytes, script: Script | None = None) -> Answer:
    """Return the answer to one request, in the provider's own form whatever goes wrong."""
    operation = operation_of(path)
    digest = hashlib.blake2s(body, digest_size=12).hexdigest()
    if method != "POST" or operation not in _ASKED_BY:
        return _unknown(method, path, digest=digest)
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return _refused({"message": "We could not parse the JSON body of your request."}, operation, digest=digest)
    wrong = _what_is_wrong(request, operation)
    if wrong:
        return _refused(wrong, operation, digest=digest)
    digest = _digest(request)
    try:
        return _said(request, operation, digest=digest, script=script)
    except ScriptError as error:
        said = {"message": str(error), "code": "script_error"}
        return error_answer(operation, status=500, said=said, digest=digest, notice=str(error))


def _said(request: dict[str, Any], operation: str, *, digest: str, script: Script | None) -> Answer:
    if script is None:
        return _provided(request, Said(text=f"Answer {digest}."), operation, digest=digest)
    # The script gets a copy of its own: what it changes must not change the answer.
    returned = script.answer(json.loads(json.dumps(request)))
    try:
        return _read(returned, request, operation, digest=digest)
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise script.refuse(str(error)) from None


def _read(returned: Any, request: dict[str, Any], operation: str, *, digest: str) -> Answer:
    """Make an answer of what a script returned.

    Raises:
        TypeError, ValueError: It is no answer.
    """
    if isinstance(returned, str):
        return _provided(request, Said(text=returned), operation, digest=digest)
    if not isinstance(returned, dict):
        raise TypeError(f"expected a text or a dict, got {type(returned).__name__}")
    if "raw" in returned:
        return _raw(returned, operation, digest=digest)
    if "status" in returned:
        return _error(returned, operation, digest=digest)
    return _provided(request, _converted(returned), operation, digest=digest)


def _converted(returned: dict[str, Any]) -> Said:
    usage = returned.get("usage")
    if isinstance(usage, dict):
        names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
        returned = {**returned, "usage": {names.get(name, name): count for name, count in usage.items()}}
    plain = {name: value for name, value in returned.items() if value is not None}
    return msgspec.convert(plain, Said)


def _provided(request: dict[str, Any], said: Said, operation: str, *, digest: str) -> Answer:
    provide = model_answers.chat_completion if operation == "chat.completions" else model_answers.response
    return json_answer(provide(request, said, digest=digest), headers=identified(operation, digest=digest))


def _raw(returned: dict[str, Any], operation: str, *, digest: str) -> Answer:
    if returned.keys() != {"raw"}:
        raise ValueError(f"beside 'raw' there can be nothing, got {sorted(returned.keys() - {'raw'})}")
    raw = returned["raw"]
    if isinstance(raw, str):
        headers = {"content-type": "application/json", **identified(operation, digest=digest)}
        return Answer(headers=headers, body=raw.encode(errors="surrogatepass"))
    return json_answer(raw, headers=identified(operation, digest=digest))


def _error(returned: dict[str, Any], operation: str, *, digest: str) -> Answer:
    unknown = sorted(returned.keys() - _PROPERTIES_OF_AN_ERROR)
    if unknown:
        raise ValueError(f"beside 'status' there can be 'error' and 'headers', got {unknown}")
    status, said = returned["status"], returned.get("error", {})
    if type(status) is not int or not 400 <= status <= 599:
        raise ValueError(f"status must be 400 to 599, got {status!r}")
    if not isinstance(said, dict | str):
        raise TypeError(f"error must be a dict or a text, got {type(said).__name__}")
    return error_answer(
        operation, status=status, said=said, digest=digest, headers=plain_headers(returned.get("headers", {}))
    )


def _what_is_wrong(request: Any, operation: str) -> dict[str, str]:
    """Return message and parameter of the provider's refusal, or nothing."""
    if not isinstance(request, dict):
        return {"message": "We could not parse the JSON body of your request: it is no object."}
    if not isinstance(request.get("model"), str) or not request["model"]:
        return {"message": "you must provide a model parameter", "param": "model"}
    if request.get("stream"):
        return {"message": "Streaming is not served yet: crashproof's model server answers whole.", "param": "stream"}
    asked = _ASKED_BY[operation]
    if not isinstance(request.get(asked), list if asked == "messages" else list | str):
        # A stored prompt or an earlier response can stand for the input of the Responses API.
        if asked == "input" and request.get(asked) is None and (request.get("prompt") or request.get("conversation")):
            return {}
        return {"message": f"Missing required parameter: '{asked}'.", "param": asked}
    return _what_is_wrong_with(request[asked], asked)


def _what_is_wrong_with(asked: Any, name: str) -> dict[str, str]:
    if asked == []:
        return {"message": f"Invalid '{name}': empty array.", "param": name, "code": "empty_array"}
    for index, item in enumerate(asked if isinstance(asked, list) else []):
        if not isinstance(item, dict):
            param = f"{name}[{index}]"
            return {
                "message": f"Invalid type for '{param}': expected an object.",
                "param": param,
                "code": "invalid_type",
            }
        if name == "messages" and not isinstance(item.get("role"), str):
            param = f"{name}[{index}].role"
            told = {"param": param, "code": "missing_required_parameter"}
            return {"message": f"Missing required parameter: '{param}'.", **told}
    return {}


def _refused(said: dict[str, str], operation: str, *, digest: str) -> Answer:
    return error_answer(
        operation, status=400, said=said, digest=digest, notice=f"{operation} was refused: {said['message']}"
    )


def _unknown(method: str, path: str, *, digest: str) -> Answer:
    served = " and ".join(f"POST /v1/{known}" for known in OPERATIONS)
    notice = f"{method} {path} is not served by crashproof's model server, which serves {served}"
    return error_answer(path, status=404, said=notice, digest=digest, notice=notice)


def _digest(request: dict[str, Any]) -> str:
    """Return the digest of what is asked: the same for the same conversation, in whatever order its fields come."""
    asked = {name: value for name, value in request.items() if name not in _NO_CONVERSATION}
    return hashlib.blake2s(json.dumps(asked, sort_keys=True).encode(), digest_size=12).hexdigest()
