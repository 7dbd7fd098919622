"""An empty machine, and one whose SDK can download a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.servers.machine import downloading


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no package, nothing on PATH but a shell, an empty cache, no download; this here is on PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "sleep", "chmod"):
        (tools / name).symlink_to(f"/bin/{name}")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{tools}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CRASHPROOF_NO_DOWNLOAD", "1")
    for variable in ("CRASHPROOF_TEMPORAL", "CRASHPROOF_TEST_SERVER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("harness.servers.packages.installed", lambda name, program: None)
    return tmp_path / "bin"


@pytest.fixture
def sdk(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same machine with an SDK that can download."""
    monkeypatch.delenv("CRASHPROOF_NO_DOWNLOAD")
    fake = downloading(bin_folder / "python")
    monkeypatch.setattr("harness.servers.installing.PYTHON", str(fake))
    return fake
