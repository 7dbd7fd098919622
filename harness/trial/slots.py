"""The rig of a run: one server, the HTTP doors, and a slot of its own for every trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.doors.decision import Decision
from harness.doors.http.doors import HttpDoors, HttpMessage, Notice
from harness.processes.forkserver.pool import ForkServers
from harness.records.act_facts import DoorNotice
from harness.servers.candidates import Binary
from harness.servers.engine import engine_with
from harness.servers.lifecycle import Server


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What one trial has for itself: a namespace of the shared server and a path of the HTTP doors.

    Attributes:
        namespace: The namespace; the wire proxy maps the one the worker asks for onto it.
        server: The server.
        doors: The HTTP doors.
    """

    namespace: str
    server: Server
    doors: HttpDoors

    def environment(self, worker: int) -> dict[str, str]:
        """Return what tells the worker process of that number where the HTTP doors are."""
        return {
            "OPENAI_BASE_URL": self.doors.model_url(self.namespace, worker=worker),
            "OPENAI_API_KEY": "sk-crashproof",
            "ANTHROPIC_BASE_URL": self.doors.anthropic_url(self.namespace, worker=worker),
            "ANTHROPIC_API_KEY": "sk-crashproof",
            "EFFECTS_URL": self.doors.effects_url(self.namespace, worker=worker),
        }

    @property
    def http_port(self) -> int:
        """Port of the HTTP doors."""
        return urlsplit(self.doors.effects_url(self.namespace, worker=0)).port or 0


MeetHttp = Callable[[HttpMessage], Awaitable[Decision]]


class Rig:
    """Starts what trials share, and hands out slots. An async context manager.

    Trials share one server; one that kills its server gets another for itself, and so does every trial where all
    workflows of a server have one clock.

    Args:
        binary: The server binary of the engine.
        folder: Where the databases and the logs go.
        engine: Name of the engine.
    """

    def __init__(self, *, binary: Binary, folder: Path, engine: str = "dev") -> None:
        self.engine = engine_with(engine, version=binary.version)
        self._binary = binary.path
        self.server = self._new_server(folder / "server")
        self.fork_servers = ForkServers(logs=folder / "fork servers")
        self._folder = folder
        self._doors: dict[tuple[Path | None, Path | None], asyncio.Task[HttpDoors]] = {}
        self._stack = AsyncExitStack()
        self._meets: dict[str, MeetHttp] = {}
        self._notes: dict[str, Callable[..., None]] = {}
        self._opened: dict[str, int] = {}
        self._watching: list[asyncio.Task[None]] = []
        self.failure: Exception | None = None

    async def __aenter__(self) -> Rig:
        if self.engine.own_clocks:
            await self._stack.enter_async_context(self.server)
        self._stack.push_async_callback(self.fork_servers.close)
        return self

    async def __aexit__(self, *error: object) -> None:
        for watch in self._watching:
            watch.cancel()
        await self._stack.aclose()

    @asynccontextmanager
    async def slot(
        self,
        trial: str,
        *,
        meet: MeetHttp,
        note: Callable[..., None],
        model: Path | None,
        effects: Path | None,
        own_server: bool = False,
    ) -> AsyncIterator[Slot]:
        """Open a slot for a trial; ``meet`` is asked about each of its HTTP messages.

        Args:
            trial: Id of the trial; the namespace is named after it.
            meet: Awaited for each message.
            note: Puts on the trial's tape what the HTTP doors have to say of its requests.
            model: The model script, or None.
            effects: The effects script, or None.
            own_server: Whether it gets a server that no other trial uses.
        """
        count = self._opened[trial] = self._opened.get(trial, 0) + 1
        name = f"trial-{trial}" if count == 1 else f"trial-{trial}-{count}"
        async with AsyncExitStack() as stack:
            server = self.server
            if own_server or not self.engine.own_clocks:
                server = await stack.enter_async_context(self._new_server(self._folder / name))
            doors, _ = await asyncio.gather(self._http(model, effects), server.register_namespace(name))
            self._meets[name] = meet
            self._notes[name] = note
            try:
                yield Slot(namespace=name, server=server, doors=doors)
            finally:
                del self._meets[name], self._notes[name]

    def _new_server(self, folder: Path) -> Server:
        return self.engine.server(self._binary, folder=folder)

    async def _http(self, model: Path | None, effects: Path | None) -> HttpDoors:
        key = (model, effects)
        if key not in self._doors:
            doors = HttpDoors(
                meet=self._meet,
                logs=self._folder / "doors",
                model_script=model,
                effects_script=effects,
                notice=self._notice,
            )
            self._doors[key] = asyncio.create_task(self._stack.enter_async_context(doors))
            self._watching.append(asyncio.create_task(self._watch(self._doors[key])))
        return await asyncio.shield(self._doors[key])

    async def _watch(self, starting: asyncio.Task[HttpDoors]) -> None:
        """Learn of doors that fail while they are open."""
        doors = await asyncio.shield(starting)
        try:
            await doors.watch()
        except Exception as error:  # what broke them is raised in every trial that runs
            self.failure = error

    def _notice(self, notice: Notice) -> None:
        if notice.slot in self._notes:
            self._notes[notice.slot]("notice", facts=DoorNotice(text=notice.text))

    async def _meet(self, message: HttpMessage) -> Decision:
        meet = self._meets.get(message.slot)
        if meet is None:
            return "drop"
        return await meet(message)
