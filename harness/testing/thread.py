"""The thread in which everything lives that the fixtures start, with an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from harness.errors import RigError, UsageError, first_error

T = TypeVar("T")


class RigThread:
    """A thread that does asynchronous work, for tests of any kind.

    The doors answer while a test blocks, the server outlives the event loop of each test, and it does not matter which
    plugin runs asynchronous tests. A process dies with the thread that started it, so the thread lives until ``close``.
    """

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="crashproof", daemon=True)
        self._thread.start()
        self._begun.wait()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the thread while the caller blocks; an interrupt of the caller cancels it."""
        doing = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return doing.result()
        except BaseException:
            doing.cancel()
            raise

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the thread while the caller's event loop goes on."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    @contextmanager
    def within(self, manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter and leave an asynchronous context manager in the thread."""
        value = self.wait(manager.__aenter__())
        try:
            yield value
        finally:
            self.wait(manager.__aexit__(None, None, None))

    def close(self) -> None:
        """Cancel what is under way, wait until it has cleaned up, and end the thread."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._begun.set()
        await self._closing.wait()


async def unattended(function: Callable[[], T]) -> T:
    """Call a function of the user's in a thread of its own, which the session does not wait for at its end."""
    called: Future[T] = Future()
    called.set_running_or_notify_cancel()

    def call() -> None:
        try:
            called.set_result(function())
        except BaseException as error:
            called.set_exception(error)

    threading.Thread(target=call, name="crashproof-script", daemon=True).start()
    return await asyncio.wrap_future(called)


class Calls:
    """The asynchronous calls of one test, none of which may be left without its ``await``.

    A call that is never awaited does nothing, and the test would pass without having tried anything.
    """

    def __init__(self, thread: RigThread) -> None:
        self._thread = thread
        self._made: list[tuple[str, Coroutine[Any, Any, Any]]] = []

    def make(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Coroutine[Any, Any, T]:
        """Return what the test awaits to have the work done.

        Args:
            name: The call as the test writes it.
            work: Makes the coroutine that is run in the thread.

        Raises:
            UsageError: The caller is not asynchronous, so that it cannot await.
        """
        __tracebackhide__ = True
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise UsageError(
                f"{name} is asynchronous, and this is not: make the test `async def`, run by pytest-asyncio or "
                f"anyio's asyncio backend, and write `await {name}`"
            ) from None
        call = self._do(work)
        self._made.append((name, call))
        return call

    def forgotten(self) -> list[str]:
        """Return the names of the calls that nobody awaited, each once."""
        never_awaited = [
            (name, call) for name, call in self._made if inspect.getcoroutinestate(call) == inspect.CORO_CREATED
        ]
        for _, call in never_awaited:
            call.close()
        return list(dict.fromkeys(name for name, _ in never_awaited))

    async def _do(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        __tracebackhide__ = True
        try:
            return await self._thread.do(work())
        except (UsageError, RigError) as error:
            raise error.with_traceback(None) from None
        except BaseExceptionGroup as error:
            first = first_error(error)
            if not isinstance(first, UsageError | RigError):
                raise
            raise first.with_traceback(None) from None
