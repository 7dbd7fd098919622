"""Exploring: scenarios are explored one after the other, with evidence in one folder; and one path is walked again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.app.declared_scenarios import declared_scenario
from harness.app.progress import Tell
from harness.app.run import DeclaredWork
from harness.errors import RigError, UsageError
from harness.histories.files import history_files
from harness.histories.formats import load
from harness.records import files
from harness.records import store as folders
from harness.records.explore_result import Explorations, ExploreFinding, ExploreResult, OnServer, PathPlan
from harness.records.private_files import close_to_others, make_private
from harness.records.run_record import DeclaredScenario, versions
from harness.records.scenario import Scenario, Start
from harness.records.sweep_result import News
from harness.replay.explore.exploring import (
    ExploredPaths,
    ExploreOptions,
    ScenarioExploration,
    judged_again,
    open_worker,
    steps_of,
)
from harness.replay.explore.move import budgets_of
from harness.replay.explore.recorded import RecordedOutcomes, recorded_outcomes
from harness.replay.explore.search import Exploration, Limits
from harness.replay.explore.shards import WHOLE, Shard
from harness.report.document import document
from harness.report.explore.source import explore_report
from harness.report.files import shown_path
from harness.report.html.page import html
from harness.report.html.path_tree import path_tree
from harness.report.junit import junit
from harness.report.sarif import sarif
from harness.report.summary import findings_summary

RECORD = "exploration.json"
"""File of the record of an exploration in its evidence folder."""

ON_SERVER = "on-server.json"
"""File beside a plan of what a real server made of it."""

PLAN = "plan.json"
"""File in the folder of a finding by which a real server is asked for its path."""


@dataclass(frozen=True, kw_only=True)
class ExplorationRecord:
    """What was explored, and what it came to: enough to walk a path of it again.

    Attributes:
        cwd: Folder that the command was given in.
        scenarios: Where the scenarios were declared.
        explored: What they came to.
        shard: Which part of each it is.
    """

    cwd: str
    scenarios: tuple[DeclaredScenario, ...]
    explored: Explorations
    shard: Shard = WHOLE


def options_of(given: Mapping[str, Any]) -> ExploreOptions:
    """Return how scenarios are explored, as the options of the command say.

    Raises:
        UsageError: A budget is none, or the histories hold no results.
    """
    return ExploreOptions(
        budgets=budgets_of(given["budgets"]),
        limits=Limits(states=given["states"], moves=given["moves"], seconds=given["time_limit"]),
        order_matters=given["order_matters"],
        answer_limit=given["answer_limit"],
        recorded=_recorded(given["results"]) if given["results"] else None,
    )


def _recorded(paths: Sequence[str]) -> RecordedOutcomes:
    files = history_files(paths, cwd=Path.cwd())
    outcomes = recorded_outcomes(load(file.path, shown=file.shown).history.events for file in files)
    if not outcomes:
        raise UsageError(f"{', '.join(paths)}: no activity has ended in these histories")
    return outcomes


async def explore(
    work: Sequence[DeclaredWork], *, options: ExploreOptions, out: Path, tell: Tell, jobs: int = 1
) -> Explorations:
    """Explore scenarios that have a workflow; what was explored is in a folder below ``out`` then.

    Interrupted, it keeps what was explored so far there, and raises ``CancelledError``.

    Args:
        work: The scenarios.
        options: How each is explored.
        out: Where evidence folders go.
        tell: Called with how far it is.
        jobs: How many are explored at a time, each by a worker process of its own.

    Raises:
        UsageError: There is one scenario alone, and it cannot be explored as asked; or none has a workflow.
        RigError: There is one alone, and its worker does not start.
    """
    work = _with_workflows(work, tell)
    folder = new_folder(out.resolve())
    began = time.monotonic()
    results: dict[str, ExploreResult] = {}
    turns, port = asyncio.Semaphore(jobs), asyncio.Lock()
    record = ExplorationRecord(
        cwd=os.getcwd(),
        scenarios=tuple(each.declared for each in work),
        explored=Explorations(results=(), folder=shown_path(folder)),
        shard=options.shard,
    )

    def kept() -> Explorations:
        done = tuple(results[each.scenario.name] for each in work if each.scenario.name in results)
        return keep(replace(record, explored=replace(record.explored, results=done, seconds=time.monotonic() - began)))

    async def one(each: DeclaredWork) -> None:
        async with turns, port if each.scenario.address else contextlib.nullcontext():
            try:
                await _explore_one(each, options=options, folder=folder, tell=tell, results=results)
            except (RigError, UsageError) as error:
                if len(work) == 1:
                    raise
                results[each.scenario.name] = _not_explored(each.scenario, str(error))
            kept()

    try:
        await _all(map(one, work))
    finally:
        if results:
            kept()
        close_to_others(folder)
    return kept()


def _with_workflows(work: Sequence[DeclaredWork], tell: Tell) -> list[DeclaredWork]:
    """Return the scenarios whose work is a workflow, and tell which are left out: an activity decides nothing."""
    left = [each.scenario.name for each in work if each.scenario.is_activity]
    words = "its work is an activity without a workflow, which decides nothing to explore"
    if left and len(left) == len(work):
        raise UsageError(f"{left[0]}: {words}")
    for name in left:
        tell(News(scenario=name, text=f"not explored: {words}", done=0, total=1))
    return [each for each in work if not each.scenario.is_activity]


async def explore_started(
    work: Sequence[DeclaredWork], *, out: Path, tell: Tell, shard: Shard = WHOLE
) -> Explorations | None:
    """Explore those scenarios of a run whose work crashproof starts itself, within the usual budgets.

    Args:
        work: The scenarios.
        out: Where evidence folders go.
        tell: Called with how far it is, and which are left out.
        shard: Which part of each is explored.

    Returns:
        What was explored; None where there is nothing to explore.
    """
    started = [each for each in work if isinstance(each.scenario.work, Start) and not each.scenario.is_activity]
    for each in work:
        if each not in started:
            what = "is an activity without a workflow" if each.scenario.is_activity else "is begun by a program"
            text = f"not explored: its work {what}"
            tell(News(scenario=each.scenario.name, text=text, done=0, total=1))
    if not started:
        return None
    jobs = min(len(started), 4, os.cpu_count() or 1)
    return await explore(started, options=ExploreOptions(shard=shard), out=out, tell=tell, jobs=jobs)


def keep(record: ExplorationRecord) -> Explorations:
    """Write the record of an exploration into its folder, and the reports."""
    explored = record.explored
    folder, report = Path(explored.folder), explore_report(explored)
    trees = [path_tree(each.scenario, each.branches) for each in explored.results]
    files.write_json(folder / RECORD, record)
    files.write_json(folder / "report.json", document(report))
    files.write_bytes(folder / "report.junit.xml", junit(report))
    files.write_json(folder / "report.sarif", sarif(report, version=versions()["crashproof"]))
    files.write_bytes(folder / "summary.md", findings_summary(report).encode())
    files.write_bytes(folder / "report.html", html(report, trees=[each for each in trees if each]).encode())
    return explored


def judge_explorations(folder: Path) -> Explorations:
    """Judge what was explored by the properties of today, and write its reports anew; nothing is started.

    Args:
        folder: The evidence folder of an exploration.

    Raises:
        UsageError: A file of it is corrupt.
    """
    record = files.read_json(folder / RECORD, ExplorationRecord)
    results = []
    for result in record.explored.results:
        file = paths_file(folder, result.scenario)
        if file.is_file():
            result = judged_again(result, files.read_json(file, ExploredPaths))
        results.append(replace(result, findings=tuple(_as_on_server(each, folder) for each in result.findings)))
    explored = replace(record.explored, results=tuple(results), folder=shown_path(folder.resolve()))
    return keep(replace(record, explored=explored))


def _as_on_server(finding: ExploreFinding, folder: Path) -> ExploreFinding:
    """Return a finding with what a real server made of its plan, where it was asked."""
    file = folder / finding.id / ON_SERVER
    return replace(finding, on_server=files.read_json(file, OnServer)) if file.is_file() else finding


def paths_file(folder: Path, scenario: str) -> Path:
    """Return the file of all paths of a scenario in an evidence folder."""
    return folder / "paths" / f"{scenario}.json"


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; where one fails, the others are ended, too, and its own error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in works:
                group.create_task(each)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _explore_one(
    work: DeclaredWork, *, options: ExploreOptions, folder: Path, tell: Tell, results: dict[str, ExploreResult]
) -> None:
    """Explore one scenario, and add what it came to, interrupted or not."""
    scenario = work.scenario
    tell(News(scenario=scenario.name, text="the worker starts", done=0, total=1))

    def save(name: str, content: bytes) -> str:
        file = folder / name / "history.json"
        files.write_bytes(file, content)
        return shown_path(file)

    async with open_worker(scenario, options=options, logs=folder / "logs" / scenario.name) as worker:
        exploration = ScenarioExploration(
            scenario, worker=worker, options=options, save=save, tell=lambda so_far: tell(_news(scenario, so_far))
        )
        try:
            explored = await exploration.explore()
            planned = (_planned(each, of=explored, declared=work.declared, folder=folder) for each in explored.findings)
            results[scenario.name] = replace(explored, findings=tuple(planned))
            files.write_json(paths_file(folder, scenario.name), exploration.paths)
        except asyncio.CancelledError:
            results[scenario.name] = exploration.so_far()
            raise


def _planned(finding: ExploreFinding, *, of: ExploreResult, declared: DeclaredScenario, folder: Path) -> ExploreFinding:
    """Write the plan by which a real server is asked for the path of a finding, and name it in the finding.

    An answer that differs when it is asked again is no path: a server asks a worker once.
    """
    if finding.end.close == "different":
        return finding
    file = folder / finding.id / PLAN
    finding = replace(finding, plan=shown_path(file))
    files.write_json(file, PathPlan(cwd=os.getcwd(), declared=declared, budgets=of.budgets, finding=finding))
    return finding


def _news(scenario: Scenario, so_far: Exploration) -> News:
    rate = so_far.states / so_far.seconds if so_far.seconds else 0.0
    text = f"{so_far.states} states, {len(so_far.paths)} paths, {so_far.left} steps left, {rate:.0f} states a second"
    return News(scenario=scenario.name, text=text, done=so_far.states, total=so_far.states + so_far.left)


def interrupted(out: Path) -> Explorations | None:
    """Return what the newest exploration below ``out`` came to, if anything; for when it was interrupted."""
    file = out / "latest" / RECORD
    return files.read_json(file, ExplorationRecord).explored if file.is_file() else None


async def walk_again(finding_id: str, *, folder: Path | None) -> Explorations | None:
    """Walk the path of a finding once more, and say whether it ends as it did.

    Args:
        finding_id: Id of the finding.
        folder: The evidence folder that has it; None for the newest that does.

    Returns:
        What it came to; None where no exploration has such a finding.

    Raises:
        UsageError: Its scenario is gone, or the record is corrupt.
        RigError: The worker does not start.
    """
    kept = _kept(finding_id, folder)
    if kept is None:
        return None
    record, result, finding = kept
    if not Path(record.cwd).is_dir():
        raise UsageError(f"the exploration was made in {record.cwd}, which is gone")
    os.chdir(record.cwd)
    declared = next(each for each in record.scenarios if each.name == result.scenario)
    scenario = declared_scenario(declared)
    began = time.monotonic()
    logs = Path(record.explored.folder).resolve() / "logs" / f"{scenario.name} again"
    options = ExploreOptions(budgets=result.budgets)
    async with open_worker(scenario, options=options, logs=logs) as worker:
        exploration = ScenarioExploration(scenario, worker=worker, options=options)
        now = await _ends_now(exploration, finding)
    seconds = time.monotonic() - began
    if now is None:
        again = replace(result, findings=(finding,), paths=1, seconds=seconds, notes=("it ends as it did before",))
    else:
        reason = f"the path ends in another way now: {now}"
        again = replace(result, findings=(), paths=0, seconds=seconds, reason=reason)
    return Explorations(results=(again,), folder=record.explored.folder, seconds=seconds)


async def _ends_now(exploration: ScenarioExploration, finding: ExploreFinding) -> str | None:
    """Return how the path of a finding ends now; None where that is as it was.

    An answer that differs when it is asked again shows only where all is asked again.
    """
    end = finding.end
    if end.close == "different":
        again = await exploration.explore()
        return None if finding.id in {each.id for each in again.findings} else "every answer is the same each time"
    world = await exploration.walk(steps_of(finding.steps))
    if world is None:
        return "not possible any more"
    same = world.result == end.result and (world.close or end.close) == end.close
    return None if same else f"{world.close or 'open'} {world.result}".strip()


def _kept(finding_id: str, folder: Path | None) -> tuple[ExplorationRecord, ExploreResult, ExploreFinding] | None:
    places = [folder] if folder else sorted(folders.EXPLORATIONS.glob("2*"), reverse=True)
    for place in places:
        if not (place / RECORD).is_file():
            continue
        record = files.read_json(place / RECORD, ExplorationRecord)
        for result in record.explored.results:
            for finding in result.findings:
                if finding.id == finding_id:
                    return record, result, finding
    return None


def _not_explored(scenario: Scenario, reason: str) -> ExploreResult:
    return ExploreResult(scenario=scenario.name, title=scenario.title, file=scenario.file, reason=reason)


def new_folder(out: Path) -> Path:
    """Make the evidence folder of an exploration below another one, which it is the latest of."""
    name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"
    make_private(out / name)
    folders.point_latest(out, at=Path(name))
    return out / name
