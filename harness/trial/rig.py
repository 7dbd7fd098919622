"""The rig of a run: the server and the HTTP doors that its trials share, and a slot of its own for every trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.doors.decision import Decision
from harness.doors.http.doors import Decide, HttpDoors, HttpMessage, Notice
from harness.errors import KilledError, RigError, UsageError
from harness.faults.fault import Fault
from harness.processes.forkserver.children import ChildForks
from harness.processes.forkserver.pool import ForkServers
from harness.records.act_facts import DoorNotice
from harness.records.scenario import Scenario
from harness.servers.candidates import Binary
from harness.servers.engine import engine_with
from harness.servers.lifecycle import Server
from harness.servers.shared import SharedServers
from harness.trial.addresses import HttpAddresses, http_addresses
from harness.trial.live_tape import LiveTape
from harness.trial.state import StateLocks

_NEWS_LIMIT = 1.0  # seconds until it is known here that a process has ended whose connections broke
_LATE_NEWS_LIMIT = 60.0  # seconds for it on a busy machine, where the kernel says that one has ended

Note = Callable[..., None]
"""Puts on the tape what crashproof did or saw itself: see ``harness.trial.live_tape``."""


class HttpRoutes:
    """Leads each message of the shared HTTP doors to the trial whose slot it came by; nobody's is dropped."""

    def __init__(self) -> None:
        self._by_slot: dict[str, tuple[Decide, Note]] = {}

    @contextmanager
    def leading(self, slot: str, *, decide: Decide, note: Note) -> Iterator[None]:
        """Lead the messages of a slot to this decider, and to the tape what the HTTP doors have to say of them."""
        self._by_slot[slot] = (decide, note)
        try:
            yield
        finally:
            del self._by_slot[slot]

    async def decide(self, message: HttpMessage) -> Decision:
        """Decide about a message of any slot."""
        decide, _ = self._by_slot.get(message.slot, (None, None))
        return await decide(message) if decide else "drop"

    def notice(self, notice: Notice) -> None:
        """Take what the HTTP doors have to say."""
        _, note = self._by_slot.get(notice.slot, (None, None))
        if note:
            note("notice", facts=DoorNotice(text=notice.text, unserved=True))


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What one trial has for itself: a namespace of the shared server and a path of the HTTP doors.

    Attributes:
        namespace: The namespace; the wire proxy maps the one the worker asks for onto it.
        server: The server.
        shares_server: Whether other trials use it, too.
        doors: The HTTP doors.
        addresses: Where its worker processes find them.
        routes: Leads their messages to trials.
    """

    namespace: str
    server: Server
    shares_server: bool
    doors: HttpDoors
    addresses: HttpAddresses
    routes: HttpRoutes

    def leading(self, *, decide: Decide, note: Note) -> AbstractContextManager[None]:
        """Lead HTTP messages of this slot to this decider, and notices about them to the tape, while it is entered."""
        return self.routes.leading(self.namespace, decide=decide, note=note)

    def environment(self, worker: int) -> dict[str, str]:
        """Return the environment variables by which the worker process of that number finds the HTTP doors."""
        return self.addresses.environment(worker)

    @asynccontextmanager
    async def unless_lost(self) -> AsyncIterator[None]:
        """End what is done meanwhile as soon as the server or the doors are lost, with why they are.

        Raises:
            KilledError: Somebody killed them.
            RigError: They ended by themselves.
            Exception: What a decider of the doors raised.
        """
        async with _unless_lost(self.server, self.doors):
            yield


class Rig:
    """Starts what all trials of a run share (server, HTTP doors, fork servers). An async context manager.

    Trials share a server, so many of them one after another; one that kills its server gets another for itself, and so
    does every trial where all workflows of a server have one clock.

    Args:
        binary: The server binary of the engine.
        folder: Where the databases and the logs go.
        engine: Name of the engine.
        forks: Whether worker processes will be forked where they can be.
        trials_a_server: After how many trials another server is started for those to come; 0: never.
        many: Whether it will be used for scenarios of different workflow code.

    Attributes:
        folder: As the argument.
        fork_servers: Fork worker processes.
        child_forks: Forks child processes of crashproof's own that load the code of users; None: nobody does.
        state_locks: Let one trial at a time have the state that its scenario names.
        alone: Names of scenarios each trial of which needs a server for itself.
        tapes: The tapes of the trials that run now, by their ids.
    """

    def __init__(
        self,
        *,
        binary: Binary,
        folder: Path,
        engine: str = "dev",
        forks: bool = False,
        trials_a_server: int = 0,
        many: bool = False,
    ) -> None:
        self.engine = engine_with(engine, version=binary.version)
        self._binary = binary.path
        self._servers = SharedServers(folder / "server", new=self._new_server, uses=trials_a_server)
        self.fork_servers = ForkServers(logs=folder / "fork servers")
        self._forks = forks
        child_forks = ChildForks(logs=folder / "fork servers", many=many, workers=self.fork_servers)
        self.child_forks = child_forks if forks else None
        self.folder = folder
        self._doors: dict[tuple[Path | None, frozenset[tuple[str, Path]]], asyncio.Task[HttpDoors]] = {}
        self._stack = AsyncExitStack()
        self._routes = HttpRoutes()
        self._opened: dict[str, int] = {}
        self._warming: list[asyncio.Task[None]] = []
        self._cold: dict[tuple[object, ...], str] = {}
        self.state_locks = StateLocks()
        self.alone: set[str] = set()
        self.tapes: dict[str, LiveTape] = {}

    async def __aenter__(self) -> Rig:
        if self.engine.own_clocks:
            await self._stack.enter_async_context(self._servers)
        self._stack.push_async_callback(self.fork_servers.close)
        if self.child_forks:
            self._stack.push_async_callback(self.child_forks.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        for warming in self._warming:
            warming.cancel()
        await self._stack.aclose()

    @property
    def server(self) -> Server:
        """The server that the next trial shares with others, as far as it is known now."""
        return self._servers.latest

    @asynccontextmanager
    async def slot(
        self,
        trial: str,
        *,
        model: Path | None,
        effects: Mapping[str, Path],
        own_server: bool = False,
        faults: Iterable[Fault] = (),
    ) -> AsyncIterator[Slot]:
        """Open a slot for a trial.

        Args:
            trial: Id of the trial; the namespace is named after it.
            model: The model script, or None.
            effects: The scripts of effect services, by their names.
            own_server: Whether it gets a server that no other trial uses.
            faults: The faults that are to be made in it.
        """
        count = self._opened[trial] = self._opened.get(trial, 0) + 1
        name = f"trial-{trial}" if count == 1 else f"trial-{trial}-again-{count}"  # "-2" may end the id of another one
        async with AsyncExitStack() as stack:
            shares = not own_server and self.engine.own_clocks
            opening = self._servers.one() if shares else self._new_server(self.folder / name)
            server = await stack.enter_async_context(opening)
            async with _unless_lost(server):
                doors, _ = await asyncio.gather(self._http(model, effects), server.register_namespace(name))
            addresses = await stack.enter_async_context(http_addresses(doors, slot=name, faults=faults))
            yield Slot(
                namespace=name,
                server=server,
                shares_server=shares,
                doors=doors,
                addresses=addresses,
                routes=self._routes,
            )

    @contextmanager
    def watched(self, trial: str, tape: LiveTape) -> Iterator[None]:
        """Let others look at the tape of a trial that runs."""
        self.tapes[trial] = tape
        try:
            yield
        finally:
            self.tapes.pop(trial, None)

    def forking(self, scenario: Scenario, *, cold: bool) -> ForkServers | None:
        """Return where the worker processes of a trial are forked if they can be; None: they are started cold.

        Of the scenarios that start one program in one environment those of the first start it cold, for all: what it
        is that starts from nothing has been seen then, and is compared with what its forks do.

        Args:
            scenario: The scenario.
            cold: Whether they are to start cold, unless another scenario has shown how the program does.
        """
        if not cold:
            return self.fork_servers
        if not self._forks:
            return None
        how = (scenario.task_queue, scenario.address, scenario.tls, frozenset(scenario.env.items()))
        first = self._cold.setdefault((scenario.worker, *how), scenario.name)
        return None if first == scenario.name else self.fork_servers

    def warm(self, command: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Begin to make a fork server ready for the workers to come, while the first one is started cold."""
        if self._forks:
            self._warming.append(asyncio.create_task(self.fork_servers.warm(command, env=env)))

    def _new_server(self, folder: Path) -> Server:
        return self.engine.server(self._binary, folder=folder)

    async def _http(self, model: Path | None, effects: Mapping[str, Path]) -> HttpDoors:
        key = (model, frozenset(effects.items()))
        if key not in self._doors or _is_killed(self._doors[key]):
            doors = HttpDoors(
                decide=self._routes.decide,
                logs=self.folder / "doors",
                model_script=model,
                effects_scripts=effects,
                notice=self._routes.notice,
            )
            self._doors[key] = asyncio.create_task(self._stack.enter_async_context(doors))
        return await asyncio.shield(self._doors[key])


