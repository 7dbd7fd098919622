"""Confirming: the path of an explored finding is walked on a real server, as its plan says."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from harness.app.declared_scenarios import declared_scenario
from harness.app.explore import ON_SERVER
from harness.app.progress import Tell
from harness.app.run import Means
from harness.errors import UsageError
from harness.processes import scratch
from harness.records import files
from harness.records.explore_result import Explorations, ExploreFinding, ExploreResult, OnServer, PathPlan
from harness.records.sweep_result import News
from harness.replay.explore.exploring import ExploreOptions, ScenarioExploration, open_worker
from harness.report.files import shown_path
from harness.servers.clock import clock_of
from harness.servers.engine import engine_with
from harness.servers.frontend import Frontend

ENGINE = "dev"


async def confirm(plan: Path, *, means: Means, tell: Tell) -> Explorations:
    """Walk the path of a plan on a real server; what comes of it is kept beside the plan.

    Args:
        plan: File of the plan.
        means: The server binary.
        tell: Called with what happens.

    Raises:
        UsageError: It is no plan, or its scenario is gone.
        RigError: The server or the worker does not start.
    """
    if not plan.is_file():
        raise UsageError(f"there is no plan {plan}; `crashproof explore` writes one beside each finding")
    planned = files.read_json(plan, PathPlan)
    folder = plan.resolve().parent
    if not Path(planned.cwd).is_dir():
        raise UsageError(f"the exploration was made in {planned.cwd}, which is gone")
    os.chdir(planned.cwd)
    began = time.monotonic()
    on_server = await _walked(planned, folder=folder, means=means, tell=tell)
    files.write_json(folder / ON_SERVER, on_server)
    finding = replace(planned.finding, on_server=on_server)
    seconds = time.monotonic() - began
    result = _result(finding, budgets=planned.budgets, seconds=seconds)
    return Explorations(results=(result,), folder=shown_path(folder.parent), seconds=seconds)


def _result(finding: ExploreFinding, *, budgets: dict[str, int], seconds: float) -> ExploreResult:
    assert finding.on_server is not None
    why_not = finding.on_server.why_not
    return ExploreResult(
        scenario=finding.scenario,
        budgets=budgets,
        paths=0 if why_not else 1,
        findings=() if why_not else (finding,),
        seconds=seconds,
        reason=f"the server does not show {finding.check}: {why_not}" if why_not else "",
    )


async def _walked(planned: PathPlan, *, folder: Path, means: Means, tell: Tell) -> OnServer:
    scenario, finding = declared_scenario(planned.declared), planned.finding
    binary = await means.server(ENGINE, tell=tell)
    engine = engine_with(ENGINE, version=binary.version)
    rig = folder / "server"
    scratch.claim(rig)
    tell(News(scenario=scenario.name, text=f"{binary.version} from {binary.source}", done=0, total=1))

    def save(name: str, content: bytes) -> str:
        file = folder / "history-on-server.json"
        files.write_bytes(file, content)
        return shown_path(file)

    try:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(engine.server(binary.path, folder=rig))
            frontend = await stack.enter_async_context(Frontend(address=server.address, namespace="default"))
            clock = None
            if engine.skips_time:
                opened = clock_of(engine, address=server.address, namespace="default")
                clock = await stack.enter_async_context(opened)
            options = ExploreOptions(budgets=planned.budgets)
            logs = folder / "logs on server"
            worker = await stack.enter_async_context(open_worker(scenario, options=options, logs=logs))
            exploration = ScenarioExploration(scenario, worker=worker, options=options, save=save)
            tell(News(scenario=scenario.name, text=f"{finding.id} is asked for on it", done=0, total=1))
            return await exploration.on_server(finding, frontend=frontend, clock=clock, server=binary.version)
    finally:
        if means.keep_rig:
            scratch.keep(rig)
        else:
            scratch.remove(rig)
