"""What the people and programs around a workflow do to it where a fault of the family ``client`` is made.

While a message is held the server takes what they send; what a worker has to answer, and what comes after the end of
the work, is done while the trial goes on.
"""

from __future__ import annotations

from contextlib import suppress

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import VersioningBehavior, WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import ActivityFailureError, Client, WorkflowFailureError
from temporalio.service import RPCError

from harness.doors.decision import Decision
from harness.doors.wire.attribution import Attribution
from harness.doors.wire.known_runs import KnownRun
from harness.faults.client_actions import (
    AskQueries,
    CancelWorkflow,
    ResetWorkflow,
    RunBySchedule,
    SendAgain,
    SendLate,
    SendNow,
    StartAgain,
    TerminateWorkflow,
)
from harness.records.act_facts import ClientCall
from harness.records.plan import Plan
from harness.records.tape import Entry
from harness.trial.activity_start import start_activity_again
from harness.trial.driver import Driver
from harness.trial.live_tape import LiveTape
from harness.trial.resetting import Resetting
from harness.trial.scheduling import Scheduling
from harness.trial.taken_messages import METADATA

ClientAction = (
    SendNow
    | SendLate
    | SendAgain
    | AskQueries
    | CancelWorkflow
    | TerminateWorkflow
    | StartAgain
    | ResetWorkflow
    | RunBySchedule
)

_CONFLICT = {
    "fail": WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    "use existing": WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
}
_REUSE = {
    "allow duplicate": WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    "reject duplicate": WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
}


