"""What a scenario says, as exploration needs it: the first world, what is sent in which order, and what is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.converter import DataConverter

from harness.errors import UsageError
from harness.records.scenario import Scenario, Send, Start
from harness.replay.explore.properties import DeclaredOutcomes
from harness.replay.explore.world import Declared, WorkflowTimeouts, World, begin, run_id_of


async def first_world(
    scenario: Scenario, *, task_queue: str, budgets: Mapping[str, int], converter: DataConverter
) -> World:
    """Return the world in which nothing has happened yet but the start of the scenario's workflow.

    Args:
        scenario: The scenario.
        task_queue: Task queue that the workflow is started on.
        budgets: How often what is no plain course of things may happen.
        converter: Encodes arguments.

    Raises:
        UsageError: Its work is begun by a program of the user's own, or an argument cannot be encoded.
    """
    work = scenario.work
    if not isinstance(work, Start):
        raise UsageError(
            f"{scenario.name}: its work is begun by a program; exploring starts the workflow itself, so name it: "
            "work=start(...), or --workflow TYPE"
        )
    workflow_id, arguments = next(iter(work.executions.items()))
    world = World(
        workflow_id=workflow_id,
        workflow_type=work.workflow,
        task_queue=task_queue,
        run_id=run_id_of(workflow_id, 0),
        sends=tuple([await _declared(group, converter) for group in _in_order(scenario.sends)]),
        left=budgets,
    )
    timeouts = WorkflowTimeouts(run=work.run_timeout, execution=work.execution_timeout)
    return begin(world, arguments=await _encoded(arguments, converter), timeouts=timeouts)


async def queries_of(scenario: Scenario, *, converter: DataConverter) -> dict[str, WorkflowQuery]:
    """Return the queries that a scenario sends, by the ids that they are asked under.

    Raises:
        UsageError: An argument cannot be encoded.
    """
    return {
        f"{send.name}-{number}": WorkflowQuery(query_type=send.name, query_args=await _encoded(send.args, converter))
        for number, send in enumerate(scenario.sends)
        if send.kind == "query"
    }


def declarations_of(scenario: Scenario, *, order_matters: bool) -> DeclaredOutcomes:
    """Return what a scenario declares of its outcomes."""
    cancels = any(send.kind == "cancel" for send in scenario.sends)
    return DeclaredOutcomes(
        falls_back=scenario.falls_back or (cancels and scenario.fails is None),
        never_ends=scenario.over is not None,
        order_matters=order_matters,
        fails=scenario.fails is not None,
        completes_cancelled=scenario.explores.completes_cancelled,
    )


def _in_order(sends: Sequence[Send]) -> list[list[Send]]:
    """Return groups of what is sent: each in its order, and between the groups in any.

    What is sent at one point, or right after what was sent before, keeps its order; what waits for different points is
    explored in any order.
    """
    groups: dict[str, list[Send]] = {}
    place = "start"
    for send in sends:
        place = place if send.at == "then" else send.at
        if send.kind in ("signal", "update"):
            groups.setdefault(place, []).append(send)
    return list(groups.values())


async def _declared(group: Sequence[Send], converter: DataConverter) -> tuple[Declared, ...]:
    return tuple(
        [
            Declared(
                kind="signal" if send.kind == "signal" else "update",
                name=send.name,
                input=(await _encoded(send.args, converter)).SerializeToString(),
            )
            for send in group
        ]
    )


async def _encoded(values: Sequence[Any], converter: DataConverter) -> Payloads:
    try:
        return Payloads(payloads=await converter.encode(list(values)))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"an argument cannot be encoded by the data converter: {error}") from error
