"""Calls of the OperatorService: what a worker asks of its cluster happens in its slot's namespace."""

from __future__ import annotations

from temporalio.api.operatorservice.v1 import request_response_pb2 as operator

from harness.temporal.messages import parts
from harness.temporal.service import OPERATOR_SERVICE


def to_slot(method: str, raw: bytes, *, namespace: str) -> bytes:
    """Return a request as it goes to the server: the namespace that it names, Nexus targets included, is the slot's.

    Args:
        method: The method's path.
        raw: The request.
        namespace: The slot's namespace.
    """
    if not method.startswith(OPERATOR_SERVICE):
        return raw
    kind = getattr(operator, f"{method.removeprefix(OPERATOR_SERVICE)}Request", None)
    if kind is None:
        return raw
    request = kind.FromString(raw)
    for message in parts(request):
        if getattr(message, "namespace", ""):
            message.namespace = namespace
    changed: bytes = request.SerializeToString()
    return changed
