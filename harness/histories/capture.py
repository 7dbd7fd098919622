"""Captures histories from a Temporal cluster into a folder, few of them that cover most of what workflows do there."""

from __future__ import annotations

import asyncio
import datetime
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.api.history.v1 import HistoryEvent

from harness.histories.capture_folder import CaptureFolder, covered_by
from harness.histories.choosing import ENDS, Choice, Coverage, features, in_turn
from harness.histories.cluster import Cluster, GoneError
from harness.histories.scrubbing import StandIns, scrub
from harness.records.capture_result import NOVELTY, CapturedHistory, CaptureResult

LOOKS_FOR_EACH = 5
"""How many histories are read at most for each one that may be kept."""

IN_FLIGHT = 4
"""How many histories are read at a time."""

_ENDS = {f"EVENT_TYPE_WORKFLOW_EXECUTION_{end}": end for end in ENDS}


@dataclass(frozen=True, kw_only=True)
class CaptureRequest:
    """Which executions of the cluster are to be captured.

    Attributes:
        query: List filter; used where no executions are named.
        executions: Workflow id and run id (empty for the latest run) of executions that are named.
        limit: How many of those that are listed the folder may hold in the end.
        candidates: How many executions are listed at most.
        everything: Whether all are kept, up to the limit, whatever they hold.
    """

    query: str = ""
    executions: tuple[tuple[str, str], ...] = ()
    limit: int = 100
    candidates: int = 10_000
    everything: bool = False


async def capture(
    cluster: Cluster,
    captures: CaptureFolder,
    *,
    wanted: CaptureRequest,
    scrub_key: bytes | None = None,
    tell: Callable[[CaptureResult, int], None] = lambda _, __: None,
) -> CaptureResult:
    """Capture histories into a folder; what is there of an earlier capture is not read again.

    Args:
        cluster: Where to read.
        captures: Where to write. However this ends, what was read to its end is there.
        wanted: What to capture.
        scrub_key: Key of the stand-ins by which what users wrote is replaced; None leaves it.
        tell: Is told after each execution what the capture came to so far, and how many may have to be looked at.

    Raises:
        UsageError: The cluster does not take the query, or has no such namespace.
        RigError: It refuses, does not answer in time, or the disk does not take the files.
    """
    caught = CaptureResult()
    version = await cluster.version()
    choices = await _choices(cluster, wanted, caught)
    limit = len(choices) if wanted.executions else wanted.limit
    choices = _without_known(choices, captures=captures, caught=caught, scrubbed=scrub_key is not None)
    coverage = Coverage()
    for workflow_type, held in covered_by(captures.captured).items():
        coverage.add(workflow_type, held)
    most = min(len(choices), LOOKS_FOR_EACH * limit) if len(caught.kept) < limit else 0
    looked_at = 0
    try:
        async with aclosing(_ahead(cluster, choices[:most], scrub_key=scrub_key)) as read:
            async for each in read:
                looked_at += 1
                entry = _entry(each, namespace=cluster.namespace, version=version, scrubbed=scrub_key is not None)
                _judge(each, entry, captures=captures, caught=caught, coverage=coverage)
                tell(caught, most)
                if len(caught.kept) >= limit:
                    break
    finally:
        captures.flush()
    caught.left = len(choices) - looked_at
    return caught


async def _choices(cluster: Cluster, wanted: CaptureRequest, caught: CaptureResult) -> list[Choice]:
    if not wanted.executions:
        candidates, caught.more = await cluster.listed(wanted.query, at_most=wanted.candidates)
        caught.listed = len(candidates)
        everything = ("all were asked for",) if wanted.everything else ()
        return [replace(choice, why=choice.why or everything) for choice in in_turn(candidates)]
    choices = {}
    for workflow_id, run_id in wanted.executions:
        try:
            candidate = await cluster.described(workflow_id, run_id=run_id)
            choices[candidate.run_id] = Choice(candidate=candidate, why=("asked for",))
        except GoneError:
            caught.gone.append(workflow_id + f" (run {run_id})" * bool(run_id))
    caught.listed = len(choices)
    return list(choices.values())


