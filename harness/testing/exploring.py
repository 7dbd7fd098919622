"""Explorations as tests: every order in which the world can answer, and the test fails with what was found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.app.declared_scenarios import declaration
from harness.app.explore import explore
from harness.app.run import DeclaredWork
from harness.records.explore_result import ExploreResult
from harness.records.scenario import Scenario
from harness.records.sweep_result import News
from harness.records.verdict import Outcome
from harness.replay.explore.exploring import ExploreOptions
from harness.replay.explore.move import budgets_of
from harness.replay.explore.search import Limits
from harness.report.explore.text import explore_text
from harness.testing.declaration import declared
from harness.testing.thread import Calls

_log = logging.getLogger("crashproof")


class Explores:
    """Explores scenarios for one test: the fixture ``crashproof_explores``.

    Args:
        calls: The asynchronous calls of the test.
        module: The module of the test.
        test: The test, as it is named on pytest's command line.
        folder: Folder that evidence folders go to.
    """

    def __init__(self, calls: Calls, *, module: ModuleType, test: str, folder: Path) -> None:
        self._calls = calls
        self._module = module
        self._test = test
        self._folder = folder

    def __call__(
        self,
        scenario: Scenario,
        *,
        budgets: Mapping[str, int] | None = None,
        states: int = Limits.states,
        moves: int = Limits.moves,
        seconds: float = Limits.seconds,
        order_matters: bool = False,
    ) -> Coroutine[Any, Any, ExploreResult]:
        """Explore a scenario: fail the test unless the outcome is PASS, and return what the exploration came to.

        The test fails with the report that ``crashproof explore`` prints, on a finding as well as where not everything
        was explored. The evidence stays in ``.crashproof/explorations``. No server is started.

        Args:
            scenario: The scenario. Held by a variable of a module, a finding of it can be shown again by
                ``crashproof reproduce``.
            budgets: How often something may happen on one path: ``{"fail": 2}``.
            states: Most states.
            moves: Most moves of one path.
            seconds: Longest time.
            order_matters: Whether the result depends on the order of things by design.

        Raises:
            UsageError: A budget is none, or the scenario cannot be explored.
            RigError: The worker does not start; with the end of its log.
            pytest.fail.Exception: The outcome is FAIL or UNKNOWN.
        """
        __tracebackhide__ = True
        named, variable = declared(scenario, module=self._module, test=self._test)
        options = ExploreOptions(
            budgets=budgets_of([f"{name}={count}" for name, count in (budgets or {}).items()]),
            limits=Limits(states=states, moves=moves, seconds=seconds),
            order_matters=order_matters,
        )
        work = DeclaredWork(scenario=named, declared=declaration(named, variable=variable))
        return self._calls.make("crashproof_explores(...)", _judged(work, options=options, folder=self._folder))


def _judged(
    work: DeclaredWork, *, options: ExploreOptions, folder: Path
) -> Callable[[], Coroutine[Any, Any, ExploreResult]]:
    async def judge() -> ExploreResult:
        explored = await explore([work], options=options, out=folder, tell=_log_news)
        if explored.outcome is not Outcome.PASS:
            pytest.fail(explore_text(explored), pytrace=False)
        [result] = explored.results
        return result

    return judge


def _log_news(news: News) -> None:
    _log.info("%s: %s", news.scenario, news.text)
