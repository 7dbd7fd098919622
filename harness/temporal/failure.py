"""Failures in protobuf JSON: the failure of an event, what caused it, and of which type it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.temporal.event import attributes


def failures_of(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the failure of an event and its causes, outermost first; of a started attempt that of the one before."""
    fields = attributes(event)
    return causes(fields.get("failure") or fields.get("lastFailure"))


def causes(failure: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Yield a failure and its causes, outermost first."""
    while failure:
        yield failure
        failure = failure.get("cause")


def is_final(failure: Mapping[str, Any]) -> bool:
    """Tell whether a failure says that what failed is not to be tried again."""
    state = str((failure.get("activityFailureInfo") or {}).get("retryState", ""))
    said = (failure.get("applicationFailureInfo") or {}).get("nonRetryable", False)
    return bool(said) or state.endswith("NON_RETRYABLE_FAILURE")


def failure_type(failure: Mapping[str, Any]) -> str:
    """Return the type of an application failure, or an empty text for a failure of another kind."""
    return str((failure.get("applicationFailureInfo") or {}).get("type", ""))
