"""Sweeps as tests: a scenario is swept as ``crashproof run`` does it, and the test fails with what was found."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.app.declared_scenarios import declaration
from harness.app.run import DeclaredWork, Means, run
from harness.records.options import SweepOptions
from harness.records.scenario import Scenario
from harness.records.store import new_run
from harness.records.sweep_result import News, SweepResult
from harness.records.verdict import Outcome
from harness.report.files import shown_path
from harness.report.phrases import reproducing
from harness.report.sweep.text import text
from harness.servers.binaries import Binary
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
            lambda: self._judge(named, variable=variable, options=options, jobs=jobs),
        )

    async def _judge(self, scenario: Scenario, *, variable: str, options: SweepOptions, jobs: int) -> SweepResult:
        folder = new_run(self._folder)
        _log.info("sweeping %s; evidence in %s", scenario.name, folder)
        binary = self._binary if options.engine == "dev" else None
        means = Means(binary=binary, jobs=jobs, shared_by=_processes(), command=("pytest", self._test))
        work = DeclaredWork(scenario=scenario, declared=declaration(scenario, variable=variable))
        try:
            result = await run([work], options=options, folder=folder, means=means, tell=_log_news)
        finally:
            means.tidy(folder)  # whatever a test comes to, no database stays behind
        [sweep] = result.sweeps
        if sweep.outcome is not Outcome.PASS:
            place = shown_path(folder)
            reproduce = reproducing(place) if variable else reproduced_by(self._test)
            pytest.fail(text([sweep], folder=place, reproduce=reproduce), pytrace=False)
        return sweep


def reproduced_by(test: str) -> Callable[[str], str]:
    """Return what says how to run a trial again where ``crashproof`` cannot find the scenario: by the test.

    Args:
        test: The test, as it is named on pytest's command line.
    """
    return lambda trial: f"pytest {shlex.quote(test)}"


def _words(given: Sequence[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _processes() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _log_news(news: News) -> None:
    if news.waiting:  # each second: a log has no place for that
        return
    text = f"{news.verdict.outcome} {news.verdict.plan}" if news.verdict else news.text
    _log.info("%s: %s/%s %s", news.scenario, news.done, news.total, text)