def _without_known(
    choices: Iterable[Choice], *, captures: CaptureFolder, caught: CaptureResult, scrubbed: bool
) -> list[Choice]:
    """Return those that have to be read, and count those of which an earlier capture knows what they are."""
    left = []
    for choice in choices:
        there = captures.entry_of(choice.candidate)
        if there and captures.is_done(choice.candidate, scrubbed=scrubbed):
            caught.kept.append(("same", there))
        elif not choice.why and captures.was_passed_over(choice.candidate):
            caught.passed_over += 1
        else:
            left.append(choice)
    return left


@dataclass(frozen=True, kw_only=True)
class _Read:
    """An execution with its history as protobuf JSON, empty if the cluster has it no longer."""

    choice: Choice
    events: list[dict[str, Any]]
    stand_ins: StandIns


async def _ahead(
    cluster: Cluster, choices: Iterable[Choice], *, scrub_key: bytes | None
) -> AsyncGenerator[_Read, None]:
    """Yield executions in turn with their histories, while the next few are being read."""
    waiting: deque[asyncio.Task[_Read]] = deque()
    left = iter(choices)
    try:
        while True:
            while len(waiting) < IN_FLIGHT and (choice := next(left, None)):
                waiting.append(asyncio.create_task(_read(cluster, choice, scrub_key=scrub_key)))
            if not waiting:
                return
            yield await waiting[0]
            waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _read(cluster: Cluster, choice: Choice, *, scrub_key: bytes | None) -> _Read:
    stand_ins = StandIns(scrub_key or b"")

    def each_page(events: list[HistoryEvent]) -> list[dict[str, Any]]:
        if scrub_key is not None:
            for event in events:
                scrub(event, stand_ins=stand_ins)
        return [MessageToDict(event) for event in events]

    try:
        events = await cluster.events(choice.candidate, each_page=each_page)
    except GoneError:
        events = []
    return _Read(choice=choice, events=events, stand_ins=stand_ins)


def _judge(
    read: _Read, entry: CapturedHistory, *, captures: CaptureFolder, caught: CaptureResult, coverage: Coverage
) -> None:
    """Keep a history that was read, or pass it over."""
    candidate = read.choice.candidate
    if not read.events:
        caught.gone.append(f"{candidate.workflow_id} (run {candidate.run_id})")
        return
    caught.read += 1
    held = features(read.events)
    adds = coverage.new(candidate.workflow_type, held)
    if not (read.choice.why or adds or captures.entry_of(candidate)):
        captures.pass_over(candidate)
        caught.passed_over += 1
        return
    coverage.add(candidate.workflow_type, held)
    done, entry = captures.keep(replace(entry, adds=adds), read.events)
    caught.kept.append((done, entry))
    if done in ("new", "replaced"):
        caught.replaced += read.stand_ins.replaced
        caught.unread += read.stand_ins.kept


def _entry(read: _Read, *, namespace: str, version: str, scrubbed: bool) -> CapturedHistory:
    candidate = read.choice.candidate
    last = read.events[-1] if read.events else {}
    end = _ENDS.get(last.get("eventType", ""), "")
    return CapturedHistory(
        file="",
        workflow_id=candidate.workflow_id,
        run_id=candidate.run_id,
        workflow_type=candidate.workflow_type,
        status=end or (candidate.status if candidate.is_open else "RUNNING"),
        open=not end,
        task_queue=candidate.task_queue,
        namespace=namespace,
        server_version=version,
        started=datetime.datetime.fromtimestamp(candidate.started, datetime.UTC).isoformat(),
        closed=last["eventTime"] if end else "",
        events=len(read.events),
        sha256="",
        scrubbed=scrubbed,
        why=read.choice.why or (NOVELTY,),
    )
