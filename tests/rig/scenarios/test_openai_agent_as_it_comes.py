"""A sweep finds what the plugin of the OpenAI Agents SDK leaves out, each by its check and at its smallest plan."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios import openai_agent_as_it_comes
from tests import ROOT

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1000)]


def test_what_the_plugin_leaves_out_is_found(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness.cli", "run", "scenarios/openai_agent_as_it_comes.py", "-o", "json"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 1, done.stderr[-4000:]
    report = json.loads(done.stdout)
    seen = {(each["check"], each["severity"], each["plan"]) for each in report["findings"]}
    assert seen >= set(openai_agent_as_it_comes.FOUND)
    assert report["vacuous"] == 0
