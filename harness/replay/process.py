"""The replaying process: run by ``runner``, it reads histories as JSON lines and answers with what the Replayer says.

The first line that it reads is the setup: ``modules`` and ``data_converter``, or ``replayer``, the ``module:function``
that returns a ``temporalio.worker.Replayer``. With ``record`` it records, as ``answering`` tells; then it knows
``watched`` (with witnesses), ``fresh`` (each history in a process that has replayed nothing before) and ``clock``
(how many seconds its wall clock is wrong).

First it answers with one line for its start (``ready``, or ``error``), then with one line for each history. Answers
leave by a copy of standard output; whatever the workflow code prints goes to the log.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import IO, Any

from harness.replay import clock

_PR_SET_PDEATHSIG = 1
_DEFINITION = "__temporal_workflow_definition"


def main() -> None:
    """Serve until standard input ends, then leave at once.

    The interpreter is not asked to finalize: one that used the SDK's core may abort while it does.
    """
    _die_with_parent()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    status = 0
    try:
        asyncio.run(_serve(sys.stdin, answers))
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (answers, sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


def _die_with_parent() -> None:
    """Ask the kernel (Linux) to kill this process when crashproof dies, even while a replay hangs.

    Should crashproof be dead already, the end of standard input tells.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _serve(requests: IO[str], answers: IO[str]) -> None:
    setup = json.loads(requests.readline())
    try:
        if setup.get("clock"):
            clock.shift(seconds=setup["clock"])
        workflows, replayer = _set_up(setup)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        _answer(answers, error=f"{type(error).__name__}: {error}")
        return
    _answer(answers, ready=sorted(workflows))
    if setup.get("record"):
        await _record(requests, answers, setup=setup, workflows=workflows, replayer=replayer)
        return
    for line in requests:
        request = json.loads(line)
        _answer(answers, **await _replay(request, workflows=workflows, replayer=replayer, modules=setup["modules"]))


async def _record(
    requests: IO[str], answers: IO[str], *, setup: dict[str, Any], workflows: dict[str, type], replayer: Any
) -> None:
    from harness.replay.answering import Answering, answer_in_forks

    def answer(**told: Any) -> None:
        _answer(answers, **told)

    def answering(only: str = "") -> Answering:
        return Answering(sorted(workflows), replayer, watched=bool(setup.get("watched")), only=only)

    def answer_once(line: str) -> None:
        asyncio.run(answering(json.loads(line)["workflow"]).serve(io.StringIO(line), answer))

    if setup.get("fresh"):
        # A fork has no loop of its own yet, and must not use this one: in a thread there is none.
        await asyncio.to_thread(answer_in_forks, requests, answer, answer_once)
    else:
        await answering().serve(requests, answer)


def _set_up(setup: dict[str, Any]) -> tuple[dict[str, type], Any]:
    if not setup.get("replayer"):
        return _replayer(setup["modules"], setup["data_converter"])
    from temporalio.worker import Replayer

    _import_from_here()
    made = _named(setup["replayer"])()
    if not isinstance(made, Replayer):
        raise TypeError(f"{setup['replayer']} returns no temporalio.worker.Replayer")
    classes = made.config(active_config=True)["workflows"]
    return {vars(each)[_DEFINITION].name: each for each in classes}, made


def _import_from_here() -> None:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())


def _answer(answers: IO[str], **told: Any) -> None:
    answers.write(json.dumps(told) + "\n")
    answers.flush()


def _replayer(modules: Sequence[str], data_converter: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

    _import_from_here()
    workflows = dict(each for module in modules for each in _workflows(module))
    if not workflows:
        raise LookupError(f"no workflow is defined or imported in {', '.join(modules) or 'no module at all'}")
    more = {"data_converter": _converter(data_converter)} if data_converter else {}
    return workflows, Replayer(workflows=list(workflows.values()), **more)


def _workflows(module: str) -> Iterator[tuple[str, type]]:
    """Yield name and class of the workflows of ``module``, or of the one that ``module:Class`` names."""
    found = [_named(module)] if ":" in module else list(vars(importlib.import_module(module)).values())
    for each in found:
        definition = vars(each).get(_DEFINITION) if isinstance(each, type) else None
        if definition is not None and definition.name:
            yield definition.name, each


def _converter(reference: str) -> Any:
    from temporalio.converter import DataConverter

    found = _named(reference)
    if not isinstance(found, DataConverter):
        raise TypeError(f"{reference} is no temporalio.converter.DataConverter")
    return found


def _named(reference: str) -> Any:
    module, _, name = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


async def _replay(
    request: dict[str, Any], *, workflows: dict[str, type], replayer: Any, modules: Sequence[str]
) -> dict[str, Any]:
    from temporalio.client import WorkflowHistory
    from temporalio.workflow import NondeterminismError

    name = request["workflow"]
    if name not in workflows:
        return {"skipped": f"workflow {name} is not in {', '.join(modules)}"}
    try:
        history = WorkflowHistory.from_json(request["workflow_id"], request["history"])
        failure = (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
    except Exception as error:
        traceback.print_exc()
        failure = error
    if failure is None:
        return {}
    return {
        "failure": str(failure) or type(failure).__name__,
        "nondeterminism": isinstance(failure, NondeterminismError) or "TMPRL1100" in str(failure),
    }


if __name__ == "__main__":
    main()
