"""What the fixtures of the pytest plugin give to a test: a server, worker processes, a model, effects, and sweeps."""

from __future__ import annotations

from harness.testing.doors import Effects, Model
from harness.testing.exploring import Explores
from harness.testing.loading import load_scenarios
from harness.testing.replays import assert_replays
from harness.testing.server import SessionServer
from harness.testing.survival import Survives
from harness.testing.worker import Worker, WorkerStarter

__all__ = [
    "Effects",
    "Explores",
    "Model",
    "SessionServer",
    "Survives",
    "Worker",
    "WorkerStarter",
    "assert_replays",
    "load_scenarios",
]
