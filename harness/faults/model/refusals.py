"""Faults of a model that will never accept a request, however often it is sent, or says that it came at a bad time."""

from __future__ import annotations

from dataclasses import replace

from harness.faults.action import ModelError
from harness.faults.fault import Every, Fault
from harness.faults.model.one_call import FINAL, one_call


def _refused(name: str, what: str, action: ModelError, *, every: Every = "activity") -> Fault:
    """Return the fault of a model that refuses every call for good."""
    return replace(one_call(name, what, action, right=FINAL, every=every), times=0, terminal=True)


MODEL_400 = _refused(
    "model-400",
    "The model refuses every call with 400 invalid_request_error.",
    ModelError(400, "invalid_request_error", "This request is not valid."),
    every="message",
)

MODEL_400_CONTEXT = _refused(
    "model-400-context",
    "The model refuses every call with 400: the conversation is longer than its context.",
    ModelError(400, "context_length_exceeded", "This model's maximum context length is 128000 tokens."),
)

MODEL_400_FILTER = _refused(
    "model-400-filter",
    "The model refuses every call with 400: a filter of the provider has caught what was asked.",
    ModelError(400, "content_filter", "The prompt was caught by the content policy."),
)

MODEL_401 = _refused(
    "model-401",
    "The model refuses every call with 401: the key is not valid.",
    ModelError(401, "invalid_api_key", "Incorrect API key provided."),
)

MODEL_403 = _refused(
    "model-403",
    "The model refuses every call with 403: the key may not use this model.",
    ModelError(403, "permission_denied", "You are not allowed to use this model."),
)

MODEL_404 = _refused(
    "model-404",
    "The model refuses every call with 404: no model has that name.",
    ModelError(404, "model_not_found", "The model does not exist or you do not have access to it."),
)

MODEL_408 = one_call(
    "model-408",
    "The model answers one call with 408: it did not get the request in time.",
    ModelError(408, "timeout", "The request timed out."),
)

MODEL_409 = one_call(
    "model-409",
    "The model answers one call with 409: another request was in its way.",
    ModelError(409, "conflict", "The resource was changed by another request."),
)

MODEL_413 = _refused(
    "model-413",
    "The model refuses every call with 413: the request has too many bytes.",
    ModelError(413, "request_too_large", "The request exceeds the maximum allowed number of bytes."),
)

MODEL_422 = _refused(
    "model-422",
    "The model refuses every call with 422: the request is well formed and cannot be processed.",
    ModelError(422, "unprocessable", "The request cannot be processed."),
)
