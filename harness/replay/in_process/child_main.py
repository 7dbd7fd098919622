"""The program of a replaying process: it imports workflow code once, and then answers each request with a replay.

The first message is a ``Setup``. It is answered with one ``Ready`` before each import and one after all; then each
``ReplayRequest`` gets one answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, TypeVar

import msgspec

from harness.processes.child_channel import ChannelToParent, open_channel
from harness.replay.in_process import clock
from harness.replay.in_process.protocol import TELL_WHERE, Ready, ReplayRequest, Setup

T = TypeVar("T")
Importing = Callable[[str], None]

_DEFINITION = "__temporal_workflow_definition"


def main() -> None:
    """Serve until there are no more requests, then leave at once.

    The interpreter is not asked to finalize: one that used SDK core may abort while it does.
    """
    gc.disable()  # next to nothing of what imports make is garbage: looking for it takes a tenth of their time
    channel = open_channel()
    faulthandler.register(TELL_WHERE, file=os.dup(2))
    status = 0
    try:
        asyncio.run(_serve(channel))
    except BaseException:
        traceback.print_exc()
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


async def _serve(channel: ChannelToParent) -> None:
    setup = msgspec.json.decode(channel.read(), type=Setup)
    unusable = dict(setup.unusable)

    def answer(record: Any) -> None:
        channel.answer(msgspec.json.encode(record))

    try:
        if setup.clock:
            clock.shift(seconds=setup.clock)
        replayers = _replayers(setup, unusable, lambda name: answer(Ready(importing=name)))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        answer(Ready(error=str(error) if type(error) is LookupError else _reason(error)))
        return
    gc.freeze()
    gc.enable()
    workflows = sorted(name for workflows, _ in replayers for name in workflows)
    answer(Ready(workflows=workflows, unusable=unusable))

    from harness.replay.in_process.child_replayer import RequestReplayer, answer_in_forks

    def replayer(only: str = "") -> RequestReplayer:
        return RequestReplayer(replayers, decisions_file=setup.decisions_file, only=only, unusable=unusable)

    def answer_once(message: bytes, answer: Callable[[Any], None]) -> None:
        only = msgspec.json.decode(message, type=ReplayRequest).workflow
        asyncio.run(replayer(only).serve(iter([message, b""]).__next__, answer))

    if setup.fresh:
        # A fork has no loop of its own yet, and must not use this one: in a thread there is none.
        await asyncio.to_thread(answer_in_forks, channel.read, answer, answer_once)
    else:
        await replayer().serve(channel.read, answer)


def _reason(error: BaseException) -> str:
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
    workflows = [(name, each) for name in setup.modules for each in _usable(name, _workflows, unusable, importing)]
    if workflows:
        made.append(_replayer_of(workflows, setup.data_converter))
    if children := _beside([name for name, _ in workflows], known={name for each, _ in made for name in each}):
        made.append((children, _replayer(children, setup.data_converter)))
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
        unusable[name] = _reason(error)


def _named_replayer(reference: str) -> tuple[dict[str, type], Any]:
    from temporalio.worker import Replayer

    made = _named(reference)()
    if not isinstance(made, Replayer):
        raise TypeError(f"{reference} returns no temporalio.worker.Replayer")
    classes = made.config(active_config=True)["workflows"]
    return {_workflow_name(each): each for each in classes}, made


def _replayer_of(by_module: Sequence[tuple[str, dict[str, type]]], data_converter: str) -> tuple[dict[str, type], Any]:
    workflows: dict[str, type] = {}
    homes: dict[str, str] = {}
    for module, more in by_module:
        for name, workflow in more.items():
            if workflows.setdefault(name, workflow) is not workflow:
                raise LookupError(f"{homes[name]} and {module} both define the workflow {name}: name one of them")
            homes.setdefault(name, module)
    return workflows, _replayer(workflows, data_converter)


def _replayer(workflows: Mapping[str, type], data_converter: str) -> Any:
    from temporalio.worker import Replayer

    options = {"data_converter": _converter(data_converter)} if data_converter else {}
    return Replayer(workflows=list(workflows.values()), **options)


def _beside(named: Sequence[str], *, known: Set[str]) -> dict[str, type]:
    """Return the workflows that modules have beside their named classes.

    A scenario names the one that it starts; histories of its children are replayed, too. One that takes every name is
    none of them, and neither are two of one name: which of them is meant nobody says.

    Args:
        named: What was named, as ``module`` or ``module:Class``.
        known: The names that the named ones have.
    """
    modules = dict.fromkeys(name.partition(":")[0] for name in named)
    candidates = {each for module in modules for each in vars(sys.modules[module]).values() if _is_workflow(each)}
    times = Counter(map(_workflow_name, candidates))
    clear = {name: each for each in candidates if times[name := _workflow_name(each)] == 1 and name not in {"", *known}}
    return dict(sorted(clear.items()))


def _workflows(module: str) -> dict[str, type]:
    """Return the workflows of ``module`` by name, or the one that ``module:Class`` names."""
    candidates = [_named(module)] if ":" in module else list(vars(importlib.import_module(module)).values())
    classes = [each for each in candidates if _is_workflow(each)]
    if not classes:
        raise LookupError(f"no workflow is defined or imported in {module}")
    return {_workflow_name(each): each for each in classes}


def _is_workflow(candidate: Any) -> bool:
    return isinstance(candidate, type) and _DEFINITION in vars(candidate)


def _workflow_name(workflow: type) -> str:
    """Return the name of a workflow; empty for one that takes every name."""
    return str(vars(workflow)[_DEFINITION].name or "")


def _converter(reference: str) -> Any:
    from temporalio.converter import DataConverter

    converter = _named(reference)
    if not isinstance(converter, DataConverter):
        raise TypeError(f"{reference} is no temporalio.converter.DataConverter")
    return converter


def _named(reference: str) -> Any:
    module, _, name = reference.partition(":")
    named: Any = importlib.import_module(module)
    for part in name.split("."):
        named = getattr(named, part)
    return named
