"""Striking: how each action of a fault is carried out on the worker processes and the server of one trial."""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Protocol

from harness import extensions
from harness.doors.decision import Decision, Refusal
from harness.doors.http.answer import RESET, Answer
from harness.doors.model.faulty import MetCall, answer_to
from harness.faults.action import (
    PATIENCE_SECONDS,
    TERM_SECONDS,
    Action,
    ChangeCode,
    Kill,
    KillServer,
    LoseReply,
    Pause,
    Refuse,
    Silence,
    Terminate,
    TimeOut,
)
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
from harness.faults.fault import Fault
from harness.faults.model.actions import BreakStream, Drip
from harness.faults.transport import REFUSED_SECONDS, Duplicate, ForgetName, RefuseConnections
from harness.records.message_facts import EagerTasks, WorkflowTask
from harness.records.tape import Entry
from harness.trial.addresses import HttpAddresses
from harness.trial.client_acts import ClientAction, ClientActs
from harness.trial.code_change import CodeChange
from harness.trial.live_tape import LiveTape
from harness.trial.nemesis import Struck
from harness.trial.recovery import Recovery
from harness.trial.worker import WorkerProcesses

_HEED_SECONDS = 5.0  # for a process that was asked to end to take no task any more
_ZOMBIE_SECONDS = 60.0  # for the work of a paused process to be done by another one
_LAST_WORDS_SECONDS = 5.0  # for a zombie to say what it still has to say


class OwnServer(Protocol):
    """The server of a trial that has one for itself."""

    async def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""

    async def start(self) -> None:
        """Start it on the same database and port."""


