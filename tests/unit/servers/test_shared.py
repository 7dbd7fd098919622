"""Servers that trials share follow one another; none dies under who uses it, and none is left."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.errors import RigError
from harness.servers.shared import SharedServers


class Fake:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.alive = False
        self.loss: RigError | None = None

    async def start(self) -> None:
        self.alive = True

    async def kill(self) -> None:
        self.alive = False


class Made(list[Fake]):
    def new(self, folder: Path) -> Any:
        self.append(Fake(folder))
        return self[-1]

    @property
    def running(self) -> list[str]:
        return [each.folder.name for each in self if each.alive]


async def test_one_that_has_served_enough_lives_until_the_last_who_uses_it_is_done() -> None:
    made = Made()
    async with SharedServers(Path("rig/server"), new=made.new, uses=2) as servers, AsyncExitStack() as users:
        assert made.running == ["server"]
        async with servers.one() as first:
            async with servers.one() as second:
                assert first is second
                third = await users.enter_async_context(servers.one())
                assert third is not first
                assert servers.latest is third
                assert made.running == ["server", "server-2"]
            assert made.running == ["server", "server-2"]
        assert made.running == ["server-2"]
    assert not made.running


async def test_one_that_nobody_uses_is_ended_when_its_place_is_taken() -> None:
    made = Made()
    async with SharedServers(Path("server"), new=made.new, uses=1) as servers:
        for name in ("server", "server-2", "server-3"):
            async with servers.one() as server:
                assert server.folder.name == name
                assert made.running == [name]
            assert made.running == [name]


async def test_without_a_number_only_a_lost_one_is_replaced() -> None:
    made = Made()
    async with SharedServers(Path("server"), new=made.new) as servers:
        for _ in range(200):
            async with servers.one():
                pass
        assert len(made) == 1
        made[0].loss, made[0].alive = RigError("it ended"), False
        async with servers.one() as server:
            assert server is made[1] is servers.latest


async def test_those_that_are_used_end_with_all() -> None:
    made = Made()
    async with AsyncExitStack() as users:
        async with SharedServers(Path("server"), new=made.new, uses=1) as servers:
            for _ in range(3):
                await users.enter_async_context(servers.one())
            assert len(made.running) == 3
        assert not made.running


async def test_where_another_does_not_start_that_is_told_and_the_one_before_goes_on() -> None:
    made = Made()

    def new(folder: Path) -> Any:
        server = made.new(folder)
        if len(made) == 2:
            server.start = _fails
        return server

    async with SharedServers(Path("server"), new=new, uses=1) as servers, servers.one():
        with pytest.raises(RigError, match="no room"):
            async with servers.one():
                pass
        assert made.running == ["server"]
        async with servers.one() as third:
            assert third.folder.name == "server-3"


async def _fails() -> None:
    raise RigError("no room")
