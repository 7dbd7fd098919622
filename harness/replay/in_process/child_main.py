"""The replaying process: run by ``runner``, it reads requests as lines of JSON and answers each with what came of it.

The first line that it reads is a ``Setup``. It answers with one ``Ready`` before each import and one after all, then
with one line for each request. Answers leave by a copy of standard output; whatever the workflow code prints goes to
the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import io
import os
import resource
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, TypeVar

import msgspec

from harness.processes.tie import die_with_parent
from harness.replay.in_process import clock
from harness.replay.in_process.protocol import TELL_WHERE, Ready, ReplayRequest, Setup

T = TypeVar("T")
Importing = Callable[[str], None]

_DEFINITION = "__temporal_workflow_definition"


def main() -> None:
    """Serve until standard input ends, then leave at once.

    The interpreter is not asked to finalize: one that used the SDK's core may abort while it does.
    """
    die_with_parent()
    faulthandler.register(TELL_WHERE, file=os.dup(2))
    # Workflow code may read, write and close what it takes for standard input and output.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    status = 0
    try:
        asyncio.run(_serve(requests, answers))
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (answers, sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _bound(memory: int) -> None:
    """Have what is asked for beyond so many bytes refused; address space that nobody writes to does not count."""
    limits = {resource.RLIMIT_CORE: 0} | ({resource.RLIMIT_DATA: memory} if memory else {})
    for kind, limit in limits.items():
        with contextlib.suppress(OSError, ValueError):  # not every system has it
            resource.setrlimit(kind, (limit, limit))


async def _serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    setup = msgspec.json.decode(requests.readline(), type=Setup)
    _bound(setup.memory)
    unusable = dict(setup.unusable)

    def importing(name: str) -> None:
        _answer(answers, Ready(importing=name))

    try:
        if setup.clock:
            clock.shift(seconds=setup.clock)
        replayers = _replayers(setup, unusable, importing)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        _answer(answers, Ready(error=str(error) if type(error) is LookupError else _told(error)))
        return
    workflows = sorted(name for workflows, _ in replayers for name in workflows)
    _answer(answers, Ready(workflows=workflows, unusable=unusable))

    from harness.replay.in_process.child_replayer import RequestReplayer, answer_in_forks

    def answering(only: str = "") -> RequestReplayer:
        return RequestReplayer(replayers, spool=setup.spool, only=only, unusable=unusable)

    def answer(told: Any) -> None:
        _answer(answers, told)

    def answer_once(line: bytes) -> None:
        only = msgspec.json.decode(line, type=ReplayRequest).workflow
        asyncio.run(answering(only).serve(io.BytesIO(line), answer))

    if setup.fresh:
        # A fork has no loop of its own yet, and must not use this one: in a thread there is none.
        await asyncio.to_thread(answer_in_forks, requests, answer, answer_once)
    else:
        await answering().serve(requests, answer)


def _answer(answers: IO[bytes], told: Any) -> None:
    answers.write(msgspec.json.encode(told) + b"\n")
    answers.flush()


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _replayers(setup: Setup, unusable: dict[str, str], importing: Importing) -> list[tuple[dict[str, type], Any]]:
    """Return each replayer, with the workflows that it knows by name.

    Args:
        setup: The modules and replayers.
        unusable: Gets those that cannot be used, with the reason.
        importing: Told of each before it is imported.
    """
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    made = [each for name in setup.replayers for each in _usable(name, _named_replayer, unusable, importing)]
    found = [(name, each) for name in setup.modules for each in _usable(name, _workflows, unusable, importing)]
    if found:
        made.append(_replayer_of(found, setup.data_converter))
    if not made:
        raise LookupError("; ".join(f"{name}: {why}" for name, why in unusable.items()) or "no module is named")
    return made


def _usable(name: str, use: Callable[[str], T], unusable: dict[str, str], importing: Importing) -> Iterator[T]:
    """Yield what is made of a module, or nothing and note why."""
    importing(name)
    try:
        yield use(name)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        traceback.print_exc()
        unusable[name] = _told(error)


def _named_replayer(reference: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

    made = _named(reference)()
    if not isinstance(made, Replayer):
        raise TypeError(f"{reference} returns no temporalio.worker.Replayer")
    classes = made.config(active_config=True)["workflows"]
    return {vars(each)[_DEFINITION].name or "": each for each in classes}, made


def _replayer_of(found: Sequence[tuple[str, dict[str, type]]], data_converter: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

    workflows: dict[str, type] = {}
    homes: dict[str, str] = {}
    for module, more in found:
        for name, workflow in more.items():
            if workflows.setdefault(name, workflow) is not workflow:
                raise LookupError(f"{homes[name]} and {module} both define the workflow {name}: name one of them")
            homes.setdefault(name, module)
    options = {"data_converter": _converter(data_converter)} if data_converter else {}
    return workflows, Replayer(workflows=list(workflows.values()), **options)


def _workflows(module: str) -> dict[str, type]:
    """Return the workflows of ``module`` by name, or the one that ``module:Class`` names."""
    found = [_named(module)] if ":" in module else list(vars(importlib.import_module(module)).values())
    classes = [each for each in found if isinstance(each, type) and _DEFINITION in vars(each)]
    if not classes:
        raise LookupError(f"no workflow is defined or imported in {module}")
    return {vars(each)[_DEFINITION].name or "": each for each in classes}


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