class Striking:
    """Carries the faults of one trial out, at the moment at which the nemesis holds the message that they strike.

    What is done at that moment, and what is left to heal while the trial goes on::

        kill        1 SIGKILL to the whole group  2 the process counts as dead, its message is dropped
                    | 3 the next process starts, after a server that is on its way back
        terminate   1 SIGTERM  2 the message is held
                    | 3 the process takes no task any more  4 the message goes on  5 it ends, or is killed
                      6 the next one starts
        pause       1 SIGSTOP  2 the message is held
                    | 3 the next process starts, and is handed the zombie's work  4 it has finished that work
                      5 SIGCONT  6 the message goes on, and the server must refuse it  7 its answer has come
        refuse      1 the connections to the door are reset, and new ones refused | 2 the attempt has ended, or a few
                    seconds have passed  3 they are taken again, where that heals
        change      as kill; another version of the code is started: see ``harness.trial.code_change``
        forget      as kill; the next process is given a name of the door that nobody knows
        server      1 the message is held | 2 SIGKILL to the server  3 the message is refused  4 its database is copied
                      5 the server starts  6 tasks that it had handed out unheard are freed
        silence     1 the call is never answered | 2 the agent gives up, or its activity is made to time out
        client      1 the message is held, and no workflow task is answered
                    2 somebody sends, cancels, terminates or starts  3 the message goes on
                    | 4 queries are answered, while no activity ends, and what waits for the end of the work is done
        others      1 the message gets another answer, or none

    All before the bar is done before any other message can be looked at, so nothing can come between. What a crash
    after it leaves: another strike may kill the process that step 3 has just started, or the one that step 3 waits for;
    then that strike's own healing starts the next one. A terminated process that is killed is followed by one process
    only: the killer leaves the start to step 6. Of a paused process whose work is never finished (4) the message goes
    on after a limit. If the server does not die (2), the message is refused, and the trial ends with that failure.

    Attributes:
        workers: Starts worker processes.
        registry: Knows and signals them.
        tape: What has happened, and where it is put down.
        client: As the argument.

    Args:
        workers: The worker processes.
        tape: What has happened, and where it is put down.
        recovery: Frees tasks.
        answers: The body of the answer to each HTTP message by the message's number, exactly as it was to be sent.
        server: The server of the trial.
        addresses: Where worker processes find the HTTP doors; None: no fault changes that.
        crashed: Called between the death of the server and its start.
        client: Plays those who send, cancel and start, where there is a scenario that says what they send.
    """

    def __init__(
        self,
        workers: WorkerProcesses,
        *,
        tape: LiveTape,
        recovery: Recovery,
        answers: Mapping[int, str],
        server: OwnServer,
        addresses: HttpAddresses | None = None,
        crashed: Callable[[], Awaitable[None]] | None = None,
        client: ClientActs | None = None,
    ) -> None:
        self.workers = workers
        self.registry = workers.registry
        self.tape = tape
        self._recovery = recovery
        self._answers = answers
        self._turns: defaultdict[Action, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self._server = server
        self._server_turn = asyncio.Lock()
        self._addresses = addresses
        self._crashed = crashed
        self.client = client

    def spares(self, worker: int) -> bool:
        """Tell whether a worker process is a zombie: it had its strike, and only ends what it had begun."""
        return self.registry.is_zombie(worker)

    def strike(self, fault: Fault, entry: Entry) -> Struck:
        """Carry a fault out on the message of an entry, at this moment."""
        extensions.installed("actions")
        return carry_out(fault.action, self, fault=fault, entry=entry)

    def answer(self, action: Action, entry: Entry) -> Answer:
        """Return what the door answers in place of what would have been.

        Raises:
            TypeError: The action is no answer.
        """
        call = MetCall(
            operation=entry.operation,
            path=entry.http.path,
            now=time.time(),
            text=self._answers.get(entry.message, "") if entry.kind == "reply" else "",
            status=int(entry.status) if entry.kind == "reply" and entry.status.isdecimal() else HTTPStatus.OK,
            request=entry.http.body,
            headers=entry.http.headers,
            turn=next(self._turns[action]),
        )
        return answer_to(action, call)

    def lose_reply(self, entry: Entry) -> Struck:
        """Let the worker see a broken connection, and free the task that its poll would have heard of."""
        if entry.door != "wire":
            return Struck(decision="drop")
        healing = None
        if entry.operation == "PollActivityTaskQueue":
            healing = self._recovery.recover_task(entry)
        elif isinstance(entry.facts, WorkflowTask | EagerTasks) and entry.facts.hands_out:
            healing = self._recovery.recover_unheard(entry.worker)
        return Struck(decision=Refusal("UNAVAILABLE", "the connection was lost"), healing=healing)

    def refuse(self, entry: Entry, *, heals: bool) -> Struck:
        """Reset the connections to the door of a call, and refuse new ones, until its attempt has ended if it heals."""
        assert self._addresses is not None
        assert entry.door in ("model", "effect")
        self._addresses.refuse(entry.door)
        return Struck(decision=RESET, healing=self._accept_again(self._addresses, entry) if heals else None)

    async def _accept_again(self, addresses: HttpAddresses, entry: Entry) -> None:
        await self.tape.until(lambda seen: _ends_task(seen, entry) and seen.kind == "request", timeout=REFUSED_SECONDS)
        assert entry.door
        await addresses.accept(entry.door)

    def forget_name(self, entry: Entry) -> None:
        """Give the worker processes that start from now on a name of the door of a call that nobody knows."""
        assert self._addresses is not None
        assert entry.door
        self._addresses.forget_name(entry.door)

    async def change_code(self, entry: Entry, *, back: bool) -> None:
        """Start the next version in place of a worker process that was killed: see ``harness.trial.code_change``."""
        if self.client is None or "next" not in self.workers.versions:
            await self.follow(self.workers.start_again)
            return
        await CodeChange(self.workers, tape=self.tape, client=self.client).make(entry, back=back)

    async def follow(self, start: Callable[[], Awaitable[None]]) -> None:
        """Start the next worker process, once the server is there: a program that cannot connect ends at once."""
        async with self._server_turn:
            pass
        await start()

    def kill_server(self, entry: Entry) -> Struck:
        """Kill the server while the message waits, and start it again."""
        killed = asyncio.Event()
        return Struck(decision=self._after(killed, entry), healing=self._server_again(killed, entry))

    async def _after(self, killed: asyncio.Event, entry: Entry) -> Decision:
        await killed.wait()
        return Refusal("UNAVAILABLE", "the server was killed") if entry.door == "wire" else "go"

    async def _server_again(self, killed: asyncio.Event, entry: Entry) -> None:
        try:
            async with self._server_turn:  # one that is on its way back already is killed when it is there
                await self._server.kill()
                killed.set()
                self.tape.note("stop-server")
                if self._crashed:
                    await self._crashed()
                await self._server.start()
                self.tape.note("start-server")
        finally:
            killed.set()
        await self._recovery.recover_unheard(entry.worker)

    async def go_when_heeded(self) -> Decision:
        """Let the message go on when the process that was asked to end takes no task any more."""
        await self.workers.until_it_takes_no_task(timeout=_HEED_SECONDS)
        return "go"

    def pause(self, entry: Entry) -> Struck:
        """Stop the worker process, and let it go on when another one has done its work."""
        zombie = self.registry.pause_now()
        resumed = asyncio.Event()

        async def decision() -> Decision:
            await resumed.wait()
            return "go"

        return Struck(decision=decision(), healing=self._resume(entry, zombie=zombie, resumed=resumed))

    async def _resume(self, entry: Entry, *, zombie: int, resumed: asyncio.Event) -> None:
        """Let another process do the zombie's work; then let the zombie go on, and wait for its last words."""
        await self.follow(functools.partial(self.workers.start_beside, zombie))
        newer, since = self.registry.number, time.time()
        await self.tape.until(
            lambda seen: _ends_task(seen, entry) and seen.worker == newer and seen.kind == "reply",
            timeout=_ZOMBIE_SECONDS,
        )
        self.registry.continue_now(zombie)
        self.tape.note("continue-worker", worker=zombie)
        resumed.set()
        await self.tape.until(
            lambda seen: _ends_task(seen, entry) and seen.worker == zombie and seen.kind == "reply" and seen.at > since,
            timeout=_LAST_WORDS_SECONDS,
        )

    async def end_silence(self, entry: Entry) -> None:
        """Wait until the agent has given up on the call; if it does not, let its activity time out as declared."""
        since = time.time()
        given_up = await self.tape.until(
            lambda seen: (
                seen.at > since
                and seen.kind == "request"
                and (seen.run_id, seen.activity_id) == (entry.run_id, entry.activity_id)
                and (seen.door == entry.door or _ends_task(seen, entry))
            ),
            timeout=PATIENCE_SECONDS,
        )
        if not given_up:
            await self.time_out(entry)

    async def time_out(self, entry: Entry) -> None:
        """Let the attempt that a message belongs to time out now, as declared, though a living process is at it."""
        await self._recovery.recover_task(entry, running=True)


@functools.singledispatch
def carry_out(action: Action, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    """Carry an action out on the message of an entry.

    An action registers a function for this, unless it is an answer of a door (``harness.doors.model.faulty``).

    Raises:
        TypeError: It is neither.
    """
    return Struck(decision=striking.answer(action, entry))


@carry_out.register(Kill)
def _(action: Kill, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    number = striking.registry.kill_now()
    # One that was asked to end is already being followed by the next.
    healing = None if striking.registry.is_ending(number) else striking.follow(striking.workers.start_again)
    return Struck(decision="drop", dead=number, healing=healing)


@carry_out.register(ChangeCode)
def _(action: ChangeCode, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    dead = striking.registry.kill_now()
    return Struck(decision="drop", dead=dead, healing=striking.change_code(entry, back=action.back))


@carry_out.register(ForgetName)
def _(action: ForgetName, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    striking.forget_name(entry)
    return carry_out(Kill(), striking, fault=fault, entry=entry)


@carry_out.register(RefuseConnections)
def _(action: RefuseConnections, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return striking.refuse(entry, heals=action.heals)


@carry_out.register(Duplicate)
def _(action: Duplicate, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return Struck(decision="twice")


@carry_out.register(Terminate)
def _(action: Terminate, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    striking.registry.terminate_now()
    start = functools.partial(striking.workers.start_after_end, limit=TERM_SECONDS)
    return Struck(decision=striking.go_when_heeded(), healing=striking.follow(start))


@carry_out.register(Pause)
def _(action: Pause, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return striking.pause(entry)


@carry_out.register(KillServer)
def _(action: KillServer, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return striking.kill_server(entry)


@carry_out.register(Refuse)
def _(action: Refuse, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return Struck(decision=Refusal(action.code, f"refused by crashproof: {fault.name}"))


@carry_out.register(LoseReply)
def _(action: LoseReply, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return striking.lose_reply(entry)


@carry_out.register(SendNow)
@carry_out.register(SendLate)
@carry_out.register(SendAgain)
@carry_out.register(AskQueries)
@carry_out.register(CancelWorkflow)
@carry_out.register(TerminateWorkflow)
@carry_out.register(StartAgain)
@carry_out.register(ResetWorkflow)
@carry_out.register(RunBySchedule)
def _(action: ClientAction, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    if striking.client is None:
        return Struck(decision="go")
    return Struck(
        decision=striking.client.while_held(action, entry),
        healing=striking.client.afterwards(action, entry),
        stays_open=True,
        stands_still=isinstance(action, AskQueries),
    )


@carry_out.register(Silence)
@carry_out.register(Drip)
def _(action: Silence | Drip, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return Struck(decision=striking.answer(action, entry), healing=striking.end_silence(entry))


@carry_out.register(TimeOut)
def _(action: TimeOut, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    return Struck(decision=striking.answer(action, entry), healing=striking.time_out(entry))


@carry_out.register(BreakStream)
def _(action: BreakStream, striking: Striking, *, fault: Fault, entry: Entry) -> Struck:
    healing = striking.end_silence(entry) if action.how == "a stall" else None
    return Struck(decision=striking.answer(action, entry), healing=healing)


def _ends_task(seen: Entry, struck: Entry) -> bool:
    """Tell whether an entry is the end of the task that a struck message belonged to."""
    if (seen.run_id, seen.activity_id) != (struck.run_id, struck.activity_id):
        return False
    if "NexusTask" in struck.operation:
        return seen.operation.startswith("RespondNexusTask")
    ends = "RespondActivityTask" if struck.activity_id else "RespondWorkflowTask"
    return seen.operation.startswith(ends)
