"""The replaying process: run by ``runner``, it reads requests as lines of JSON and answers each with what came of it.

The first line that it reads is a ``Setup``. It answers with one line for its start (``ready``, or ``error``), then with
one line for each request. Answers leave by a copy of standard output; whatever the workflow code prints goes to the
log.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import IO, Any

import msgspec

from harness.replay import clock
from harness.replay.asking import Ready, Request, Setup

_PR_SET_PDEATHSIG = 1
_DEFINITION = "__temporal_workflow_definition"


def main() -> None:
    """Serve until standard input ends, then leave at once.

    The interpreter is not asked to finalize: one that used the SDK's core may abort while it does.
    """
    _die_with_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    status = 0
    try:
        asyncio.run(_serve(sys.stdin.buffer, answers))
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


async def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    setup = msgspec.json.decode(requests.readline(), type=Setup)
    try:
        if setup.clock:
            clock.shift(seconds=setup.clock)
        replayers = _replayers(setup)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        _answer(answers, Ready(error=f"{type(error).__name__}: {error}"))
        return
    _answer(answers, Ready(workflows=sorted(name for workflows, _ in replayers for name in workflows)))

    from harness.replay.answering import Answering, answer_in_forks

    def answering(only: str = "") -> Answering:
        return Answering(replayers, spool=setup.spool, only=only)

    def answer(told: Any) -> None:
        _answer(answers, told)

    def answer_once(line: bytes) -> None:
        only = msgspec.json.decode(line, type=Request).workflow
        asyncio.run(answering(only).serve(io.BytesIO(line), answer))

    if setup.fresh:
        # A fork has no loop of its own yet, and must not use this one: in a thread there is none.
        await asyncio.to_thread(answer_in_forks, requests, answer, answer_once)
    else:
        await answering().serve(requests, answer)


def _answer(answers: IO[bytes], told: Any) -> None:
    answers.write(msgspec.json.encode(told) + b"\n")
    answers.flush()


def _replayers(setup: Setup) -> list[tuple[dict[str, type], Any]]:
    """Return each replayer, with the workflows that it knows by name."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    made = [_named_replayer(name) for name in setup.replayers]
    if setup.modules or not made:
        made.append(_replayer_of(setup.modules, setup.data_converter))
    return made


def _named_replayer(reference: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

    made = _named(reference)()
    if not isinstance(made, Replayer):
        raise TypeError(f"{reference} returns no temporalio.worker.Replayer")
    classes = made.config(active_config=True)["workflows"]
    return {vars(each)[_DEFINITION].name or "": each for each in classes}, made


def _replayer_of(modules: Sequence[str], data_converter: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

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
        if definition is not None:
            yield definition.name or "", each


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


if __name__ == "__main__":
    main()
