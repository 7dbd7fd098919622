"""Sweeps as tests: a scenario is swept as ``crashproof run`` does it, and the test fails with what was found."""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import checks
from harness.campaign.campaign import default_jobs, sweep_all
from harness.records import store as folders
from harness.records.options import SweepOptions
from harness.records.run_record import DeclaredScenario, begin
from harness.records.scenario import Scenario
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Outcome
from harness.report.files import keep, shown_path
from harness.report.sweep.text import text
from harness.servers.binaries import Binary, find_for
from harness.servers.engine import engine as engine_of
from harness.testing.declaration import declared
from harness.testing.thread import Calls

_log = logging.getLogger("crashproof")


class Survives:
    """Sweeps scenarios for one test: the fixture ``crashproof_survives``.

    Args:
        calls: The asynchronous calls of the test.
        binary: The Temporal CLI.
        module: The module of the test.
        test: The test, as it is named on pytest's command line.
        folder: Folder that evidence folders go to.
    """

    def __init__(self, calls: Calls, *, binary: Binary, module: ModuleType, test: str, folder: Path) -> None:
        self._calls = calls
        self._binary = binary
        self._module = module
        self._test = test
        self._folder = folder

    def __call__(
        self,
        scenario: Scenario,
        *,
        faults: Sequence[str] | str = (),
        only: Sequence[str] | str = (),
        real_time: bool = False,
        engine: str = "dev",
        jobs: int = 0,
    ) -> Coroutine[Any, Any, SweepResult]:
        """Sweep a scenario: fail the test unless the outcome is PASS, and return what the sweep came to.

        The test fails with the report that ``crashproof run`` prints, on a finding as well as when the outcome is
        UNKNOWN. The evidence stays in ``.crashproof/runs``, where ``crashproof reproduce`` and ``crashproof judge``
        look for it. A script file of the scenario is relative to the file that declares the scenario.

        Args:
            scenario: The scenario. Held by a variable of a module, one trial of it can be run again by
                ``crashproof reproduce``; else the test itself is what shows a failure again.
            faults: Names of faults, families, or ``all``, in place of the scenario's own.
            only: Point ids or ``*`` patterns; where given, only these points are struck.
            real_time: Whether every timeout elapses in real time.
            engine: What runs the server: ``dev`` or ``time-skipping``.
            jobs: How many trials run at a time; by default as many as ``crashproof run`` takes, shared among the
                processes of pytest-xdist.

        Raises:
            UsageError: The scenario does not fit its worker, or names what does not exist.
            RigError: The worker or the server does not start; with the end of its log.
            pytest.fail.Exception: The outcome is FAIL or UNKNOWN.
        """
        __tracebackhide__ = True
        named, variable = declared(scenario, module=self._module, test=self._test)
        options = SweepOptions(
            faults=_words(faults), only=_words(only), real_time=real_time, engine=engine_of(engine).name
        )
        return self._calls.make(
            "crashproof_survives(...)",
            lambda: self._judge(named, variable=variable, options=options, jobs=jobs or _jobs()),
        )

    async def _judge(self, scenario: Scenario, *, variable: str, options: SweepOptions, jobs: int) -> SweepResult:
        folder = folders.new_run(self._folder)
        _log.info("sweeping %s; evidence in %s", scenario.name, folder)
        try:
            swept = await self._sweep(scenario, variable=variable, folder=folder, options=options, jobs=jobs)
        finally:
            shutil.rmtree(folder / "rig", ignore_errors=True)
        if swept.outcome is not Outcome.PASS:
            report = text([swept], folder=shown_path(folder))
            pytest.fail(report if variable else reproduced_by(self._test, report), pytrace=False)
        return swept

    async def _sweep(
        self, scenario: Scenario, *, variable: str, folder: Path, options: SweepOptions, jobs: int
    ) -> SweepResult:
        wanted = checks.chosen(scenario.checks, skip=scenario.skip_checks)
        where = DeclaredScenario(
            name=scenario.name, variable=variable, file=scenario.file, checks=tuple(each.name for each in wanted)
        )
        binary = self._binary if options.engine == "dev" else await find_for(options.engine)
        server = {"version": binary.version, "path": str(binary.path), "sha256": binary.sha256}
        kept = {name: getattr(options, name) for name in ("faults", "only", "real_time", "engine")}
        record = replace(begin(scenarios=(where,), options=kept, server=server), command=("pytest", self._test))
        folders.save_run(folder, record)
        [swept] = await sweep_all([scenario], binary=binary, folder=folder, jobs=jobs, options=options, tell=_tell)
        folders.save_run(folder, replace(record, swept=(swept,), finished=time.time()))
        keep([swept], folder=folder, scenarios=(where,))
        return swept


def reproduced_by(test: str, report: str) -> str:
    """Return a report whose findings are shown again by running a test, where ``crashproof`` cannot find the scenario.

    Args:
        test: The test, as it is named on pytest's command line.
        report: The report as text.
    """
    again = f"Reproduce with:  pytest {shlex.quote(test)}"
    return re.sub(r"Reproduce with:  crashproof reproduce \S+", lambda _: again, report)


def _words(given: Sequence[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _jobs() -> int:
    return max(1, default_jobs() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _tell(news: News) -> None:
    told = f"{news.verdict.outcome} {news.verdict.plan}" if news.verdict else news.text
    _log.info("%s: %s/%s %s", news.scenario, news.done, news.total, told)
