"""Child processes of an audit that share its work out between the processors, and end with it."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.errors import RigError
from harness.processes.child_channel import ChildChannel, NoAnswerError, open_channel

A = TypeVar("A")
R = TypeVar("R")

_LONGEST_ANSWER = 1024**3


class AuditWorkers:
    """Some child processes, each started when first needed. Use within `working`.

    Args:
        number: How many there may be.
    """

    def __init__(self, number: int) -> None:
        self._workers = [ChildChannel("harness.audit.workers", longest=_LONGEST_ANSWER) for _ in range(number)]
        self._idle: asyncio.Queue[ChildChannel] = asyncio.Queue()
        self._asking: set[asyncio.Task[Any]] = set()
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._loop = asyncio.new_event_loop()
        # A child process ends with the thread that started it: this one lives for as long as they do.
        self._thread = threading.Thread(target=self._loop.run_forever, name="audit", daemon=True)
        self._thread.start()

    def ask(self, function: Callable[[A], R], questions: Iterable[A]) -> Iterator[tuple[int, R]]:
        """Yield the answers as they come, each with the number of its question from 0.

        Raises:
            RigError: A child process died.
        """
        asked: dict[Future[R], int] = {
            asyncio.run_coroutine_threadsafe(self._answer(function, question), self._loop): number
            for number, question in enumerate(questions)
        }
        for future in as_completed(asked):
            yield asked[future], future.result()

    async def _answer(self, function: Callable[[A], R], question: A) -> R:
        if task := asyncio.current_task():
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        worker = await self._idle.get()
        try:
            if not worker.started:
                await worker.start()
            answer: R = pickle.loads(await worker.ask(_pickled((function, question)), limit=None))
        except NoAnswerError as error:
            await worker.stop()
            raise RigError(
                f"A worker process of the audit ended with status {error.status}, expected an answer. "
                "Audit with one process (jobs=1) to see which file ends it."
            ) from error
        finally:
            self._idle.put_nowait(worker)
        return answer

    def close(self) -> None:
        """Kill the child processes; what they were not done with is not answered any more."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        # The tasks of this class alone: what starts a process below them is let come to its end.
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        for worker in self._workers:
            await worker.stop()


@contextmanager
def working(number: int) -> Iterator[AuditWorkers | None]:
    """Give this many child processes while the block runs; None where that is one, for that is this process itself."""
    if number <= 1:
        yield None
        return
    workers = AuditWorkers(number)
    try:
        yield workers
    finally:
        workers.close()


def main() -> None:
    """Answer each question with what its function returns, as the program of a child process."""
    channel = open_channel()
    while message := channel.read():
        asked: tuple[Callable[[Any], Any], Any] = pickle.loads(message)
        function, question = asked
        channel.answer(_pickled(function(question)))


def _pickled(value: Any) -> bytes:
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
