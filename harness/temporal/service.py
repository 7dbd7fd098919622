"""Temporal's WorkflowService: the path of its methods, their messages, and the options of a channel for them."""

from __future__ import annotations

from typing import Any

from temporalio.api.workflowservice.v1 import request_response_pb2 as rpc

SERVICE = "/temporal.api.workflowservice.v1.WorkflowService/"
"""What a method's path begins with; the name of the operation follows."""

OPERATOR_SERVICE = "/temporal.api.operatorservice.v1.OperatorService/"
"""What the path of a method of the OperatorService begins with."""

UNLIMITED = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1 << 20),
    # Servers are on this machine, where no proxy leads that the environment names.
    ("grpc.enable_http_proxy", 0),
    # A server that was killed is back in a moment.
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 100),
)


def request_type(operation: str) -> Any:
    """Return the protobuf class of the RPC's request, or None for an RPC of another service."""
    return getattr(rpc, f"{operation}Request", None)


def response_type(operation: str) -> Any:
    """Return the protobuf class of the RPC's response, or None for an RPC of another service."""
    return getattr(rpc, f"{operation}Response", None)
