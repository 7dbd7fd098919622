"""Stored histories as a test: they still replay, or the test fails with the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.testing.thread import RigThread


def assert_replays(
    *paths: str | Path,
    workflows: Sequence[str | type] = (),
    replayer: str = "",
    worker: str = "",
    task_queue: str = "",
    data_converter: str = "",
    conditions: Sequence[str] = (),
    accepted: str | Path = "",
    cwd: str | Path = "",
    jobs: int = 0,
) -> None:
    """Replay recorded histories strictly; fail with the report of ``crashproof replay`` unless the outcome is PASS.

    ``assert_replays("histories/", workflows=[MyAgent])`` is a whole test, synchronous or asynchronous.

    Args:
        paths: Files, folders and patterns of histories.
        workflows: Workflow classes, modules, or ``module:Class``.
        replayer: ``module:function`` that returns a ``temporalio.worker.Replayer``, instead of ``workflows``.
        worker: Command line of a worker, instead of ``workflows``.
        task_queue: Task queue of the worker, if not that of the recording.
        data_converter: ``module:attribute`` of the data converter, if it is not the default one.
        conditions: Names of conditions or of their groups; none: all.
        accepted: File of accepted differences.
        cwd: Folder that paths begin in, and from which the code is imported; the current one by default.
        jobs: How many processes replay at a time; 0: one for each processor.

    Raises:
        AssertionError: A decision is another one, or nothing was compared; with the report.
        UsageError: The paths name nothing, or the code cannot be used.
        RigError: A process did not start.
    """
    __tracebackhide__ = True
    from harness.app.progress import silent
    from harness.app.replay import ReplayOrder, accepted_differences, replay, settled
    from harness.records.verdict import Outcome
    from harness.report.replay.text import replay_text

    if bool(worker) == bool(workflows or replayer):
        raise UsageError("assert_replays needs workflows=, replayer= or worker=: what to replay against")
    place = Path(cwd or ".").absolute()
    known = accepted_differences(place / accepted, needed=True) if accepted else None
    request = ReplayOrder(
        paths=[str(path) for path in paths],
        worker=worker,
        task_queue=task_queue,
        modules=tuple(_reference(each) for each in workflows),
        replayers=(replayer,) if replayer else (),
        data_converter=data_converter,
        conditions=conditions,
        jobs=jobs,
        cwd=place,
    )
    thread = RigThread()
    try:
        result = thread.wait(replay(request, tell=silent))
    finally:
        thread.close()
    result = settled(result, known) if known else result
    if result.outcome is not Outcome.PASS:
        raise AssertionError("\n" + replay_text(result))


def _reference(workflow: str | type) -> str:
    """Return ``module:Class`` for a class."""
    if isinstance(workflow, str):
        return workflow
    if "<locals>" in workflow.__qualname__ or workflow.__module__ == "__main__":
        raise UsageError(f"{workflow.__qualname__} cannot be imported by its name: move it to the top of a module")
    return f"{workflow.__module__}:{workflow.__qualname__}"
