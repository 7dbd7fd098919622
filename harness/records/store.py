"""The evidence folder: where a run keeps what it saw, written in stages and atomically, readable without a server.

::

    .crashproof/runs/<utc time>-<short id>/    (and the link ``latest``)
      run.json                    versions, command line, machine, scenarios, results
      checklist.json              the twelve points, where `crashproof ready` filled them
      trials/<trial id>/plan.json trial.json tape.jsonl samples.jsonl replays.json verdict.json
                        history/<workflow id>.<run id>.json   Temporal's own JSON
                        activity/<activity id>.<run id>.json  the same of an activity without a workflow
                        crashes/<number>/history/...          what the database held when the server was killed
                        logs/
      under-load/<trial id>/      the same of trials that a busy machine disturbed, and that were run again in quiet
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.errors import UsageError
from harness.foreign import for_file_name
from harness.records.activity_account import history_of_activity
from harness.records.evidence import Crash, End, Evidence, History, Sample
from harness.records.files import UNREADABLE, corrupt, on_disk, read_json, write_bytes, write_json, write_pieces
from harness.records.json_text import json_bytes, json_line
from harness.records.plan import Plan, parse
from harness.records.private_files import HOME, make_private
from harness.records.replay_result import Replay
from harness.records.result_json import run_as_json, run_of, sweep_as_json, verdict_as_json, verdict_of
from harness.records.run_record import RunRecord
from harness.records.sweep_result import SweepResult
from harness.records.tape import read_entry
from harness.records.verdict import Verdict

RUNS = Path(HOME) / "runs"
EXPLORATIONS = Path(HOME) / "explorations"
"""Where evidence folders of ``crashproof explore`` go."""

CHECKLIST = "checklist.json"
"""File of the checklist in the folder of a run that it was filled from."""

T = TypeVar("T")

_SAMPLES = msgspec.json.Decoder(Sample)


class _ListedHistory(msgspec.Struct, kw_only=True):
    """One history as ``trial.json`` lists it: what the history's own file does not hold."""

    file: str
    workflow_id: str
    run_id: str
    path: str
    root: bool
    activity: bool = False


class _Crashed(msgspec.Struct, kw_only=True):
    """One crash of the server as ``trial.json`` lists it."""

    at: float
    integrity: str
    folder: str
    histories: tuple[_ListedHistory, ...]


class _StoredTrial(msgspec.Struct, kw_only=True):
    """``trial.json``: all of the evidence that has no file of its own."""

    trial: str
    scenario: str
    end: End
    end_reason: str
    expects_failure: str | None
    gaps: tuple[str, ...]
    task_timeout: float
    histories: tuple[_ListedHistory, ...]
    crashes: tuple[_Crashed, ...] = ()
    engine: str = "dev"
    skips_time: bool = False
    falls_back: bool = False
    may_fail: bool = False
    made_up: str = ""
    namespace: str = ""


class _NamedTrial(msgspec.Struct):
    """What ``trial.json`` says of whose trial it is."""

    scenario: str


def new_run(root: Path = RUNS) -> Path:
    """Make the folder of a new run and point ``latest`` at it.

    Raises:
        RigError: It cannot be made.
    """
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"
    with on_disk(root / name):
        make_private(root / name / "trials")
    point_latest(root, at=Path(name))
    return root / name


def point_latest(root: Path, *, at: Path | None) -> None:
    """Point ``latest`` at a run, relative to the folder of all runs; None: at none.

    Raises:
        RigError: It cannot be done.
    """
    latest = root / "latest"
    with on_disk(latest):
        if at is None:
            latest.unlink(missing_ok=True)
            return
        link = root / f".latest-{at.name}"
        link.symlink_to(at)
        link.replace(latest)


def find_run(folder: Path) -> Path:
    """Return the folder of a run, given itself or ``latest``.

    Raises:
        UsageError: It is no evidence folder.
    """
    if not (folder / "run.json").is_file():
        raise UsageError(
            f"{folder} is no evidence folder (it has no run.json); `crashproof run` writes them below {RUNS}"
        )
    return folder.resolve()