def _is_killed(opening: asyncio.Task[HttpDoors]) -> bool:
    """Tell whether somebody has killed the doors, so that others may take their place."""
    if not opening.done() or opening.cancelled():
        return False
    return isinstance(opening.exception() or opening.result().failure, KilledError)


@asynccontextmanager
async def _unless_lost(*watched: Server | HttpDoors) -> AsyncIterator[None]:
    try:
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(each.watch()) for each in watched]
            try:
                yield
            except UsageError:
                raise
            except Exception:  # which the loss may have caused, and may be known a little earlier
                known, _ = await asyncio.wait(watching, timeout=_NEWS_LIMIT, return_when=asyncio.FIRST_COMPLETED)
                if not known and any(map(_has_ended, watched)):
                    await asyncio.wait(watching, timeout=_LATE_NEWS_LIMIT, return_when=asyncio.FIRST_COMPLETED)
                raise
            finally:
                for watch in watching:
                    watch.cancel()
    except BaseExceptionGroup as errors:
        lost = [watch.exception() for watch in watching if not watch.cancelled()]
        raise (lost[0] if lost and lost[0] else errors.exceptions[0]) from None


def _has_ended(watched: Server | HttpDoors) -> bool:
    """Tell whether the kernel says that a process has ended; one that is not to run now has not."""
    try:
        return psutil.Process(watched.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except RigError:
        return False