class ClientActs:
    """Sends, asks, cancels, terminates and starts, past the doors, in one trial.

    Args:
        driver: Knows what the scenario sends, and what was sent.
        tape: Where it is put down.
        attribution: Knows the executions of the work.
    """

    def __init__(self, driver: Driver, *, tape: LiveTape, attribution: Attribution) -> None:
        self._driver = driver
        self._tape = tape
        self._attribution = attribution
        self._resetting = Resetting(driver, tape=tape, attribution=attribution)
        self._scheduling = Scheduling(driver, tape=tape, attribution=attribution, ended=self._ended)

    async def while_held(self, action: ClientAction, entry: Entry) -> Decision:
        """Do what the server alone has to take, while the message of an entry is held; then let it go on."""
        workflow_id = self._execution(entry)
        match action:
            case SendNow():
                await self._driver.send_rest(workflow_id)
            case SendAgain(request):
                await self._driver.send_again(workflow_id, same_request=request == "same")
            case CancelWorkflow():
                await self._call("cancel", workflow_id)
            case TerminateWorkflow():
                await self._call("terminate", workflow_id)
            case StartAgain("fail" | "use existing"):
                await self._start_again(action, workflow_id)
            case ResetWorkflow(when):
                await self._resetting.while_held(entry, workflow_id, at_once=when == "at once")
            case _:
                pass
        return "go"

    async def afterwards(self, action: ClientAction, entry: Entry) -> None:
        """Do what a worker has to answer, and what comes after the end of the work."""
        workflow_id = self._execution(entry)
        if isinstance(action, AskQueries):
            await self._ask_all(workflow_id)
        elif isinstance(action, SendLate):
            await self._ended(workflow_id)
            await self._driver.send_rest(workflow_id)
        elif isinstance(action, StartAgain) and action.policy in _REUSE:
            await self._ended(workflow_id)
            if run_id := await self._start_again(action, workflow_id):
                await self._driver.send_rest(workflow_id, anew=True)
                self._driver.is_free_to_skip(workflow_id)
                await self._ended(workflow_id, run_id)
        elif isinstance(action, RunBySchedule):
            await self._ended(workflow_id)
            first = self._attribution.executions[workflow_id].run_id
            await self._scheduling.run(action, await self._start_request(workflow_id, first))
        elif isinstance(action, ResetWorkflow):
            if action.when == "at the end":
                await self._ended(workflow_id)
            if run_id := await self._resetting.run(entry):
                await self._ended(workflow_id, run_id)

    async def ended(self, entry: Entry) -> None:
        """Wait until the execution that a message is about has ended, in whatever way."""
        await self._ended(self._execution(entry))

    async def is_pinned(self, entry: Entry) -> bool:
        """Tell whether the execution that a message is about is pinned to the version of its worker deployment."""
        described = await self._client.get_workflow_handle(self._execution(entry)).describe()
        behavior = described.raw_description.workflow_execution_info.versioning_info.behavior
        return behavior == VersioningBehavior.VERSIONING_BEHAVIOR_PINNED

    def _execution(self, entry: Entry) -> str:
        """Return the workflow id of the execution that a message is about: that of the first one for a child."""
        executions = self._attribution.executions
        return entry.workflow_id if entry.workflow_id in executions else next(iter(executions), entry.workflow_id)

    @property
    def _client(self) -> Client:
        return self._driver.client

    async def _ended(self, workflow_id: str, run_id: str = "") -> None:
        """Wait until a run and all that continue it have ended, in whatever way."""
        known = self._attribution.executions.get(workflow_id)
        first = run_id or (known.run_id if known else "")
        with suppress(WorkflowFailureError, ActivityFailureError):
            await self._driver.handle(workflow_id, first).result()

    async def _call(self, kind: str, workflow_id: str) -> None:
        handle, failure = self._driver.handle(workflow_id), ""
        try:
            await (handle.cancel() if kind == "cancel" else handle.terminate(reason="crashproof: terminated"))
        except RPCError as error:  # it has ended already
            failure = f"{type(error).__name__}: {error}"
        self._tape.note(kind, facts=ClientCall(name="", args=[], workflow_id=workflow_id, failure=failure))

    async def _ask_all(self, workflow_id: str) -> None:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            known = await handle.query(METADATA, result_type=WorkflowMetadata)
        except RPCError:  # no worker was there to answer
            return
        for name in sorted(each.name for each in known.definition.query_definitions):
            if name.startswith("__"):
                continue
            try:
                answer = await handle.query(name)
            except Exception:
                continue
            facts = ClientCall(name=name, args=[], workflow_id=workflow_id, answer=answer)
            self._tape.note("query", facts=facts)

    async def _start_again(self, action: StartAgain, workflow_id: str) -> str:
        """Start the work again as it was started; return the id of the new run, empty where there is none."""
        known = self._attribution.executions[workflow_id]
        call, run_id = ClientCall(name=action.policy, args=[], workflow_id=workflow_id), ""
        try:
            if known.is_activity:
                run_id = await start_activity_again(self._client, known, policy=action.policy)
            else:
                run_id = await self._start_workflow_again(action, known)
        except RPCError as error:
            call = ClientCall(name=action.policy, args=[], workflow_id=workflow_id, failure=f"RPCError: {error}")
        self._tape.note("start-again", facts=call)
        return "" if run_id == known.run_id else run_id

    async def _start_workflow_again(self, action: StartAgain, known: KnownRun) -> str:
        request = await self._start_request(known.workflow_id, known.run_id)
        if action.policy in _CONFLICT:
            request.workflow_id_conflict_policy = _CONFLICT[action.policy]
        else:
            request.workflow_id_reuse_policy = _REUSE[action.policy]
        return str((await self._client.workflow_service.start_workflow_execution(request)).run_id)

    async def _start_request(self, workflow_id: str, run_id: str) -> StartWorkflowExecutionRequest:
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        first = await anext(aiter(handle.fetch_history_events(page_size=1)))
        started = first.workflow_execution_started_event_attributes
        return StartWorkflowExecutionRequest(
            namespace=self._client.namespace,
            workflow_id=workflow_id,
            workflow_type=started.workflow_type,
            task_queue=started.task_queue,
            input=Payloads(payloads=started.input.payloads),
            workflow_task_timeout=started.workflow_task_timeout,
            workflow_run_timeout=started.workflow_run_timeout,
            workflow_execution_timeout=started.workflow_execution_timeout,
            identity="crashproof",
            request_id=f"again-{workflow_id}",
        )


def withholds(plan: Plan) -> bool:
    """Tell whether under a plan nothing is sent when it is due."""
    return any(isinstance(fault.action, SendLate) for fault in plan.faults)
