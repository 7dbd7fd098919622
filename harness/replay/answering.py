"""In the replaying process: replays histories while it records, and tells commands, verdict and witnesses of each.

A request is one line of JSON: ``workflow``, ``workflow_id``, ``history``, and optionally ``aside`` (replay it, so that
the process has done so, and tell nothing). The answer is one line: ``tasks``, ``witnesses``, ``failure``,
``nondeterminism``, ``blocked``, or ``skipped``.
"""

from __future__ import annotations

import asyncio
import json
import os
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from typing import IO, Any

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from harness.replay.compare import BLOCKED
from harness.replay.core_decided import decided
from harness.replay.recording import Recorder
from harness.replay.witness import Watch

Answer = Callable[..., None]
DEFINITION = "__temporal_workflow_definition"


def recording(replayer: Replayer, recorder: Recorder, *, only: str = "") -> Replayer:
    """Return a replayer of the same configuration whose runners record, plugins and interceptors included.

    Args:
        replayer: The replayer to go by.
        recorder: Gets what is recorded.
        only: The one workflow type to replay, which spares the sandbox preparing the others; empty: all.
    """
    # The configuration that the replayer holds is that after its plugins: their changes to the runner are kept. Without
    # a build id the SDK makes one of all the modules that are imported, each time.
    config: Any = replayer.config(active_config=True)
    runner = config.get("workflow_runner") or SandboxedWorkflowRunner()
    unsandboxed = config.get("unsandboxed_workflow_runner") or UnsandboxedWorkflowRunner()
    config = config | {
        "workflow_runner": recorder.around(runner),
        "unsandboxed_workflow_runner": recorder.around(unsandboxed),
        "plugins": [],
        "workflows": [each for each in config["workflows"] if not only or workflow_type(each) == only],
        "build_id": config.get("build_id") or "replay",
    }
    return Replayer(**config)


class Answering:
    """Answers requests, all with one replayer, for as long as it goes well.

    Args:
        workflows: The workflow types that can be replayed.
        replayer: Makes nothing by itself: the recording replayer is made of it.
        watched: Whether witnesses are wanted; that costs about half as much again as the replay.
        only: The one workflow type that is going to be replayed; empty: any.
    """

    def __init__(self, workflows: Sequence[str], replayer: Replayer, *, watched: bool, only: str = "") -> None:
        self._workflows = workflows
        self._recorder = Recorder()
        self._watch = Watch(self._recorder.user_code)
        if watched:
            self._recorder.during = self._watch.during
        self._replayer = recording(replayer, self._recorder, only=only if only in workflows else "")
        self._asked: asyncio.Queue[WorkflowHistory | None] = asyncio.Queue()

    async def serve(self, requests: IO[str], answer: Answer) -> None:
        """Answer each request until there are no more."""
        while True:
            async with self._replayer.workflow_replay_iterator(self._histories()) as results:
                ended = await self._serve(requests, answer, results)
                self._asked.put_nowait(None)
                if ended:
                    return

    async def _serve(self, requests: IO[str], answer: Answer, results: AsyncIterator[Any]) -> bool:
        """Answer requests; return whether there are no more, or the replayer is of no more use."""
        while line := await asyncio.to_thread(requests.readline):
            request = json.loads(line)
            if request["workflow"] not in self._workflows:
                answer(skipped=f"workflow {request['workflow']} is not among {', '.join(self._workflows)}")
                continue
            try:
                told = await self._replay(request, results)
            except Exception as error:
                traceback.print_exc()
                self._forget()
                answer(failure=f"{type(error).__name__}: {error}", nondeterminism=False, blocked=False)
                return False
            answer(**({} if request.get("aside") else told))
        return True

    async def _replay(self, request: dict[str, Any], results: AsyncIterator[Any]) -> dict[str, Any]:
        history = WorkflowHistory.from_json(request["workflow_id"], request["history"])
        self._recorder.about(history.events)
        self._asked.put_nowait(history)
        result = await anext(results)
        recorded = self._recorder.take()
        tasks = [asdict(task) for each in recorded for task in decided(each, history=history.events)]
        witnesses = [asdict(each) for each in self._watch.take()]
        return {"tasks": tasks, "witnesses": witnesses, **_verdict(result.replay_failure)}

    async def _histories(self) -> AsyncIterator[WorkflowHistory]:
        while (history := await self._asked.get()) is not None:
            yield history

    def _forget(self) -> None:
        self._recorder.take()
        self._watch.take()


def workflow_type(workflow: type) -> str:
    """Return the name under which a workflow class is registered, or nothing for the one that takes all names."""
    return str(vars(workflow)[DEFINITION].name or "")


def answer_in_forks(requests: IO[str], answer: Answer, once: Callable[[str], None]) -> None:
    """Answer each request in a fork of this process, which has imported the workflow code and done nothing else.

    The process must not have started Temporal's runtime: its threads are not there in a fork.
    """
    while line := requests.readline():
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                once(line)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        _, waited = os.waitpid(pid, 0)
        if status := os.waitstatus_to_exitcode(waited):
            answer(failure=f"the replaying process ended (exit status {status})", nondeterminism=False, blocked=False)


def _verdict(failure: Exception | None) -> dict[str, Any]:
    message = "" if failure is None else str(failure) or type(failure).__name__
    return {
        "failure": message,
        "nondeterminism": isinstance(failure, NondeterminismError) or "TMPRL1100" in message,
        "blocked": any(sign in message for sign in BLOCKED),
    }
