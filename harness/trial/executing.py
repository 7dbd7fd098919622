"""Executing: what a request of the work goes through between its door and the server, so that it can be carried out.

From the outside in, each given to the one before it::

    clocks              one of a worker that is wrong is told
    search attributes   those that it names are there
    deployments         the version that polls is the current one
    Nexus endpoints     those that it calls are there, and lead to the slot
    starts              a workflow task's timeout can be waited for
    own calls           what a program asks again, started again, is answered as before
    the server
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from harness.doors.http.forward_proxy import ForwardProxy
from harness.doors.wire.proxy import Execute, send_it
from harness.records.scenario import Scenario
from harness.servers.frontend import Frontend
from harness.trial.deployments import Deployments
from harness.trial.live_tape import LiveTape
from harness.trial.nexus import NexusEndpoints
from harness.trial.own_calls import OwnCalls
from harness.trial.registry import WorkerRegistry
from harness.trial.rig import Rig, Slot
from harness.trial.search_attributes import SearchAttributes
from harness.trial.start_request import StartRequests
from harness.trial.worker_clocks import WorkerClocks


@asynccontextmanager
async def executing(
    scenario: Scenario, *, rig: Rig, slot: Slot, tape: LiveTape, task_timeout: float, one_program: bool
) -> AsyncIterator[Execute]:
    """Yield what executes the requests of one trial.

    Args:
        scenario: The scenario.
        rig: What trials share.
        slot: The slot of the trial.
        tape: Where is put down what was done beside.
        task_timeout: Workflow task timeout in seconds for a start that declares none; 0: the server's own.
        one_program: Whether the worker starts the work itself.

    Raises:
        UsageError: A search attribute is declared with a type that is none.
    """
    async with Frontend(address=slot.server.address, namespace=slot.namespace) as frontend:
        own_calls = OwnCalls(tape).once if one_program else send_it
        starts = StartRequests(task_timeout=task_timeout, execute=own_calls)
        endpoints = NexusEndpoints(
            frontend,
            declared=scenario.nexus_endpoints,
            tape=tape,
            shared=slot.shares_server,
            called=lambda: rig.alone.add(scenario.name),
            execute=starts.execute,
        )
        deployments = Deployments(frontend, tape=tape, execute=endpoints.execute)
        async with endpoints, deployments:
            declared = scenario.search_attributes
            attributes = SearchAttributes(frontend, declared=declared, tape=tape, execute=deployments.execute)
            yield WorkerClocks(tape=tape, execute=attributes.execute).execute


@asynccontextmanager
async def forward_proxy(scenario: Scenario, *, slot: Slot, workers: WorkerRegistry) -> AsyncIterator[Mapping[str, str]]:
    """Yield the variables of a door for the world outside, where the scenario wants one."""
    if not scenario.http_proxy:
        yield {}
        return
    proxy = ForwardProxy(slot=slot.namespace, worker=lambda: workers.number, decide=slot.routes.decide)
    async with proxy:
        yield proxy.environment()