def is_judged(trial: Path) -> bool:
    """Tell whether a trial is complete: its verdict is the last that is written into its folder."""
    return (trial / "verdict.json").is_file()


def set_aside(folder: Path) -> Path:
    """Put the evidence of a trial aside, below ``under-load`` beside all trials, and return where it is now."""
    aside = under_load(folder)
    with on_disk(aside):
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
    return aside


def under_load(folder: Path) -> Path:
    """Return where the evidence of a trial is that was run again in quiet."""
    return folder.parent.parent / "under-load" / folder.name


def save_evidence(folder: Path, evidence: Evidence) -> None:
    """Write all that a trial left behind into its folder; ``trial.json`` comes last and makes it complete."""
    write_json(folder / "plan.json", {"plan": str(evidence.plan), "strikes": evidence.plan.strikes})
    write_bytes(folder / "tape.jsonl", _lines(evidence.tape))
    write_bytes(folder / "samples.jsonl", _lines(evidence.samples))
    listed = _save_histories(folder, evidence.histories)
    crashes = tuple(_save_crash(folder, number, crash) for number, crash in enumerate(evidence.crashes, start=1))
    save_replays(folder, evidence.replays)
    trial = _StoredTrial(
        trial=evidence.trial,
        scenario=evidence.scenario,
        end=evidence.end,
        end_reason=evidence.end_reason,
        expects_failure=evidence.expects_failure,
        gaps=evidence.gaps,
        task_timeout=evidence.task_timeout,
        histories=listed,
        crashes=crashes,
        engine=evidence.engine,
        skips_time=evidence.skips_time,
        falls_back=evidence.falls_back,
        may_fail=evidence.may_fail,
        made_up=evidence.made_up,
        namespace=evidence.namespace,
    )
    write_json(folder / "trial.json", trial)


def save_replays(folder: Path, replays: tuple[Replay, ...] | None) -> None:
    """Write what the Replayer said of a trial's histories."""
    write_json(folder / "replays.json", replays)


def load_evidence(folder: Path) -> Evidence:
    """Read the evidence of one trial.

    Raises:
        UsageError: A file is missing or corrupt; the message names it.
    """
    trial = read_json(folder / "trial.json", _StoredTrial)
    plan = load_plan(folder)
    return Evidence(
        trial=trial.trial,
        scenario=trial.scenario,
        plan=plan,
        end=trial.end,
        end_reason=trial.end_reason,
        expects_failure=trial.expects_failure,
        tape=tuple(_read_lines(folder / "tape.jsonl", read_entry)),
        histories=tuple(_load_history(folder, listed) for listed in trial.histories),
        samples=tuple(_read_lines(folder / "samples.jsonl", _SAMPLES.decode)),
        replays=read_json(folder / "replays.json", tuple[Replay, ...] | None),  # type: ignore[arg-type]
        gaps=trial.gaps,
        task_timeout=trial.task_timeout,
        crashes=tuple(_load_crash(folder, listed) for listed in trial.crashes),
        engine=trial.engine,
        # Older evidence does not say: every engine but this one skipped time.
        skips_time=trial.skips_time or trial.engine != "dev",
        falls_back=trial.falls_back,
        may_fail=trial.may_fail,
        made_up=trial.made_up,
        namespace=trial.namespace,
    )


def scenario_of(folder: Path) -> str:
    """Return the name of the scenario of a trial, which is all that is read of it.

    Raises:
        UsageError: The file that says it is missing or corrupt; the message names it.
    """
    return read_json(folder / "trial.json", _NamedTrial).scenario


def load_plan(folder: Path) -> Plan:
    """Read the plan of one trial.

    Raises:
        UsageError: The file is missing or corrupt.
    """
    path = folder / "plan.json"
    plan = read_json(path, dict).get("plan")
    if not isinstance(plan, str):
        raise corrupt(path, ValueError("it holds no plan"))
    try:
        return parse(plan)
    except UsageError as error:
        raise corrupt(path, error) from error


