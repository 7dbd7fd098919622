"""What is said of a run that goes wrong without any strike: why that matters, and how to get further."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.records.evidence import Evidence
from harness.temporal.failure import failure_type, failures_of

WHY = "It goes wrong without any strike: what a strike would do to it cannot be told."
_MEANT = "If it is meant to end so, say so: --fails TYPE, in a scenario fails=…"
_READ = f"Read the last events that are shown: nothing was struck until then. {_MEANT}"
_REACH = (
    "Something that it calls cannot be reached from here. Where the worker reads the address from its environment it "
    "can be played: --env 'NAME=${EFFECTS_URL}', a model by ${MODEL_URL}; else start it before, or let its address "
    f"be told. {_MEANT}"
)
_UNREACHABLE_TYPE = re.compile(r"(API)?Connect(ion)?(Refused)?(Error|or\w*Error)|ClientConnector\w*|gaierror")
_UNREACHABLE = re.compile(
    r"connection (attempts failed|error|refused)|connect call failed|cannot connect to host|name or service not known|"
    r"name resolution|getaddrinfo|nodename nor servname|no route to host",
    re.IGNORECASE,
)
"""How clients say that nobody answers at an address: the messages of httpx, requests, aiohttp, urllib and the SDKs."""


def how_to_mend(evidence: Evidence) -> str:
    """Return how to get further with an undisturbed run that went wrong."""
    unreached = any(_is_unreachable(failure) for failure in _failures(evidence))
    return _REACH if unreached else _READ


def _failures(evidence: Evidence) -> Iterator[dict[str, Any]]:
    for history in evidence.histories:
        for event in history.events:
            yield from failures_of(event)


def _is_unreachable(failure: dict[str, Any]) -> bool:
    named = _UNREACHABLE_TYPE.fullmatch(failure_type(failure))
    return bool(named or _UNREACHABLE.search(str(failure.get("message", ""))))
