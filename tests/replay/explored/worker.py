"""One worker for all workflows that are explored in tests: ``python -m tests.replay.explored.worker``."""

from __future__ import annotations

from scenarios import plumbing
from tests.replay.explored import activities, alike, planted

if __name__ == "__main__":
    plumbing.main(workflows=[*planted.WORKFLOWS, *alike.WORKFLOWS], activities=activities.ALL)