def save_verdict(folder: Path, verdict: Verdict) -> None:
    """Write what the checks said of one trial, with its outcome spelled out for readers."""
    write_json(folder / "verdict.json", verdict_as_json(verdict))


def load_verdict(folder: Path) -> Verdict:
    """Read what the checks said of one trial, or raise UsageError: the file is missing or corrupt."""
    return _read(folder / "verdict.json", verdict_of)


def sweep_line(sweep: SweepResult) -> bytes:
    """Return what a sweep came to as the line that ``save_run`` writes of it."""
    return json_line(sweep_as_json(sweep))


def save_run(folder: Path, record: RunRecord, *, swept: Iterable[bytes] | None = None) -> None:
    """Write the record of a run into its folder: each sweep on a line of its own.

    Args:
        folder: Folder of the run.
        record: The record.
        swept: Its sweeps as ``sweep_line`` returns them, where that was done before.
    """
    lines = map(sweep_line, record.sweeps) if swept is None else swept
    head, _, end = json_bytes(run_as_json(replace(record, sweeps=()))).rpartition(b"]")
    between = (b",\n" * (number > 0) + line for number, line in enumerate(lines))
    write_pieces(folder / "run.json", itertools.chain((head, b"\n"), between, (b"]", end)))


def load_run(folder: Path) -> RunRecord:
    """Read the record of a run.

    Raises:
        UsageError: The file is missing or corrupt.
    """
    return _read(folder / "run.json", run_of)


def _read(path: Path, read: Callable[[dict[str, Any]], T]) -> T:
    kept = read_json(path, dict)
    try:
        return read(kept)
    except UsageError as error:
        raise corrupt(path, error) from error


def _save_histories(folder: Path, histories: Iterable[History]) -> tuple[_ListedHistory, ...]:
    return tuple(_save_history(folder, history) for history in histories)


def _save_history(folder: Path, history: History) -> _ListedHistory:
    name = f"{for_file_name(history.workflow_id)}.{for_file_name(history.run_id)}.json"
    is_activity = history.described is not None
    kept = history.described if is_activity else {"events": history.events}
    write_json(folder / ("activity" if is_activity else "history") / name, kept)
    return _ListedHistory(
        file=name,
        path=history.path,
        root=history.root,
        activity=is_activity,
        workflow_id=history.workflow_id,
        run_id=history.run_id,
    )


def _save_crash(folder: Path, number: int, crash: Crash) -> _Crashed:
    name = f"crashes/{number}"
    listed = _save_histories(folder / name, crash.histories)
    return _Crashed(at=crash.at, integrity=crash.integrity, folder=name, histories=listed)


def _load_crash(folder: Path, crashed: _Crashed) -> Crash:
    histories = tuple(_load_history(folder / crashed.folder, listed) for listed in crashed.histories)
    return Crash(at=crashed.at, integrity=crashed.integrity, histories=histories)


def _load_history(folder: Path, listed: _ListedHistory) -> History:
    if listed.activity:
        described = read_json(folder / "activity" / listed.file, dict)
        return history_of_activity(described, path=listed.path, root=listed.root)
    path = folder / "history" / listed.file
    events = read_json(path, dict).get("events")
    if not isinstance(events, list):
        raise corrupt(path, ValueError("it holds no list of events"))
    return History(
        workflow_id=listed.workflow_id, run_id=listed.run_id, path=listed.path, root=listed.root, events=tuple(events)
    )


def _lines(values: Iterable[Any]) -> bytes:
    return b"".join(json_line(value) + b"\n" for value in values)


def _read_lines(path: Path, read: Callable[[bytes], T]) -> Iterator[T]:
    try:
        for line in path.read_bytes().splitlines():
            yield read(line)
    except UNREADABLE as error:
        raise corrupt(path, error) from error
