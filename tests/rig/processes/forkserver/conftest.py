"""A project whose workers are forked or started cold."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from harness.processes.command import environment
from harness.processes.forkserver import imports
from harness.processes.forkserver.pool import ForkServers
from harness.processes.process import Process
from tests.children import running


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with an installed module beside it."""
    folder, installed = tmp_path / "project", tmp_path / "installed"
    for each in (folder / "package", folder / "below", installed):
        each.mkdir(parents=True)
    (folder / "package" / "__init__.py").touch()
    (folder / "own.py").write_text(
        "import os\nwith open('imported', 'a') as file:\n    print(os.getpid(), file=file)\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(installed)
    known = (*imports.INSTALLED, f"{os.path.realpath(installed)}{os.sep}")
    monkeypatch.setattr(imports, "INSTALLED", known)
    return folder


class Forking:
    """Starts commands in the project's folder, forked or cold."""

    def __init__(self, project: Path) -> None:
        self.logs = project.parent / "logs"
        self.fork_servers = ForkServers(logs=self.logs / "fork servers")
        self.env = environment({"PYTHONPATH": str(project.parent / "installed"), "EFFECTS_URL": "here"})
        self._number = 0

    async def forked(self, *command: str, number: int = 1, **env: str) -> Process:
        self._number += 1
        name = f"forked-{self._number}"
        return await self.fork_servers.start(command, number=number, name=name, logs=self.logs, env={**self.env, **env})

    async def cold(self, *command: str) -> Process:
        return await Process.start(command, name="cold", logs=self.logs, env=self.env)

    def fork_server(self) -> psutil.Process:
        """Return the fork server that was started last; each is the child of its keeper."""
        keepers = running("keeper.py")
        found = [each for each in running("forkserver/child.py") if each not in keepers]
        return max(found, key=lambda child: child.create_time())


@pytest.fixture
async def forking(project: Path) -> AsyncIterator[Forking]:
    forking = Forking(project)
    yield forking
    await forking.fork_servers.close()
