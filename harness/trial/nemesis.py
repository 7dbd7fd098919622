"""The nemesis: sees every message of a trial at its doors, and lets it go on or strikes there as the plan says."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness import faults
from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import Answer, parsed
from harness.faults.fault import Fault
from harness.records.act_facts import FaultHealed, FaultMade, Lag
from harness.records.facts import NO_FACTS, Facts
from harness.records.message_facts import MadeUpReply, NotDelivered
from harness.records.plan import Plan, Strike
from harness.records.point import Point, meets
from harness.records.tape import Entry
from harness.trial.live_tape import LiveTape
from harness.trial.registry import WorkerRegistry

_LEAST_HELD = 0.1  # seconds for which a message was held that are worth a line on the tape
_ANSWER_SECONDS = 10.0  # for the answer that is to be struck to come
_ANSWERED_AT_ONCE = ("Respond", "RecordActivityTaskHeartbeat", "SignalWorkflowExecution")
_CLOSES = "RespondWorkflowTaskCompleted"
_LEADS_ON = ("RespondActivityTask", "RespondNexusTask")
_STILL_SECONDS = 5.0  # for what a worker has to answer at the very state that a message led to

Listener = Callable[[Point], Awaitable[None]]
"""Called with a point while its message is held; the message waits until it returns."""


@dataclass(frozen=True, kw_only=True)
class Struck:
    """What carrying out a fault came to.

    Attributes:
        decision: What becomes of the message, at once or as soon as it is known.
        dead: Number of the worker process that is dead from this moment on; 0: none.
        healing: What must still be done until the trial is whole again.
        stays_open: Whether no workflow is to close until the decision is known.
        stands_still: Whether the work is to stay where it is until all is healed.
    """

    decision: Decision | Awaitable[Decision]
    dead: int = 0
    healing: Coroutine[Any, Any, None] | None = None
    stays_open: bool = False
    stands_still: bool = False


class Striker(Protocol):
    """Carries faults out in one trial, on its worker processes and its server."""

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        """Carry a fault out on the message of an entry, at this moment."""

    def spares(self, worker: int) -> bool:
        """Tell whether messages of that worker process are struck no more."""


class Nemesis:
    """Decides what becomes of each message of a trial: it goes on, or is struck as the plan says.

    The data path of one message::

        worker ──request──▶ decide(before) ──▶ executed ──▶ decide(after) ──answer──▶ worker
                              │ strike?                       │ strike?
                              ▼                               ▼
                            drop: never executed            drop: executed, never heard
                            refusal or answer: the worker hears something else

    From the moment of a kill until the struck process is gone every message of it is dropped: it is dead, and only the
    kernel has not noticed yet.

    While an answer that is to be struck is on its way, no workflow task is answered: on a busy machine the server may
    have handed out the next one, and the worker have closed the workflow with it, before that answer is heard. The same
    holds while what somebody sends at a strike is on its way to the server: it would else meet a workflow that closed.

    Where the work is to stand still until a strike is healed, no activity ends meanwhile: what is asked of a workflow
    would else meet it further on, or closed. Workflow tasks go on, since a server may only ask with one, or after it.

    Args:
        plan: The strikes to make, in order.
        tape: Where messages and strikes are put down.
        workers: The worker processes: which are dead.
        striker: Carries faults out.
        listen: Called with each point while its message is held.
    """

    def __init__(
        self, plan: Plan, *, tape: LiveTape, workers: WorkerRegistry, striker: Striker, listen: Listener | None = None
    ) -> None:
        self._tape = tape
        self._workers = workers
        self._striker = striker
        self._listen = listen
        self._waiting: list[Strike] = list(plan.strikes)
        self._lasting: list[_Lasting] = []
        self._healing: set[asyncio.Task[None]] = set()
        self._to_come = 0  # the message whose answer is to be struck, or at which somebody sends something; 0: none
        self._came = asyncio.Event()
        self._still: set[asyncio.Task[None]] = set()  # healing while which the work is to stay where it is
        self._undecided = 0  # messages on the tape of which it is not known yet whether they are struck
        self._all_decided = asyncio.Event()

    async def decide(self, entry: Entry) -> Decision:
        """Put a message on the tape, hold it, and return what becomes of it."""
        try:
            return await self._decide(entry)
        finally:
            if entry.kind == "reply":
                self._answer_came(entry)

    async def _decide(self, entry: Entry) -> Decision:
        if self._workers.died(entry.worker):
            if entry.kind == "reply":
                self._tape.put(entry)
                await self._hear(entry)  # it was executed, though its sender never hears of it
            return self._dropped(entry)
        self._tape.put(entry)
        if entry.point is None:
            return "go"
        self._undecided += 1
        try:
            await self._hear(entry)
            await self._let_answer_come(entry)
            await self._stand_still(entry)
        finally:  # whoever waits for it comes next when the strike, if one is due, has begun
            self._undecided -= 1
            self._all_decided.set()
        if self._workers.died(entry.worker):
            return self._dropped(entry)
        if due := self._due(entry):
            return await self._carry_out(due[0], entry, act=due[1])
        if self._answer_is_due(entry):
            self._is_to_come(entry)
        return "go"

    def _answer_is_due(self, entry: Entry) -> bool:
        """Tell whether the server's answer to a request is to be struck, which it gives without waiting for others."""
        assert entry.point is not None
        return (
            entry.kind == "request"
            and entry.operation.startswith(_ANSWERED_AT_ONCE)
            and bool(self._waiting)
            and meets(entry.point.at("after").id, self._waiting[0].point)
        )

    async def _let_answer_come(self, entry: Entry) -> None:
        """Hold what may close a workflow until the answer that is to be struck is there, and what is sent then sent."""
        if self._to_come and entry.kind == "request" and entry.operation == _CLOSES:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await self._came.wait()

    async def _stand_still(self, entry: Entry) -> None:
        """Hold what may lead the work on until it is healed what is to meet it where it is."""
        if self._still and entry.kind == "request" and entry.operation.startswith(_LEADS_ON):
            await asyncio.wait(self._still, timeout=_STILL_SECONDS)

    def _is_to_come(self, entry: Entry) -> None:
        self._to_come = entry.message
        self._came.clear()

    def _answer_came(self, entry: Entry) -> None:
        if entry.message == self._to_come:
            self._to_come = 0
            self._came.set()

    async def _hear(self, entry: Entry) -> None:
        """Let who listens hear of a point while its message is held, and put down how long that took."""
        if self._listen and entry.point is not None:
            await self._listen(entry.point)
            held = time.time() - entry.at
            if held >= _LEAST_HELD:
                self._tape.note("lag", worker=entry.worker, facts=Lag(since=entry.at, held=held))

    def witness(self, entry: Entry) -> None:
        """Put on the tape what was executed once more because it arrived twice; nothing can strike there."""
        self._tape.put(entry)

    async def lose(self, entries: Sequence[Entry], decision: Decision) -> None:
        """Put on the tape that answers went no further: they travelled in one message with one that was struck.

        What they say was executed all the same, so that who waits for their points has met them.
        """
        for entry in entries:
            if not any(each is entry for each in self._tape.entries):
                self._tape.put(entry)
                await self._hear(entry)
            self._dropped(entry, status=decision.code if isinstance(decision, Refusal) else "")

    async def whole(self, *, timeout: float) -> None:
        """Wait until it is decided of each message, and all that strikes left to be done is done.

        That a message is on the tape is known before it is struck: of the answer that closed a workflow, too.

        Args:
            timeout: Seconds to wait for each of both, at most.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._undecided:
                    self._all_decided.clear()
                    await self._all_decided.wait()
        if self._healing:
            await asyncio.wait(self._healing, timeout=timeout)

    async def finish(self) -> None:
        """Strike no more, and give up healing: the trial is over."""
        self._waiting.clear()
        self._lasting.clear()
        for task in self._healing:
            task.cancel()
        await asyncio.gather(*self._healing, return_exceptions=True)

    def _due(self, entry: Entry) -> tuple[Fault, str] | None:
        """Return the fault to strike this message with, and whether it is a strike or one more hit of a lasting one."""
        assert entry.point is not None
        for lasting in self._lasting:
            if lasting.strikes_at(entry.point) and lasting.fault.meets(entry.http.body, status=entry.status):
                lasting.left -= 1
                return lasting.fault, "hit"
        if not self._waiting or self._striker.spares(entry.worker):
            return None
        if not meets(entry.point.id, self._waiting[0].point):
            return None
        fault = faults.named(self._waiting[0].fault)
        if fault.needs_answer and not fault.meets(entry.http.body, status=entry.status):
            return None
        del self._waiting[0]
        if fault.times != 1:
            self._lasting.append(_Lasting(fault, entry.point, left=fault.times - 1))
        return fault, "strike"

    async def _carry_out(self, fault: Fault, entry: Entry, *, act: str) -> Decision:
        assert entry.point is not None
        struck = self._striker.strike(fault, entry)
        if struck.dead:
            self._workers.declare_dead(struck.dead)
        self._tape.note(act, worker=entry.worker, facts=FaultMade(fault=fault.name, point=entry.point.id))
        if struck.stays_open:
            self._is_to_come(entry)
        else:
            self._answer_came(entry)
        if struck.healing:
            healing = self._begin_healing(struck.healing, fault=fault, worker=entry.worker)
            if struck.stands_still:
                self._still.add(healing)
                healing.add_done_callback(self._still.discard)
        for lasting in [each for each in self._lasting if each.left == 0]:
            self._lasting.remove(lasting)
            self._tape.note("heal", worker=entry.worker, facts=FaultHealed(fault=lasting.fault.name))
        try:
            decision = await struck.decision if inspect.isawaitable(struck.decision) else struck.decision
        finally:
            self._answer_came(entry)
        return self._heard(decision, entry, fault=fault)

    def _begin_healing(self, healing: Coroutine[Any, Any, None], *, fault: Fault, worker: int) -> asyncio.Task[None]:
        task = asyncio.create_task(self._heal(healing, fault=fault, worker=worker))
        self._healing.add(task)
        task.add_done_callback(self._healed_one)
        task.add_done_callback(lambda _: healing.close())  # it may be given up before it has begun
        return task

    async def _heal(self, healing: Coroutine[Any, Any, None], *, fault: Fault, worker: int) -> None:
        await healing
        if fault.times:
            self._tape.note("heal", worker=worker, facts=FaultHealed(fault=fault.name))

    def _healed_one(self, task: asyncio.Task[None]) -> None:
        self._healing.discard(task)
        if not task.cancelled() and task.exception():
            self._tape.fail(task.exception())
        self._tape.wake()

    def _heard(self, decision: Decision, entry: Entry, *, fault: Fault) -> Decision:
        """Put on the tape what the worker hears in place of what would have been, and return the decision."""
        lost = NotDelivered(injected=fault.name)
        if decision == "drop":
            return self._dropped(entry, facts=lost)
        if isinstance(decision, Refusal):
            self._dropped(entry, status=decision.code, facts=lost)
        elif isinstance(decision, Answer):
            self._answered(decision, entry, fault=fault)
        return decision

    def _answered(self, answer: Answer, entry: Entry, *, fault: Fault) -> None:
        assert entry.point is not None
        if answer.delivery != "complete":
            self._dropped(entry, facts=NotDelivered(injected=fault.name))
        elif entry.kind == "reply":
            heard = NotDelivered(injected=fault.name, heard=answer.text)
            self._dropped(entry, status=str(answer.status), facts=heard)
        else:
            made_up = MadeUpReply(injected=fault.name, answer=parsed(answer.text), headers=dict(answer.headers))
            after = replace(entry, at=time.time(), kind="reply", point=entry.point.at("after"))
            self._tape.put(replace(after, status=str(answer.status), facts=made_up))

    def _dropped(self, entry: Entry, *, status: str = "", facts: Facts = NO_FACTS) -> Decision:
        self._tape.put(
            Entry(
                at=time.time(),
                kind="dropped",
                door=entry.door,
                operation=entry.operation,
                message=entry.message,
                worker=entry.worker,
                status=status,
                facts=facts,
            )
        )
        return "drop"


@dataclass
class _Lasting:
    """A fault that meets more than one message.

    Attributes:
        fault: The fault.
        first: The point that was struck.
        left: How many messages it still meets; negative: no limit.
    """

    fault: Fault
    first: Point
    left: int

    def strikes_at(self, point: Point) -> bool:
        """Tell whether it strikes at a point: any of its doors if it never ends, else the same message again."""
        if not self.fault.applies_to(point):
            return False
        return self.fault.times == 0 or _same(point) == _same(self.first)


def _same(point: Point) -> Point:
    """Return the point without what differs from one try to the next."""
    return replace(point, attempt=0, occurrence=1)
