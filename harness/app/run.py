"""A run: scenarios are swept, with evidence and reports in one folder; and a run that was interrupted is gone on with.

What a run writes, in this order, and what is there when crashproof ends in between:

1. The folder, and the link ``latest`` to it.
2. ``run.json`` with the scenarios and the options that trials depend on, before the server is started. From here on
   the run can be gone on with.
3. ``trials/``: each trial is complete once its ``verdict.json`` is there, the last of its files.
4. ``run.json`` again, whenever a scenario knows more points that are about to be tried, and when it is finished: what
   it came to so far. So ``judge`` knows what was not tried.
5. ``run.json`` with the time at which it was finished, and with the lines of code that explain what was found, then
   the reports.

To resume is to do the same again in the same folder, from step 2 on, with the options that ``run.json`` keeps: trials
that were judged are read from their folders, those that were under way are run again over what they left. The servers
begin with empty databases: in the old ones the workflows of the interrupted trials still run. The limits
(``--time-limit``, ``--max-failures``) are those of the new command.
"""

from __future__ import annotations

import asyncio
import shutil
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.app.declared_scenarios import KEPT, declared_scenario, go_to, kept_options
from harness.app.findings_in_code import with_code
from harness.app.progress import Tell
from harness.app.shortage import told_as_shortage
from harness.errors import RigError
from harness.processes import scratch
from harness.records import store as folders
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, RunRecord, begin
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.report.files import keep, shown_path
from harness.servers.binaries import find
from harness.servers.candidates import Binary
from harness.servers.engine import engine as engine_of
from harness.sweeps.pace import turns_of
from harness.sweeps.side_by_side import sweep_all
from harness.trial.next_version import look_at_next_version
from harness.trial.script_files import script_files
from harness.trial.taken_messages import look_at_messages

RIG = "rig"
"""Where below the folder of a run the server keeps its database and logs while the run is under way."""

POINTS_ONLY = "only the points were asked for"
"""Why the evidence of a run that only listed its points is UNKNOWN."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a run needs beside its scenarios and options: server binaries, and its share of the machine.

    Attributes:
        binaries: Paths of server binaries, by the name of their engine, where the user named one.
        binary: The server binary, where it was found already.
        jobs: How many trials run at a time; 0: as many as this machine takes.
        shared_by: How many processes share this machine, each with trials of its own.
        keep_rig: Whether the server's database and logs stay with the evidence.
        command: The command line to keep in the record, where it is not that of this process.
    """

    binaries: Mapping[str, str] = field(default_factory=dict)
    binary: Binary | None = None
    jobs: int = 0
    shared_by: int = 1
    keep_rig: bool = False
    command: tuple[str, ...] = ()

    async def server(self, engine: str, *, tell: Tell) -> Binary:
        """Find the server binary of an engine, or get it.

        Raises:
            UsageError: What the user named does not work.
            RigError: None was found and none could be got.
        """
        path = self.binaries.get(engine, "")
        return self.binary or await find(
            engine_of(engine).binary, option=path, progress=lambda text: tell(News(text=text))
        )

    def tidy(self, folder: Path) -> None:
        """Remove the server's database and logs from the folder of a run that is over, if they are not to stay."""
        if self.keep_rig:
            scratch.keep(folder / RIG)
        else:
            scratch.remove(folder / RIG)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The result of a run: its evidence folder, and the result of the sweep of each scenario.

    Attributes:
        folder: Its evidence folder.
        sweeps: What each scenario came to, in their order.
    """

    folder: Path
    sweeps: tuple[SweepResult, ...]


@dataclass(frozen=True, kw_only=True)
class DeclaredWork:
    """A scenario of a run, and where it was declared."""

    scenario: Scenario
    declared: DeclaredScenario


async def run(
    work: Sequence[DeclaredWork], *, options: SweepOptions, folder: Path, means: Means, tell: Tell
) -> RunResult:
    """Sweep scenarios; the evidence and the reports are in the folder then.

    Args:
        work: The scenarios.
        options: How each is swept.
        folder: A new evidence folder.
        means: What trials are run with.
        tell: Called with what happens.

    Raises:
        UsageError: A scenario names what does not exist, or there is one alone and it does not fit its worker.
        RigError: No server is there or starts, or the one scenario cannot be swept.
    """
    for each in work:
        script_files(each.scenario)
        look_at_messages(each.scenario)
        look_at_next_version(options.next or each.scenario.next)
    scratch.remove_abandoned(*folder.parent.glob(f"*/{RIG}"))
    server = await means.server(options.engine, tell=tell)
    declared = tuple(each.declared for each in work)
    record = begin(scenarios=declared, options=_kept(options), server=server.description)
    record = replace(record, command=means.command or record.command)
    folders.save_run(folder, record)
    tell(News(text=f"{server.version} from {server.source}; evidence in {shown_path(folder)}"))
    scratch.claim(folder / RIG)
    try:
        swept = await sweep_all(
            [each.scenario for each in work],
            binary=server,
            folder=folder,
            turns=turns_of(jobs=means.jobs, shared_by=means.shared_by),
            options=options,
            tell=tell,
            keep=_Keeping(folder, record),
        )
    except asyncio.CancelledError:
        tell(News(text=f"interrupted; go on with: crashproof run --resume {shown_path(folder)}"))
        raise
    except (RigError, OSError, BaseExceptionGroup) as error:
        if shortage := told_as_shortage(error, folder=folder):
            raise shortage from error
        raise
    finally:
        means.tidy(folder)
    sweeps = await with_code(swept, [each.scenario for each in work], folder=folder, tell=tell)
    evidence = tuple(_as_evidence(each) for each in sweeps)
    folders.save_run(folder, replace(record, sweeps=evidence, finished=time.time()))
    keep(evidence, folder=folder, scenarios=declared)
    return RunResult(folder=folder, sweeps=sweeps)


async def resume(folder: Path, *, limits: SweepOptions, means: Means, tell: Tell) -> RunResult:
    """Go on with a run that was interrupted, in the folder in which it was given.

    Args:
        folder: Its evidence folder.
        limits: The options of this command; those that the trials of the run depend on are the run's own.
        means: What trials are run with.
        tell: Called with what happens.

    Raises:
        UsageError: It is no evidence folder, or a file of a scenario is gone or declares it no more.
        RigError: As for ``run``.
    """
    folder = folders.find_run(folder)
    record = folders.load_run(folder)
    go_to(record)
    work = [DeclaredWork(scenario=declared_scenario(each), declared=each) for each in record.scenarios]
    options = replace(limits, **_kept(kept_options(record)))
    shutil.rmtree(folder / RIG, ignore_errors=True)
    return await run(work, options=options, folder=folder, means=means, tell=tell)


class _Keeping:
    """Keeps in ``run.json`` what each scenario came to so far: of one that has news alone it is written down anew.

    What is held of the others is compressed: a run of thousands of trials must not grow by what it has found.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self._folder = folder
        self._record = record
        self._swept: dict[str, bytes] = {}

    def __call__(self, result: SweepResult) -> None:
        self._swept[result.scenario] = zlib.compress(folders.sweep_line(result), 1)
        folders.save_run(self._folder, self._record, swept=map(zlib.decompress, self._swept.values()))


def _as_evidence(sweep: SweepResult) -> SweepResult:
    """Return what is kept of a sweep: where only its points were asked for, none was tried, which is no PASS."""
    return replace(sweep, points_only=False, limit=POINTS_ONLY) if sweep.points_only else sweep


def _kept(options: SweepOptions) -> dict[str, Any]:
    return {name: getattr(options, name) for name in KEPT}
