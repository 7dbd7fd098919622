"""crashproof: prove that a Temporal agent survives. Public names, loaded when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness import checks as checks
    from harness.errors import RigError as RigError
    from harness.errors import UsageError as UsageError
    from harness.records.scenario import Scenario as Scenario
    from harness.records.scenario import let_pass as let_pass
    from harness.records.scenario import query as query
    from harness.records.scenario import reached as reached
    from harness.records.scenario import signal as signal
    from harness.records.scenario import start as start
    from harness.records.scenario import started_by as started_by
    from harness.records.scenario import started_by_worker as started_by_worker
    from harness.records.scenario import update as update

_HOME = {
    "RigError": "harness.errors",
    "Scenario": "harness.records.scenario",
    "UsageError": "harness.errors",
    "let_pass": "harness.records.scenario",
    "query": "harness.records.scenario",
    "reached": "harness.records.scenario",
    "signal": "harness.records.scenario",
    "start": "harness.records.scenario",
    "started_by": "harness.records.scenario",
    "started_by_worker": "harness.records.scenario",
    "update": "harness.records.scenario",
}

__all__ = ["checks", *_HOME]


def __getattr__(name: str) -> Any:
    if name == "checks":
        return importlib.import_module("harness.checks")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")
