"""Worker processes of an audit: each one answers one question after the other, and none outlives the audit."""

from __future__ import annotations

import pickle
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import RigError
from harness.processes.tie import die_with_parent

A = TypeVar("A")
R = TypeVar("R")

_ROOT = Path(__file__).parents[2]
_MAIN = f"import sys; sys.path.append({str(_ROOT)!r}); from harness.audit.workers import answer; answer()"


class AuditWorkers:
    """Some worker processes, started when first needed. Use within `working`.

    Args:
        number: How many there may be.
    """

    def __init__(self, number: int) -> None:
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes] | None] = queue.SimpleQueue()
        for _ in range(number):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="audit")
        self._started: list[subprocess.Popen[bytes]] = []

    def ask(self, function: Callable[[A], R], questions: Iterable[A]) -> Iterator[tuple[int, R]]:
        """Yield the answers as they come, each with the number of its question from 0.

        Raises:
            RigError: A worker process died.
        """
        asked: dict[Future[R], int] = {
            self._threads.submit(self._answered, function, question): number
            for number, question in enumerate(questions)
        }
        for future in as_completed(asked):
            yield asked[future], future.result()

    def _answered(self, function: Callable[[A], R], question: A) -> R:
        process = self._idle.get() or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((function, question), process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            answer: R = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._idle.put(None)
            raise RigError(
                f"A worker process of the audit ended with status {process.wait(10)}, expected an answer. "
                "Audit with one process (jobs=1) to see which file ends it."
            ) from error
        self._idle.put(process)
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-c", _MAIN]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._started.append(process)
        return process

    def close(self, *, kill: bool) -> None:
        """End the processes: after their last answer, or at once."""
        for process in self._started:
            if kill:
                process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in self._started:
            assert process.stdin is not None
            assert process.stdout is not None
            for pipe in (process.stdin, process.stdout):
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
            process.wait()


@contextmanager
def working(number: int) -> Iterator[AuditWorkers | None]:
    """Give this many worker processes while the block runs; None where that is one, for that is this process itself."""
    if number <= 1:
        yield None
        return
    workers = AuditWorkers(number)
    try:
        yield workers
    except BaseException:
        workers.close(kill=True)
        raise
    workers.close(kill=False)


def answer() -> None:
    """Answer what comes on stdin, as a worker process. Ctrl-C is the parent's affair; without a parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while True:
        try:
            asked: tuple[Callable[[Any], Any], Any] = pickle.load(questions)
        except EOFError:
            return
        function, question = asked
        pickle.dump(function(question), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
