"""What a worker asks of its cluster happens in its slot: the namespace is mapped, in Nexus targets, too."""

from __future__ import annotations

from temporalio.api.nexus.v1 import EndpointSpec, EndpointTarget
from temporalio.api.operatorservice.v1 import request_response_pb2 as operator

from harness.doors.wire.operator_service import to_slot
from harness.temporal.service import OPERATOR_SERVICE


def test_the_namespace_of_a_request_and_of_a_nexus_target_is_the_slots() -> None:
    adding = operator.AddSearchAttributesRequest(namespace="default", search_attributes={"Topic": 2})
    raw = to_slot(f"{OPERATOR_SERVICE}AddSearchAttributes", adding.SerializeToString(), namespace="slot")
    assert operator.AddSearchAttributesRequest.FromString(raw).namespace == "slot"
    worker = EndpointTarget.Worker(namespace="default", task_queue="q")
    making = operator.CreateNexusEndpointRequest(spec=EndpointSpec(name="notes", target=EndpointTarget(worker=worker)))
    raw = to_slot(f"{OPERATOR_SERVICE}CreateNexusEndpoint", making.SerializeToString(), namespace="slot")
    target = operator.CreateNexusEndpointRequest.FromString(raw).spec.target.worker
    assert (target.namespace, target.task_queue) == ("slot", "q")


def test_other_services_and_unknown_methods_pass_as_they_are() -> None:
    for method in ("/grpc.health.v1.Health/Check", f"{OPERATOR_SERVICE}SomethingNew"):
        assert to_slot(method, b"\xff", namespace="slot") == b"\xff"
