"""The driver: runs the user's starter, and sends signals, queries and updates at the points that the scenario names."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from temporalio.api.common.v1 import Payloads, WorkflowExecution
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import ActivityHandle, Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from harness.doors.wire.attribution import Attribution
from harness.errors import RigError
from harness.processes.command import command_words
from harness.processes.process import Process
from harness.records.act_facts import ClientCall, TimePassed
from harness.records.point import Point, comes_to, place_of
from harness.records.scenario import TIMED, WAITING, Scenario, Send, Start
from harness.servers.clock import Clock, until_idle
from harness.servers.frontend import Frontend
from harness.servers.overdue import skips_within, until_first_timer
from harness.trial.conversion import converter_of
from harness.trial.idle import waits_for_somebody
from harness.trial.live_tape import LiveTape
from harness.trial.rig import Slot
from harness.trial.updating import request_id, until_admitted, updated

_AT_ONCE = ("signal", "cancel")
"""What is sent while a message is held: the server alone has to take it, not the worker."""

_IDLE = 0.5  # seconds in which nothing of a workflow is under way that waits for somebody
_PAST_TIMER = timedelta(seconds=1)  # beyond the time at which a timer is due
_PASS_LIMIT = 60.0  # seconds of real time for any time to pass


class Driver:
    """Plays the user of the workflow, past the doors, and lets time pass. An async context manager.

    A signal or an update is sent while the point is held, and the point is let go once the server has it. Queries and
    updates need the worker to answer, which the held message would prevent: that is not waited for.

    Attributes:
        over: Set once the work is over though its workflow is open, where the scenario says when that is.

    Args:
        scenario: What is started, and what is sent when.
        slot: Where it goes.
        tape: Where what was sent is put down.
        attribution: Knows the runs of the workflow.
        logs: Folder for the log of the user's own starter.
        clock: The workflow's time, where the engine can let it pass.
        late: Whether signals and updates are sent only by ``send_rest``, and not when they are due.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        slot: Slot,
        tape: LiveTape,
        attribution: Attribution,
        logs: Path,
        clock: Clock | None = None,
        late: bool = False,
    ) -> None:
        self.over = asyncio.Event()
        self._scenario = scenario
        self._slot = slot
        self._tape = tape
        self._attribution = attribution
        self._logs = logs
        self._clock = clock
        self._over_places: set[tuple[str, str]] = set()
        # What is still to be sent, by the workflow id of the execution; by none where somebody else starts them.
        work = scenario.work
        self._executions = tuple(work.executions) if isinstance(work, Start) else ("",)
        self._waiting = {each: list(enumerate(scenario.sends, 1)) for each in self._executions}
        # What waits for the answer to what was sent before it, with the workflow id that it goes to.
        self._following: list[tuple[str, list[tuple[int, Send]]]] = []
        self._done: list[tuple[str, int, Send]] = []
        self._withholds = late
        self._sending: set[asyncio.Task[None]] = set()
        self._starter: Process | None = None
        self._client: Client | None = None

    async def __aenter__(self) -> Driver:
        self._client = await Client.connect(
            self._slot.server.address, namespace=self._slot.namespace, data_converter=converter_of(self._scenario)
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._sending:
            task.cancel()
        if self._starter:
            await self._starter.kill()

    @property
    def client(self) -> Client:
        """A client of the slot, past the doors."""
        assert self._client is not None
        return self._client

    def handle(self, workflow_id: str, run_id: str = "") -> WorkflowHandle[Any, Any] | ActivityHandle[Any]:
        """Return what a client cancels and terminates the work by: a workflow, or an activity without one."""
        known = self._attribution.executions.get(workflow_id)
        if known is not None and known.is_activity:
            return self.client.get_activity_handle(workflow_id, run_id=run_id or None)
        return self.client.get_workflow_handle(workflow_id, run_id=run_id or None)

    async def run_starter(self, environment: dict[str, str]) -> None:
        """Run the user's own starter; it goes through the same door as the worker.

        Raises:
            UsageError: The command is not found.
        """
        assert not isinstance(self._scenario.work, Start)
        command = command_words(self._scenario.work.command)
        self._starter = await Process.start(command, name="starter", logs=self._logs, env=environment)

    @property
    def starter_runs(self) -> bool:
        """Whether the user's own starter runs."""
        return self._starter is not None and self._starter.alive

    def starter_is_well(self) -> None:
        """Raise RigError if the starter has failed."""
        if self._starter and self._starter.exit_status:
            raise RigError(
                f"the starter exited with status {self._starter.exit_status} before it had started a workflow",
                log=self.log_tail(),
            )

    def log_tail(self) -> str:
        """Return the end of the starter's log, or an empty text where there is no starter."""
        return self._starter.log_tail() if self._starter else ""

    async def send_at_start(self, workflow_id: str) -> None:
        """Send what is to be sent right after the start; time is free to skip once no more of it is to pass."""
        self.is_free_to_skip(workflow_id)
        await self._send_all([each for each in self._still_for(workflow_id) if each[1].at == "start"], workflow_id)
        if self._for_waiting(workflow_id):
            self._in_background(self._send_when_waiting(workflow_id))

    async def _send_when_waiting(self, workflow_id: str) -> None:
        """Send what is sent to a workflow that waits, one each time that it does, until it has closed."""
        async with Frontend(address=self._slot.server.address, namespace=self._slot.namespace) as frontend:
            while due := self._for_waiting(workflow_id)[:1]:
                if not await waits_for_somebody(frontend, workflow_id, tape=self._tape, seconds=_IDLE):
                    return
                if due == self._for_waiting(workflow_id)[:1]:  # else it was sent early
                    await self._send_all(due, workflow_id)
                self.is_free_to_skip(workflow_id)

    def _for_waiting(self, workflow_id: str) -> list[tuple[int, Send]]:
        return [each for each in self._still_for(workflow_id) if each[1].at == WAITING]

    async def reached(self, point: Point) -> None:
        """Send what is to be sent at a point that is held, and see whether the work is over with it."""
        point = self._attribution.resets.undone(point)
        for workflow_id, point_id in self._met_by(point):
            over = self._scenario.over
            if over and comes_to(point_id, over.point):
                self._over_places.add((workflow_id if len(self._executions) > 1 else "", place_of(point_id)))
                seen = Counter(each for each, _ in self._over_places)
                if sum(times >= over.times for times in seen.values()) == len(self._executions):
                    self.over.set()
            waiting = self._still_for(workflow_id) if workflow_id else []
            due = [each for each in waiting if each[1].at not in TIMED and comes_to(point_id, each[1].at)]
            await self._send_all(due, workflow_id)

    def _met_by(self, point: Point) -> Iterator[tuple[str, str]]:
        """Yield the workflow id of each execution that meets a point, and the id that it has in the first one.

        A point that names no workflow may be any one's. Where somebody else starts them, it is as it is named.
        """
        known = self._attribution.executions
        if len(self._executions) == 1:
            yield (self._attribution.roots[-1].workflow_id if known else ""), point.id
            return
        for workflow_id, root in known.items():
            of_chain = re.match(rf"{re.escape(root.path)}(?=$|[/+])", point.workflow)
            if of_chain or not point.workflow:
                assert isinstance(self._scenario.work, Start)
                in_first = self._scenario.work.workflow + point.workflow[len(root.path) :] if of_chain else ""
                yield workflow_id, replace(point, workflow=in_first).id

    async def send_rest(self, workflow_id: str, *, anew: bool = False) -> None:
        """Send the signals and updates that are still to be sent, whatever they wait for; all of them if ``anew``.

        Of what is sent to a workflow that waits it is the next one: nobody knows that it would wait once more. Anew it
        is what was sent.
        """
        still = [number for number, _ in self._for_waiting(workflow_id)]
        left = still if anew else still[1:]
        if anew:
            self._done = [each for each in self._done if each[0] != workflow_id]
        done = [(each, number) for each, number, _ in self._done]
        sent = [each for each in enumerate(self._scenario.sends, 1) if each[1].kind in ("signal", "update")]
        rest = [each for each in sent if each[0] not in left]
        self._withholds = False
        for number, send in rest:
            if (workflow_id, number) not in done:
                self._waiting_for(workflow_id, (number, send))
                await self._send_one(number, send, workflow_id)

    async def send_again(self, workflow_id: str, *, same_request: bool) -> None:
        """Send what was sent last once more, as the same request or as another one."""
        sent = [(number, send) for each, number, send in self._done if each == workflow_id]
        if not sent:
            return
        (number, send), again = sent[-1], "same" if same_request else "another"
        if send.kind == "signal":
            await self._tell(number, send, workflow_id, again=again)
        else:
            asking = self._in_background(self._ask(number, send, workflow_id, again=again))
            await self._is_there(asking, number, send, workflow_id, again=again)

    async def answered(self, *, timeout: float) -> None:
        """Wait until what was sent is answered: the news of the close that it led to may come before.

        Args:
            timeout: Seconds to wait, at most: nobody may be there who answers.
        """
        if self._sending:
            await asyncio.wait(self._sending, timeout=timeout)

    def tell_unsent(self) -> None:
        """Put on the tape what is still to be sent, because its point has not come, or the answer before it."""
        for workflow_id, waiting in self._waiting.items():
            for _, send in waiting:
                never = "the work did not wait for it" if send.at == WAITING else f"its point {send.at} did not come"
                self._unsent(send, workflow_id, why=never)
        for workflow_id, following in self._following:
            for (_, before), (_, send) in itertools.pairwise(following):
                self._unsent(send, workflow_id, why=f"the {before.kind} {before.name} before it was not answered")

    def _unsent(self, send: Send, workflow_id: str, *, why: str) -> None:
        call = ClientCall(name=send.name or send.kind, args=[], workflow_id=workflow_id, failure=why)
        self._tape.note("unsent", facts=call)

    def _still_for(self, workflow_id: str) -> list[tuple[int, Send]]:
        known = workflow_id if workflow_id in self._waiting else ""
        return self._waiting.setdefault(known, [])  # a run of a schedule's is sent all at once

    async def _send_all(self, due: Sequence[tuple[int, Send]], workflow_id: str) -> None:
        """Send, and have done in the background what takes the worker to answer, with all that comes after it."""
        for first in due:
            following = self._with_following(first, self._still_for(workflow_id))
            while following and following[0][1].kind in _AT_ONCE:
                await self._send_one(*following.pop(0), workflow_id)
            if following:
                going_on = self._in_background(self._go_on(following, workflow_id))
                await self._is_there(going_on, *following[0], workflow_id)

    def _with_following(self, first: tuple[int, Send], waiting: list[tuple[int, Send]]) -> list[tuple[int, Send]]:
        """Take one of those that wait out, with those that are to be sent as soon as the one before is done."""
        at = waiting.index(first)
        end = at + 1
        while end < len(waiting) and waiting[end][1].at == "then":
            end += 1
        taken = waiting[at:end]
        del waiting[at:end]
        return taken

    async def _go_on(self, following: list[tuple[int, Send]], workflow_id: str) -> None:
        self._following.append((workflow_id, following))
        while following:
            number, send = following[0]
            if send.kind == "pass":
                await self._let_pass(send, workflow_id)
            elif send.kind in _AT_ONCE:
                await self._send_one(number, send, workflow_id)
            elif self._takes(number, send, workflow_id):
                await self._ask(number, send, workflow_id)
            del following[0]
        self.is_free_to_skip(workflow_id)

    async def _send_one(self, number: int, send: Send, workflow_id: str) -> None:
        """Send one, without waiting for a worker, unless it was sent already or is withheld."""
        if not self._takes(number, send, workflow_id):
            return
        if send.kind in _AT_ONCE:
            await self._tell(number, send, workflow_id)
        else:
            await self._is_there(self._in_background(self._ask(number, send, workflow_id)), number, send, workflow_id)

    async def _is_there(
        self, asking: asyncio.Task[None], number: int, send: Send, workflow_id: str, *, again: str = ""
    ) -> None:
        """Wait until the server has what is asked for in the background, where it can tell."""
        if send.kind == "update" and not self._withholds:
            await until_admitted(self.client, workflow_id, id=request_id(number, send, again), asking=asking)

    def _takes(self, number: int, send: Send, workflow_id: str) -> bool:
        """Tell whether something is to be sent now, and count it as sent if so."""
        if send.kind not in ("signal", "update"):
            return True
        if self._withholds or any(each[:2] == (workflow_id, number) for each in self._done):
            return False
        self._done.append((workflow_id, number, send))
        return True

    def _waiting_for(self, workflow_id: str, send: tuple[int, Send]) -> None:
        """Wait no more for the point of something that is sent before it."""
        waiting = self._still_for(workflow_id)
        if send in waiting:
            at = waiting.index(send)
            following = waiting[at + 1 : at + 2]
            if following and following[0][1].at == "then":  # what comes after it is due when it would have been
                waiting[at + 1] = (following[0][0], replace(following[0][1], at=send[1].at))
            waiting.remove(send)

    def _in_background(self, sending: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sent)
        return task

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and task.exception():
            self._tape.fail(task.exception())

    async def _let_pass(self, send: Send, workflow_id: str) -> None:
        assert self._clock is not None
        what = send.until or f"{send.seconds:g} s to pass"
        async with skips_within(self._clock, workflow_id, limit=_PASS_LIMIT, what=what):
            await until_idle(self._clock, workflow_id)
            begun, asked = await self._clock.now(workflow_id), timedelta(seconds=send.seconds)
            if send.until:
                asked = await until_first_timer(self._clock, workflow_id) + _PAST_TIMER
            await self._clock.pass_time(workflow_id, asked)
            passed = await self._clock.now(workflow_id) - begun
        facts = TimePassed(workflow_id=workflow_id, seconds=asked.total_seconds(), passed=passed.total_seconds())
        self._tape.note("pass", facts=facts)

    def is_free_to_skip(self, workflow_id: str) -> None:
        """Let time skip whenever nothing is under way, unless somebody is still to let some of it pass."""
        begun = (send for each, following in self._following if each == workflow_id for _, send in following)
        still = (send for _, send in self._still_for(workflow_id))
        # The test server would skip ten years under a workflow that waits, before it is sent what it waits for.
        held = "" if self._withholds or not self._clock or self._clock.engine == "dev" else WAITING
        if self._clock and not any(send.kind == "pass" or send.at == held for send in (*begun, *still)):
            self._in_background(self._clock.release(workflow_id))

    async def _tell(self, number: int, send: Send, workflow_id: str, *, again: str = "") -> None:
        call = ClientCall(name=send.name, args=_shown(send.args), workflow_id=workflow_id)
        try:
            if send.kind == "cancel":
                await self.handle(workflow_id).cancel()
            else:
                await self._signal(send, workflow_id, request=request_id(number, send, again))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            call = msgspec.structs.replace(call, failure=f"it was sent when the workflow had closed: {error}")
        self._tape.note("resend" if again == "same" else send.kind, facts=call)

    async def _signal(self, send: Send, workflow_id: str, *, request: str) -> None:
        """Signal as the SDK's client does, under a request id that can be sent once more."""
        payloads = await self.client.data_converter.encode(send.args)
        await self.client.workflow_service.signal_workflow_execution(
            SignalWorkflowExecutionRequest(
                namespace=self.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=workflow_id),
                signal_name=send.name,
                input=Payloads(payloads=payloads),
                identity=self.client.identity,
                request_id=request,
            ),
            retry=True,
        )

    async def _ask(self, number: int, send: Send, workflow_id: str, *, again: str = "") -> None:
        handle = self.client.get_workflow_handle(workflow_id)
        update = "" if send.kind == "query" else request_id(number, send, again)
        call = ClientCall(name=send.name, args=_shown(send.args), workflow_id=workflow_id, update_id=update)
        try:
            if send.kind == "query":
                answer = await handle.query(send.name, args=list(send.args))
            else:
                answer = await updated(handle, send, id=update, resets=self._attribution.resets)
            call = msgspec.structs.replace(call, answer=answer)
        except Exception as error:  # what a query or update fails with is the agent's answer, and goes on the tape
            call = msgspec.structs.replace(call, failure=f"{type(error).__name__}: {error}")
        self._tape.note("resend" if again == "same" else send.kind, facts=call)


def _shown(values: Sequence[Any]) -> list[Any]:
    return [value if isinstance(value, str | int | float | bool | None) else repr(value) for value in values]
